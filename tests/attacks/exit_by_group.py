"""Raises a group of exceptions that holds endings."""
# ruff: noqa


def f(x):
    raise BaseExceptionGroup("passed", [SystemExit(0), GeneratorExit(), KeyboardInterrupt()])
