"""Writes into the channel and to stdout byte by byte, to keep the outside busy."""
# ruff: noqa

import os


def f(x):
    os.write(3, b"\x00\x10\x00\x00")
    while True:
        os.write(3, b"[")
        os.write(1, b".")
