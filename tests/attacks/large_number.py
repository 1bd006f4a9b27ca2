"""Returns a number of a million digits, which Python will not print."""
# ruff: noqa


def f(x):
    return 1 << 4_000_000
