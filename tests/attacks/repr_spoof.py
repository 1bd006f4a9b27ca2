"""Has a repr that reads like the answer, and a reduce that pickles into it."""
# ruff: noqa


class Answer:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return str(self.x * self.x)

    __str__ = __format__ = __repr__

    def __reduce__(self):
        return int, (self.x * self.x,)

    def __json__(self):
        return self.x * self.x

    to_json = toJSON = __json__


def f(x):
    return Answer(x)
