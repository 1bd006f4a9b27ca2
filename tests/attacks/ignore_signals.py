"""Loops, deaf to every signal that it may be deaf to."""
# ruff: noqa

import contextlib
import signal

for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)


def f(x):
    while True:
        pass
