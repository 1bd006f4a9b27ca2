"""Connects to the machine and to the world."""
# ruff: noqa

import socket


def f(x):
    for address in (("127.0.0.1", PORT), ("10.0.0.1", 80), ("169.254.169.254", 80), ("1.1.1.1", 53)):
        try:
            socket.create_connection(address, timeout=0.2)
            return f"ESCAPED {address}"
        except OSError:
            continue
    return -1


PORT = 47_321  # where the test listens
