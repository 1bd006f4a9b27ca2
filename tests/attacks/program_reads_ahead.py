"""A program: looks for the output that is due beside its input."""
# ruff: noqa

import os
import sys

os.lseek(0, 0, os.SEEK_END)
try:
    os.ftruncate(0, 1 << 30)
    print("ESCAPED truncate")
except OSError:
    pass
print(sys.stdin.read())
