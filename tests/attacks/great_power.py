"""Computes a power that no memory holds."""
# ruff: noqa


def f(x):
    return 9**9**9**x
