"""Links to files outside, and reads and writes through the links."""
# ruff: noqa

import os


def f(x):
    for i, target in enumerate(("/etc/passwd", "/root/.bashrc", "/proc/1/root/etc/passwd", "/work", "/home")):
        os.symlink(target, f"link{i}")
        try:
            return f"ESCAPED {os.listdir(f'link{i}') if os.path.isdir(f'link{i}') else open(f'link{i}').read(20)}"
        except OSError:
            continue
    return -1
