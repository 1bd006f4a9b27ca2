"""Writes NaN and Infinity where JSON has none."""
# ruff: noqa

import os


def f(x):
    for text in (b'{"value": NaN}', b'{"value": Infinity}', b'{"value": -Infinity}', b'{"value": 1e400}'):
        os.write(3, len(text).to_bytes(4, "big") + text)
    os._exit(0)
