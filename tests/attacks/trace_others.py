"""Attaches to other processes, and reads their memory."""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    attached = [pid for pid in range(0, 200) if libc.ptrace(16, pid, 0, 0) == 0]
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    read = [pid for pid in range(0, 200) if libc.process_vm_readv(pid, vector, 1, vector, 1, 0) == 8]
    return f"ESCAPED {attached} {read}" if attached or read else -1
