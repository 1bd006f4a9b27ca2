r"""Unions of intervals, also as inequalities (`x < 1 or x > 2`), as the line without points, and how they compare."""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from posttrain.reward.mathematics.answers import INFINITY, Answer, Span
from posttrain.reward.mathematics.expressions import Tree, symbols
from posttrain.reward.mathematics.identity import infinity_sign, is_infinite, same_tree
from posttrain.reward.mathematics.names import is_name, plain_name
from posttrain.reward.mathematics.notation import plain_text, split_top
from posttrain.reward.mathematics.numerals import read_tree
from posttrain.reward.mathematics.values import Undefined, exact
from posttrain.reward.mathematics.verdicts import Verdict, all_of

_REALS = re.compile(r"\\r|(?:all|any)(?: real)? numbers|all reals|\(\s*-\s*\\infty\s*,\s*\+?\\infty\s*\)")
Ends = tuple[Fraction | float, Fraction | float, bool, bool]  # low, high, is low open, is high
_ABSOLUTE = re.compile(r"\|([^|]+)\|")
_TURNED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}
_COMPARE = re.compile(r"<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])")


def read_span(text: str) -> tuple[Answer, ...]:
    """A union of intervals in brackets, perhaps said of a name (`x \\in [1,2)`); () for anything else."""
    match = re.fullmatch(r"([a-zA-Z]|\\[a-zA-Z]+)\s*\\in(?![a-zA-Z])\s*(.+)", text, re.DOTALL)
    name, body = (match[1], match[2]) if match else ("", text)
    parts: list[tuple[Tree, Tree, bool, bool]] = []
    pieces = re.split(r"\s*\\cup(?![a-zA-Z])\s*", body)
    for piece in pieces:
        found = _line(piece) or _interval(piece, alone=len(pieces) == 1 and not name)
        if not found:
            return ()
        parts += found
    return (Span(tuple(parts), name),)


def _line(text: str) -> list[tuple[Tree, Tree, bool, bool]]:
    """The real line, perhaps without some points (`\\R \\setminus \\{1\\}`), as intervals."""
    line, *removed = re.split(r"\s*(?:\\setminus|\\backslash|-)\s*(?=\\\{)", text.strip())
    if not _REALS.fullmatch(plain_text(line)):
        return []
    if not removed:
        return [(("neg", INFINITY), INFINITY, True, True)]
    inner = removed[0].strip()
    points = [read_tree(point) for point in inner[2:-2].split(",")] if inner.endswith("\\}") else [None]
    return _without([point for point in points if point]) if len(removed) == 1 and all(points) else []


def _without(points: list[Tree]) -> list[tuple[Tree, Tree, bool, bool]]:
    """The line without points, which are taken in the order of their values where those are known."""
    values = [_known(point) for point in points]
    if all(value is not None for value in values):
        points = [point for _, point in sorted(zip(values, points, strict=True), key=lambda pair: pair[0] or 0)]
    edges: list[Tree] = [("neg", INFINITY), *points, INFINITY]
    return [(low, high, True, True) for low, high in zip(edges, edges[1:], strict=False)]


def _interval(text: str, alone: bool) -> list[tuple[Tree, Tree, bool, bool]]:
    """One interval. Standing alone, `(1,2)` and `[1,2]` are left to be tuples (compared as intervals where need be).
    Brackets that turn away (`]1;2[`) are open ends."""
    text = text.strip()
    turned = text[:1] == "]" or text[-1:] == "["
    if len(text) < 5 or text[0] not in "([]" or text[-1] not in ")][":
        return []
    ends = split_top(text[1:-1], re.compile(r"\s*[,;]\s*" if turned else r"\s*,\s*"))
    trees = [read_tree(end) for end in ends]
    if len(trees) != 2 or not trees[0] or not trees[1]:
        return []
    opens, closes = text[0] in "(]", text[-1] in ")["
    if alone and opens == closes and not turned and INFINITY not in (trees[1], trees[0][-1]):
        return []
    return [(trees[0], trees[1], opens, closes)]


def read_union(text: str) -> tuple[Answer, ...]:
    """`x < 1 or x > 2`: alternatives that are all inequalities in one variable."""
    pieces = re.split(r"\s*,?\s+or\s+", text)
    spans = [read_inequality(piece) for piece in pieces] if len(pieces) > 1 else []
    found = [span[0] for span in spans if span and isinstance(span[0], Span)]
    if not spans or len(found) != len(spans) or len({span.name for span in found}) > 1:
        return ()
    return (Span(tuple(part for span in found for part in span.parts), found[0].name),)


def read_inequality(text: str) -> tuple[Answer, ...]:
    """`x < 1`, `1 \\le x < 2` and `x \\ne 3` as intervals; () for anything else."""
    unequal = re.split(r"\s*\\ne(?![a-zA-Z])\s*", text)
    if len(unequal) == 2 and is_name(unequal[0]):
        points = [read_tree(unequal[1])]
        return (Span(tuple(_without([point for point in points if point])), unequal[0].strip()),) if all(points) else ()
    sides = [side.strip() for side in _COMPARE.split(text)]
    if not all(sides):
        return ()
    signs = _COMPARE.findall(text)
    if len(sides) == 2 and _ABSOLUTE.fullmatch(sides[1]):
        sides, signs = sides[::-1], [_TURNED[signs[0]]]
    inside = _ABSOLUTE.fullmatch(sides[0]) if len(sides) == 2 else None
    if inside and (distance := _read_distance(inside[1], signs[0], sides[1])):
        return distance
    if not 2 <= len(sides) <= 3 or (len(sides) == 3 and (signs[0] in ("<", "\\le")) != (signs[1] in ("<", "\\le"))):
        return ()
    if signs[0] in (">", "\\ge"):  # as rising: low < name < high
        sides, signs = sides[::-1], [_TURNED[sign] for sign in reversed(signs)]
    if len(sides) == 2:
        low_is_name, high_is_name = is_name(sides[0]), is_name(sides[1])
        if low_is_name == high_is_name:
            return ()
        sides = ["", *sides] if low_is_name else [*sides, ""]
        signs = ["<", *signs] if low_is_name else [*signs, "<"]
    low = read_tree(sides[0]) if sides[0] else ("neg", INFINITY)
    high = read_tree(sides[2]) if sides[2] else INFINITY
    if not low or not high or not is_name(sides[1]) or symbols(low) or symbols(high):
        return ()
    return (Span(((low, high, signs[0] == "<", signs[1] == "<"),), sides[1]),)


def _read_distance(inside: str, sign: str, bound: str) -> tuple[Answer, ...]:
    """`|2x - 1| < 3` as the interval, or the two, that it leaves to x."""
    tree, limit = read_tree(inside), read_tree(bound)
    line = _linear(tree) if tree and len(symbols(tree)) == 1 else None
    distance = _known(limit) if limit else None
    if not line or not line[0] or distance is None or distance <= 0 or not tree:
        return ()
    (name,) = symbols(tree)
    if name == "z":  # a disk of the complex plane
        return ()
    low, high = sorted((side - line[1]) / line[0] for side in (-distance, distance))
    is_open = sign in "<>"
    if sign in ("<", "\\le"):
        return (Span(((_number(low), _number(high), is_open, is_open),), name),)
    below, above = (("neg", INFINITY), _number(low), True, is_open), (_number(high), INFINITY, is_open, True)
    return (Span((below, above), name),)


def _linear(tree: Tree) -> tuple[Fraction, Fraction] | None:
    """(slope, value at 0) of an expression that is linear in its only symbol; None for any other."""
    kind = tree[0]
    if kind == "sym":
        return Fraction(1), Fraction(0)
    if not symbols(tree):
        value = _known(tree)
        return None if value is None else (Fraction(0), value)
    parts = [_linear(part) for part in tree[1:]] if kind in ("add", "neg", "mul", "div") else [None]
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    slopes, values = [part[0] for part in known], [part[1] for part in known]
    if kind == "add":
        return sum(slopes, Fraction(0)), sum(values, Fraction(0))
    if kind == "neg":
        return -slopes[0], -values[0]
    if kind == "div":
        return None if slopes[1] or not values[1] else (slopes[0] / values[1], values[0] / values[1])
    moving = [index for index, slope in enumerate(slopes) if slope]
    scale = math.prod(value for index, value in enumerate(values) if index not in moving[:1])
    return (slopes[moving[0]] * scale, values[moving[0]] * scale) if len(moving) == 1 else None


def _known(tree: Tree) -> Fraction | None:
    """Its rational value; None if it has none, or none that is known here."""
    try:
        return exact(tree)
    except Undefined:
        return None


def _number(value: Fraction) -> Tree:
    size: Tree = ("div", ("num", str(abs(value.numerator))), ("num", str(value.denominator)))
    return ("neg", size) if value < 0 else size


def same_span(gold: Span, answer: Span) -> Verdict:
    """Whether two unions have the same intervals in any order or, where all ends are rational, the same points; and are
    said of the same name where both have one."""
    if gold.name and answer.name and plain_name(gold.name) != plain_name(answer.name):
        return False
    verdict = _same_parts(gold, answer)
    merged = _merged(gold) if verdict is False else None
    return verdict if merged is None else merged == _merged(answer)


def _same_parts(gold: Span, answer: Span) -> Verdict:
    if len(gold.parts) != len(answer.parts):
        return False
    left, verdicts = list(answer.parts), []
    for low, high, *open_ends in gold.parts:
        for part in left:
            verdict = (
                all_of([same_tree(low, part[0]), same_tree(high, part[1])])
                if _same_ends(low, high, open_ends, part)
                else False
            )
            if verdict is not False:
                verdicts.append(verdict)
                left.remove(part)
                break
        else:
            return False
    return all_of(verdicts)


def _same_ends(low: Tree, high: Tree, open_ends: Sequence[bool], part: tuple[Any, ...]) -> bool:
    """Whether open and closed ends agree; at infinity a bracket means what a parenthesis does."""
    ends = zip((low, high), open_ends, part[2:], strict=True)
    return all(mine == theirs or is_infinite(end) for end, mine, theirs in ends)


def _merged(span: Span) -> list[Ends] | None:
    """A union's intervals, those that touch or overlap made one, by rising ends; None if an end is not known."""
    known = [_known_ends(*part) for part in span.parts]
    merged: list[Ends] = []
    for part in sorted((part for part in known if part), key=lambda part: (part[0], part[2])):
        last = merged[-1] if merged else None
        if last and (part[0] < last[1] or (part[0] == last[1] and not (part[2] and last[3]))):
            high = max((last[1], not last[3]), (part[1], not part[3]))
            merged[-1] = (last[0], high[0], last[2], not high[1])
        else:
            merged.append(part)
    return merged if all(known) else None


def _known_ends(low: Tree, high: Tree, low_open: bool, high_open: bool) -> Ends | None:
    ends = [sign * math.inf if (sign := infinity_sign(end)) else _known(end) for end in (low, high)]
    if ends[0] is None or ends[1] is None or ends[0] > ends[1] or (ends[0] == ends[1] and (low_open or high_open)):
        return None
    return ends[0], ends[1], low_open or ends[0] == -math.inf, high_open or ends[1] == math.inf
