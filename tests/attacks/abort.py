"""Aborts."""
# ruff: noqa

import os


def f(x):
    os.abort()
