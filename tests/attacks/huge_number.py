"""Returns a number of ten million digits, which is slow to print."""
# ruff: noqa


def f(x):
    return 1 << 33_000_000
