"""Sends datagrams, and asks for a name."""
# ruff: noqa

import socket


def f(x):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 47_321))
        return "ESCAPED udp"
    except OSError:
        pass
    try:
        return f"ESCAPED {socket.gethostbyname('localhost')} {socket.getaddrinfo('example.org', 80)}"
    except OSError:
        return -1
