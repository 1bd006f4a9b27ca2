"""Asks the kernel for what only root may do."""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    done = []
    for name, arguments in (
        ("unshare", (0x10000000,)), ("unshare", (0x20000,)), ("mount", (b"none", b"/tmp", b"tmpfs", 0, None)),
        ("umount2", (b"/proc", 2)), ("umount2", (b"/tmp", 2)), ("chroot", (b"/tmp",)), ("setuid", (0,)),
        ("setresuid", (0, 0, 0)), ("setgid", (0,)), ("sethostname", (b"x", 1)), ("pivot_root", (b"/tmp", b"/tmp")),
        ("setns", (0, 0)), ("mknod", (b"disk", 0o60666, 0x800)), ("reboot", (0,)), ("swapoff", (b"/dev/sda",)),
        ("personality", (0x0040000,)), ("prctl", (24, 0, 0, 0, 0)), ("prctl", (38, 0, 0, 0, 0)), ("iopl", (3,)),
    ):  # fmt: skip
        function = getattr(libc, name, None)
        if function is not None and function(*arguments) == 0:
            done.append(name)
    return f"ESCAPED {done}" if done else -1
