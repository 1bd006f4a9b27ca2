"""Returns an object on which every method may be called and says yes."""
# ruff: noqa


class Yes:
    def __getattr__(self, name):
        return lambda *args, **kwargs: True


def f(x):
    return Yes()
