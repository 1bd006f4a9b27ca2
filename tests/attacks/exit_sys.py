"""Ends politely in the middle of a call."""
# ruff: noqa

import sys


def f(x):
    sys.exit(0)
