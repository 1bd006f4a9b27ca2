"""Becomes another program that ends well."""
# ruff: noqa

import os
import sys


def f(x):
    os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(0)"])
