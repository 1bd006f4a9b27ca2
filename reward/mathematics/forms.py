r"""Whether two answers are one expression: `\pi/2` and `\frac{\pi}{2}`, `1+n` and `n+1`, but not `7 \times 8` and 56.

Nothing is computed: terms and factors are sorted, a division is a factor of its own, signs are collected.
"""

from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from posttrain.reward.mathematics.answers import Equation
from posttrain.reward.mathematics.expressions import Tree
from posttrain.reward.mathematics.notation import normalise
from posttrain.reward.mathematics.numerals import read_tree
from posttrain.reward.mathematics.reading import read
from posttrain.reward.mathematics.values import TooBig, read_number


def same_form(one: str, other: str) -> bool:
    """Whether any reading of one text has the form of a reading of the other."""
    return bool({repr(_form(reading)) for reading in read(one)} & {repr(_form(reading)) for reading in read(other)})


def _form(value: Any) -> Any:
    """A reading as nested tuples, with its trees in their standard order."""
    if isinstance(value, Equation):
        sides = [(read_tree(side), side) for side in value.sides]
        return ("equation", *(_ordered(tree) if tree else normalise(side).replace(" ", "") for tree, side in sides))
    if is_dataclass(value):
        return (type(value).__name__, *(_form(getattr(value, field.name)) for field in fields(value)))
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return _ordered(value)
    return tuple(map(_form, value)) if isinstance(value, tuple) else value


def _ordered(tree: Tree) -> Tree:
    kind = tree[0]
    if kind == "num":
        return _number(tree)
    if kind == "add":
        return ("add", *sorted(map(_ordered, _terms(tree)), key=repr))
    if kind in ("mul", "div", "neg"):
        factors = sorted(_factors(tree, over=False), key=repr)
        negative = factors.count(_MINUS) % 2
        return ("mul", negative, *(factor for factor in factors if factor not in (_MINUS, _ONE, _OVER_ONE)))
    if tree[:2] == ("fn", "sqrt"):
        return ("root", ("num", "2"), _ordered(tree[2]))
    return tuple(_ordered(part) if isinstance(part, tuple) else part for part in tree)


_MINUS, _ONE, _OVER_ONE = ("minus",), (False, ("num", "1")), (True, ("num", "1"))


def _number(tree: Tree) -> Tree:
    try:
        return ("num", str(Fraction(read_number(tree[1]))))
    except TooBig:
        return tree


def _terms(tree: Tree) -> list[Tree]:
    return [term for part in tree[1:] for term in _terms(part)] if tree[0] == "add" else [tree]


def _factors(tree: Tree, over: bool) -> list[Tree]:
    """(whether it divides, factor) for each factor, and a mark for each minus sign."""
    if tree[0] == "neg":
        return [_MINUS, *_factors(tree[1], over)]
    if tree[0] == "mul":
        return [factor for part in tree[1:] for factor in _factors(part, over)]
    if tree[0] == "div":
        return [*_factors(tree[1], over), *_factors(tree[2], not over)]
    return [(over, _ordered(tree))]
