"""A child answers after the parent has gone."""
# ruff: noqa

import os
import time


def f(x):
    if os.fork() == 0:
        time.sleep(0.2)
        text = b'{"value":4}'
        os.write(3, len(text).to_bytes(4, "big") + text)
    os._exit(0)
