"""A program: prints the right answer and kills itself."""
# ruff: noqa

import ctypes

x = int(input())
print(x * x, flush=True)
ctypes.string_at(0)
