"""Takes all memory by processes that each stay within the limit."""
# ruff: noqa

import os
import time


def f(x):
    for _ in range(12):
        if os.fork() == 0:
            kept = bytearray(os.urandom(1 << 20)) * 100
            time.sleep(3600)
            print(len(kept))
    time.sleep(3600)
