"""Signals its parent, its group, process 1 and everyone."""
# ruff: noqa

import contextlib
import os
import signal


def f(x):
    for pid in (os.getppid(), 0, 1, 2, 3, -1, -2):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGUSR1):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
    return -1
