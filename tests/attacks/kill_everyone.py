"""Kills all that it can."""
# ruff: noqa

import contextlib
import os
import signal


def f(x):
    for pid in (os.getppid(), -1, *range(1, 400)):
        if pid != os.getpid():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
    return -1
