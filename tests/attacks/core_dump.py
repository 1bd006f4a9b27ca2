"""Dumps core, and asks for the handler of core dumps first."""
# ruff: noqa

import contextlib
import ctypes
import os
import resource


def f(x):
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return "ESCAPED setrlimit"
    if ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0:
        return "ESCAPED prctl"
    os.abort()
