"""Writes JSON nested a million deep."""
# ruff: noqa

import os


def f(x):
    text = b"[" * 1_000_000
    os.write(3, len(text).to_bytes(4, "big"))
    while text:
        text = text[os.write(3, text) :]
