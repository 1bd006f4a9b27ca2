"""What an answer can be: a quantity, words, a choice, a list, a tuple, an interval, an equation, a date …"""

from dataclasses import dataclass
from typing import Union

from posttrain.reward.mathematics import units as math_units
from posttrain.reward.mathematics.expressions import Tree


@dataclass(frozen=True)
class Quantity:
    """A number, an expression in symbols, or a matrix, with the unit and the percent sign that it came with."""

    tree: Tree
    unit: math_units.Unit | None = None
    percent: bool = False


@dataclass(frozen=True)
class Words:
    """A text answer, by its words."""

    text: str


@dataclass(frozen=True)
class Label:
    """A choice by its letter, and the value that stood behind it, if any."""

    letter: str
    value: tuple["Answer", ...] = ()


@dataclass(frozen=True)
class Several:
    """Values in a row: bare (opening ""), in set braces ("{"), or ordered in round or square brackets ("(", "[")."""

    items: tuple[tuple["Answer", ...], ...]
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True)
class Span:
    """A union of intervals: (low, high, low is open, high is open); `name` is the variable that it was said of."""

    parts: tuple[tuple[Tree, Tree, bool, bool], ...]
    name: str = ""


@dataclass(frozen=True)
class Equation:
    """Sides between = (or, where `rough` says so of a side, after ≈)."""

    sides: tuple[str, ...]
    rough: tuple[bool, ...]


@dataclass(frozen=True)
class Based:
    """A numeral in a stated base: 101_2."""

    digits: str
    base: int


@dataclass(frozen=True)
class Ratio:
    """1:2, or 2:3:5."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Residue:
    """A whole number up to multiples of a modulus above 1: 5 (mod 7), perhaps said of a name."""

    value: int
    modulus: int
    name: str = ""


@dataclass(frozen=True)
class Moment:
    """A date or a time of day, by its fields; None is a field that was left out."""

    kind: str
    fields: tuple[int | str | None, ...]


@dataclass(frozen=True)
class Empty:
    """The empty set: no solution."""


Answer = Union[Quantity, Words, Label, Several, Span, Equation, Based, Ratio, Residue, Moment, Empty]  # noqa: UP007
INFINITY: Tree = ("const", "inf")
