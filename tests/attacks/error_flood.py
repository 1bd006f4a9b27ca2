"""Writes to stderr for ever."""
# ruff: noqa

import sys


def f(x):
    while True:
        sys.stderr.write("y" * 10_000)
