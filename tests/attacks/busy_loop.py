"""Loops, and catches everything."""
# ruff: noqa


def f(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
