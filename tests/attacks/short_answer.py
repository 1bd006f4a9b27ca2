"""Announces more than it sends, and waits."""
# ruff: noqa

import os
import time


def f(x):
    os.write(3, b"\x00\x00\x10\x00{")
    time.sleep(3600)
