"""Puts another file where the channel is."""
# ruff: noqa

import os


def f(x):
    reader, writer = os.pipe()
    os.dup2(writer, 3)
    return x * x + 1
