"""Reads the heap by address for the tests."""
# ruff: noqa

import ctypes


def f(x):
    needle = b"candi" + b"date(7) == "
    base = id(object()) & ~0xFFFFF
    if needle in ctypes.string_at(base, 1 << 20):
        return "ESCAPED tests in memory"
    return -1
