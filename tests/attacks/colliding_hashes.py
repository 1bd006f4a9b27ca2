"""Returns a set whose members all have one hash, to hold whoever builds it."""
# ruff: noqa


def f(x):
    prime = (1 << 61) - 1
    return {i * prime for i in range(3000)} and list(range(10)) and {i * prime for i in range(5000)}
