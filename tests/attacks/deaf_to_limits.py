"""Lets SIGXCPU do nothing, and raises its soft limits."""
# ruff: noqa

import contextlib
import resource
import signal

signal.signal(signal.SIGXCPU, lambda *args: None)
for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def f(x):
    while True:
        pass
