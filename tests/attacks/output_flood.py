"""Prints for ever."""
# ruff: noqa


def f(x):
    while True:
        print("y" * 10_000)
