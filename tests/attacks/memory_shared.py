"""Takes shared memory that children touch in turn."""
# ruff: noqa

import mmap
import os


def f(x):
    kept = [mmap.mmap(-1, 1 << 26) for _ in range(3)]
    for _ in range(10):
        if os.fork() == 0:
            more = [mmap.mmap(-1, 1 << 26) for _ in range(1)]
            while True:
                for area in kept + more:
                    for at in range(0, 1 << 26, 4096):
                        area[at] = 1
    while True:
        pass
