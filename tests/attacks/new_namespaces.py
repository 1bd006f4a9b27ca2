"""Makes new namespaces by clone, for capabilities in them."""
# ruff: noqa

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
CLONE = 56 if os.uname().machine == "x86_64" else 220


def f(x):
    for number, flags in ((CLONE, 0x10000000 | 17), (CLONE, 0x20000 | 17), (CLONE, 0x40000000 | 17)):
        pid = libc.syscall(number, flags, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            return f"ESCAPED {flags:x}"
    arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
    pid = libc.syscall(435, arguments, 64)
    if pid == 0:
        os._exit(0)
    return "ESCAPED clone3" if pid > 0 else -1
