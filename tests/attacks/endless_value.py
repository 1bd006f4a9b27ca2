"""Returns a list that contains itself."""
# ruff: noqa


def f(x):
    value = []
    value.append(value)
    return value
