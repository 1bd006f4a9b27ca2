"""Opens every descriptor there is."""
# ruff: noqa

import os


def f(x):
    kept = []
    while True:
        try:
            kept.extend(os.pipe())
        except OSError:
            return len(kept)
