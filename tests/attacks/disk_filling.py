"""Fills its disk, then makes files without end."""
# ruff: noqa


def f(x):
    try:
        with open("large", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        pass
    i = 0
    try:
        while True:
            open(f"small{i}", "w").close()
            i += 1
    except OSError:
        return i
