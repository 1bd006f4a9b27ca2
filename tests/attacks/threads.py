"""Leaves threads behind that answer later calls."""
# ruff: noqa

import os
import threading
import time


def answer():
    text = b'{"value":49}'
    while True:
        time.sleep(0.001)
        os.write(3, len(text).to_bytes(4, "big") + text)


threading.Thread(target=answer).start()


def f(x):
    return -1
