"""Hides an always-equal object inside plain containers."""
# ruff: noqa


class Any:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 4


def f(x):
    return [Any()][0], {Any(): Any()}
