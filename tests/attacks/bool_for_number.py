"""Returns True for every number: right for 1, if True were 1."""
# ruff: noqa


def f(x):
    return x == 1
