"""Returns a subclass of tuple that equals everything."""
# ruff: noqa


class Any(tuple):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = tuple.__hash__


def f(x):
    return Any(())
