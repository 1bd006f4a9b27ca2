"""Writes what is no message."""
# ruff: noqa

import os


def f(x):
    os.write(3, b"\x00\x00\x00\x05\xff\xfe{[}" * 50)
    os._exit(0)
