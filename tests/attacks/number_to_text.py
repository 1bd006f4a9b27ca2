"""Turns a number of a hundred million digits into text."""
# ruff: noqa

import sys

sys.set_int_max_str_digits(0)


def f(x):
    return len(str(3 ** (10**8)))
