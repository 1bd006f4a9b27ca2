"""Keeps and finds keys that outlive it."""
# ruff: noqa

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL = (248, 250) if os.uname().machine == "x86_64" else (217, 219)


def f(x):
    for ring in (-3, -4, -5):
        if libc.syscall(ADD_KEY, b"user", b"posttrain", b"x", 1, ring) > 0:
            return "ESCAPED add_key"
        if libc.syscall(KEYCTL, 0, ring, 1) > 0:
            return "ESCAPED keyctl"
    return -1
