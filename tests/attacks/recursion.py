"""Recurses as deep as the stack will bear."""
# ruff: noqa

import sys

sys.setrecursionlimit(10**9)


def f(x):
    return f(x) + 1
