"""Returns a value of a hundred megabytes."""
# ruff: noqa


def f(x):
    return ["x" * 1000] * 100_000
