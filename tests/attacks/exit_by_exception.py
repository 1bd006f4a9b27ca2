"""Raises an exception that no `except Exception` catches and whose text is a lie."""
# ruff: noqa


class Passed(BaseException):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


def f(x):
    raise Passed
