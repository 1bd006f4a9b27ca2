"""Opens sockets of every other family."""
# ruff: noqa

import socket


def f(x):
    opened = []
    for family in range(2, 46):
        for kind in (1, 2, 3, 5):
            try:
                socket.socket(family, kind).close()
                opened.append((family, kind))
            except OSError:
                continue
    return f"ESCAPED {opened}" if opened else -1
