"""Leaves children that nobody buries."""
# ruff: noqa

import os


def f(x):
    made = 0
    while True:
        try:
            if os.fork() == 0:
                os._exit(0)
            made += 1
        except OSError:
            return made
