"""Announces an answer of four gigabytes."""
# ruff: noqa

import os


def f(x):
    os.write(3, b"\xff\xff\xff\xff")
    while True:
        os.write(3, b"[" * 65536)
