"""Stops itself and its children."""
# ruff: noqa

import os
import signal
import time


def f(x):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
    os.kill(0, signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(3600)
