"""Drops a program into its folder and runs it, and runs the machine's own."""
# ruff: noqa

import os
import subprocess


def f(x):
    for command in (["/bin/sh", "-c", "echo x"], ["/usr/bin/id"], ["sh", "-c", "id"]):
        try:
            return f"ESCAPED {subprocess.run(command, capture_output=True).stdout}"
        except OSError:
            continue
    with open("program", "wb") as file:
        file.write(b"\x7fELF" + bytes(60))
    os.chmod("program", 0o755)
    try:
        os.execv("./program", ["program"])
    except PermissionError:
        return -1
    except OSError as error:
        return f"ESCAPED {error}"
