"""Answers with a number of an object that it never gave, and with forms of no meaning."""
# ruff: noqa

import os


def f(x):
    for text in (b'{"value":{"r":-1}}', b'{"value":{"r":1e999}}', b'{"value":{"z":[[]]}}', b'{"value":{"d":[[1]]}}'):
        os.write(3, len(text).to_bytes(4, "big") + text)
    os._exit(0)
