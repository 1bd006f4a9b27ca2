"""Uses io_uring, which a filter of system calls does not see into."""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    return "ESCAPED io_uring" if libc.syscall(425, 4, ctypes.create_string_buffer(120)) >= 0 else -1
