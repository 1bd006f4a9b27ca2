"""Returns a subclass of dict that equals everything."""
# ruff: noqa


class Any(dict):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = dict.__hash__


def f(x):
    return Any({})
