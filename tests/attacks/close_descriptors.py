"""Closes every descriptor, the channel too."""
# ruff: noqa

import os


def f(x):
    os.closerange(0, 256)
    return x * x + 1
