"""Makes the compiler fold a constant without end."""
# ruff: noqa


def f(x):
    return eval("((" * 50 + "1" + "))" * 50) + len(eval("[" * 90 + "]" * 90)) + hash("x" * (1 << 40))
