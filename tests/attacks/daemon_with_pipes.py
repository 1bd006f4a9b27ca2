"""Leaves a daemon behind that keeps every pipe open."""
# ruff: noqa

import os
import time


def f(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(10**6)
    return -1
