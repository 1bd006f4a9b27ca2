"""Raises SystemExit where the interpreter ends."""
# ruff: noqa

import atexit
import os

atexit.register(os._exit, 0)
raise SystemExit(0)
