"""Takes memory by files that nobody counts: memfd, shared memory, the own /tmp."""
# ruff: noqa

import ctypes
import mmap
import os

libc = ctypes.CDLL(None)


def f(x):
    got = 0
    for i in range(40):
        try:
            descriptor = os.memfd_create(f"m{i}")
            os.ftruncate(descriptor, 1 << 24)
            got += os.write(descriptor, bytes(1 << 24))
        except OSError:
            break
    if libc.shmget(0, 1 << 24, 0o1600) >= 0:
        got += 1
    return f"ESCAPED {got}" if got else -1
