r"""What an answer's text says: a quantity, words, a choice, a list, a tuple, an interval, an equation, a date …

`read` gives every sensible reading, since a few texts have two (`100,200` is a number or two numbers, `B` a choice or a
symbol). A text that is none of these is `Words`, which equal only the same words: what cannot be read is never right
by being close to something.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Union

from posttrain.reward import math_units
from posttrain.reward.math_expressions import Tree, Unreadable, parse, symbols, word_set
from posttrain.reward.math_notation import normalise, plain_text, split_top

MAX_ITEMS = 64
MAX_READ = 1000  # characters; a longer answer equals only its own text


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
class Moment:
    """A date or a time of day, by its fields; None is a field that was left out."""

    kind: str
    fields: tuple[int | str | None, ...]


@dataclass(frozen=True)
class Empty:
    """The empty set: no solution."""


Answer = Union[Quantity, Words, Label, Several, Span, Equation, Based, Ratio, Moment, Empty]  # noqa: UP007

INFINITY: Tree = ("const", "inf")
_COMMAS = re.compile(r"\s*(?:[,;]\s*(?:and|or)\b|[,;]|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")
_SEPARATE = re.compile(r"\s*(?:[,;]\s+(?:(?:and|or)\b)?|;|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", re.ASCII)
_TRIPLES = re.compile(r"[1-9]\d{2}(?:,[1-9]\d{2})+", re.ASCII)  # 100,200: one number or two
_ALL_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_DOTTED = re.compile(r"[-+]?\d{1,3}(?:\.\d{3}){2,}", re.ASCII)
_SPACED = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:\.\d+)?", re.ASCII)
_EQUALS = re.compile(r"=|\\approx(?![a-zA-Z])|\\equiv(?![a-zA-Z])")
_COMPARE = re.compile(r"<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])")
_D = r"(?:d|\\partial|\\text\s*\{\s*d\s*\})\s*"
_DERIVATIVE = (
    rf"\\frac\s*\{{\s*{_D}(?:\^\s*\{{?\d\}}?\s*)?[a-zA-Z]?\s*\}}\s*\{{\s*{_D}[a-zA-Z]\s*(?:\^\s*\{{?\d\}}?\s*)?\}}"
    r"(?:\s*[a-zA-Z](?:\([a-zA-Z]\))?)?|d\s*[a-zA-Z]\s*/\s*d\s*[a-zA-Z]"
)
_NAME = re.compile(
    _DERIVATIVE
    + r"""|(?:[a-zA-Z]|[A-Z]{2,3})(?:_\{?\w+\}?)?'*(?:\((?:[^()]|\([^()]*\)){1,20}\))?   # x, x_1, f(x), f(g(x)), AB
      | \\[a-zA-Z]+(?:_\{?\w+\}?)?                              # \theta
      | m?\s*\\(?:angle|triangle)\s*[A-Z]{1,3}
      | \|?\s*(?:\\(?:overline|vec|mathbf|hat)\s*\{\s*[a-zA-Z]{1,2}\s*\}|[A-Z]{2})\s*\|?
      | \(\s*[a-zA-Z](?:\s*,\s*[a-zA-Z])+\s*\)                  # (x, y)
      | [a-zA-Z]\^\{?-1\}?\([^()]{1,20}\)""",
    re.VERBOSE,
)
_LETTER = r"\(?\s*(?:\\text\s*\{\s*)?\(?\s*([A-Ja-j])\s*\)?\s*\}?\s*\)?"
_CHOICE = re.compile(rf"(?:(?:the\s+)?(?:option|choice|answer)\s*:?\s*)?{_LETTER}[.:)]?", re.IGNORECASE)
_CHOICE_WITH_VALUE = re.compile(
    r"(?:(?:option|choice)\s+)?(?:(?:\\text\s*\{\s*)?\(\s*([A-J])\s*\)[.:]?\s*\}?|([A-J])[.:)])\s*(\S.*)", re.DOTALL
)
_NO_VALUE = re.compile(
    r"[,;+/*^_!|&=<>%]|-(?![\d\\.])|\\\\|(?:and|vs|versus|then|to|with)\b"
    r"|\\(?:pm|mp|ne|le|ge|cup|cap|in|times|cdot|div|approx|quad|text\{\s*(?:and|vs|to)\b)(?![a-zA-Z])"
)
_BASED = re.compile(
    r"(-?)\(?\s*(?:\\text\{\s*)?([0-9A-Z ]+)\s*\}?\s*\)?\s*_\s*\{?\s*(?:\\text\{)?([a-z]+|\d{1,2})\s*\}?\}?"
)
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\s*([ap])?\.?\s*m?\.?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATES = [
    re.compile(rf"{_MONTH}\.?,? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? (?P<year>\d{{4}}))?"),
]
_EMPTY = re.compile(r"\\emptyset|(?:there (?:are|is) )?no (?:real )?solutions?(?: exists?)?|(?:the )?empty set")
_REALS = re.compile(r"\\r|(?:all|any)(?: real)? numbers|all reals|\(\s*-\s*\\infty\s*,\s*\+?\\infty\s*\)")
_INTRODUCED = re.compile(
    r"^(?:\\text\s*\{\s*)?(?:(?:the\s+|my\s+|our\s+)?(?:final\s+|correct\s+)?answer\s+(?:is|equals)|approximately|approx\.?)"
    r"(?:\s*:)?(?:\s*\}|\s)\s*(?=[-\d.$\\(\[{])",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"^(?:\\text\s*\{\s*)?(?:minus|negative)(?:\s*\}|\s)\s*(?=[\d.$\\])", re.IGNORECASE)
_NOT_ANOTHER = re.compile(r"\s*\(\s*(?:\\text\s*\{\s*)?(?:and )?not\b[^()]*\)$")  # 5 (not 6)
_LABEL = re.compile(r"(?:[a-zA-Z](?:_\{?\w+\}?)?|[a-zA-Z][a-zA-Z '-]{1,60}?)(?:\*\*|__)?\s?:(?:\*\*|__)?\s+(?=\S)")
_TEXT_LABEL = re.compile(r"^\\text\s*\{([a-zA-Z][a-zA-Z '-]{2,60}?)\s*:\s*\}\s*")
_NO_LABEL = math_units.HEDGES | word_set(
    "least most less than more over under between below above false rejected example question problem step attempt "
    "try estimate estimated case hint note given answer"
)
_SYNONYMS = {"dne": "does not exist"}


@lru_cache(8192)
def read(text: str) -> tuple[Answer, ...]:
    """Every reading of an answer's text, the likeliest first; () for nothing."""
    return _read(normalise(text))


def _read(text: str) -> tuple[Answer, ...]:
    if not text or len(text) > MAX_READ:
        return ()
    if _plain_number(text):
        return (Quantity(("neg", ("num", text[1:])) if text[0] == "-" else ("num", text)),)
    text = _as_said(text)
    if _plain_number(text):
        return _read(text)
    for reader in _READERS:
        found = reader(text)
        if found:
            return found
    words = plain_text(text)
    return (Words(_SYNONYMS.get(words, words)),) if any(map(str.isalnum, words)) else ()


def _as_said(text: str) -> str:
    """Without words that only introduce the answer, and a pair of \\text braces around all of it."""
    whole = _ALL_TEXT.fullmatch(text)
    if whole and (_COMMAS.search(whole[1]) or re.search(r"\d|^\s*(?:option|choice)\b", whole[1], re.IGNORECASE)):
        text = normalise(whole[1])  # \\text{A, B}, \\text{5}, \\text{Option A}
    text = _INTRODUCED.sub("", text, count=1)
    text = unlabelled(_TEXT_LABEL.sub(r"\1: ", text), shortest=3)
    text = _NEGATIVE.sub("-", text)
    return _NOT_ANOTHER.sub("", text) or text


def unlabelled(text: str, shortest: int = 1) -> str:
    """A text without a label of so many letters that only names what follows: `Total: 18`, `x: 5`. One that hedges, or
    says that what follows is no answer, stays."""
    label = _LABEL.match(text)
    words = re.findall(r"[a-z]+", label[0].lower()) if label else []
    if not label or len("".join(words)) < shortest or _NO_LABEL.intersection(words):
        return text
    return text[label.end() :].strip("*_` ")


def _plain_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 300


def read_tree(text: str) -> Tree | None:
    """The tree of an expression whose thousands are still separated; None if it is none."""
    text = text.strip()
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    if _DOTTED.fullmatch(text):
        text = text.replace(".", "")
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = re.sub(r"\\text\{([a-zA-Z])\}", r"\1", text)
    try:
        return parse(text)
    except Unreadable:
        return None


def _read_choice(text: str) -> tuple[Answer, ...]:
    match = _CHOICE.fullmatch(text)
    if match:
        bare = match[1] == text
        if bare and text.islower():  # `b` is a symbol first
            return (Quantity(("const" if text in "ei" else "sym", text)), Label(text.upper()))
        return (Label(match[1].upper()), Quantity(("sym", text))) if bare else (Label(match[1].upper()),)
    match = _CHOICE_WITH_VALUE.fullmatch(text)
    if not match:
        return ()
    rest = match[3]
    if _NO_VALUE.match(rest):  # (B) + 1
        return ()
    words = re.findall(r"[a-z]+", plain_text(rest))
    if re.search(r"(?<![a-zA-Z\\])\(?[A-J]\)?(?![a-zA-Z])", rest) or math_units.HEDGES.intersection(words):
        return ()
    values = tuple(
        value for value in _read(normalise(rest)) if isinstance(value, Quantity | Words | Several | Span | Moment)
    )
    return (Label(match[1] or match[2], values),) if values else ()


def _read_empty(text: str) -> tuple[Answer, ...]:
    return (Empty(),) if _EMPTY.fullmatch(plain_text(text)) else ()


def _read_moment(text: str) -> tuple[Answer, ...]:
    words = re.sub(r"\s*:\s*", ":", plain_text(text))
    clock = _CLOCK.fullmatch(words)
    if clock and int(clock[1]) < 24:
        hour, minute, second, half = int(clock[1]), int(clock[2]), int(clock[3] or 0), clock[4]
        if half and hour <= 12:
            return (Moment("time", (hour % 12 + 12 * (half == "p"), minute, second, "fixed")),)
        return (Moment("time", (hour, minute, second, "fixed" if hour > 12 else None)),)
    for pattern in _DATES:
        match = pattern.fullmatch(words)
        if match:
            month = _MONTHS.index(next(group for group in match.groups() if group and group[:3] in _MONTHS))
            return (Moment("date", (month, int(match["day"]), int(match["year"]) if match["year"] else None)),)
    return ()


def _read_based(text: str) -> tuple[Answer, ...]:
    match = _BASED.fullmatch(text)
    if not match:
        return ()
    digits = match[2].replace(" ", "")
    base = int(match[3]) if match[3].isdigit() else math_units.number_word(match[3]) or 0
    if not 2 <= base <= 36 or not re.search(r"\d|[A-Z]{2}", digits):
        return ()
    if any(int(digit, 36) >= base for digit in digits):
        return ()
    if base == 10:
        return _read(match[1] + digits)
    return (Based(match[1] + (digits.lstrip("0") or "0"), base),)


def _read_ratio(text: str) -> tuple[Answer, ...]:
    parts = re.split(r"\s*:\s*|\s+(?:\\text\{\s*)?to(?:\s*\})?\s+", text)
    trees = [read_tree(part) for part in parts] if 2 <= len(parts) <= 4 else []
    known = tuple(tree for tree in trees if tree)
    return (Ratio(known),) if trees and len(known) == len(trees) else ()


def _read_span(text: str) -> tuple[Answer, ...]:
    match = re.fullmatch(r"([a-zA-Z]|\\[a-zA-Z]+)\s*\\in(?![a-zA-Z])\s*(.+)", text, re.DOTALL)
    name, body = (match[1], match[2]) if match else ("", text)
    parts: list[tuple[Tree, Tree, bool, bool]] = []
    pieces = split_top(body, re.compile(r"\s*\\cup(?![a-zA-Z])\s*"))
    for piece in pieces:
        found = _line(piece) or _interval(piece, alone=len(pieces) == 1 and not name)
        if not found:
            return _members(body) if match else ()
        parts += found
    return (Span(tuple(parts), name),)


def _members(body: str) -> tuple[Answer, ...]:
    """`x \\in \\{1, 2\\}`: the set, which was said of x."""
    return tuple(
        answer for answer in _read_several(body.strip()) if isinstance(answer, Several) and answer.opening == "{"
    )


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
    from posttrain.reward.math_values import exact  # only here: reading is otherwise blind to values

    values = [exact(point) for point in points]
    if all(value is not None for value in values):
        points = [point for _, point in sorted(zip(values, points, strict=True), key=lambda pair: pair[0] or 0)]
    edges: list[Tree] = [("neg", INFINITY), *points, INFINITY]
    return [(low, high, True, True) for low, high in zip(edges, edges[1:], strict=False)]


def _interval(text: str, alone: bool) -> list[tuple[Tree, Tree, bool, bool]]:
    """One interval. Standing alone, `(1,2)` and `[1,2]` are left to be tuples (compared as intervals where need be)."""
    text = text.strip()
    if len(text) < 5 or text[0] not in "([" or text[-1] not in ")]":
        return []
    ends = split_top(text[1:-1], re.compile(r"\s*,\s*"))
    trees = [read_tree(end) for end in ends]
    if len(trees) != 2 or not trees[0] or not trees[1]:
        return []
    same_kind = (text[0] == "(") == (text[-1] == ")")
    if alone and same_kind and INFINITY not in (trees[1], trees[0][-1]):
        return []
    return [(trees[0], trees[1], text[0] == "(", text[-1] == ")")]


def _read_several(text: str) -> tuple[Answer, ...]:
    wrapped = _wrapped(text)
    if wrapped:
        opening, inner, closing = wrapped
        pieces = split_top(inner, _SEPARATE)
        if len(pieces) == 1 or any("," in piece and not _THOUSANDS.search(piece) for piece in pieces):
            pieces = split_top(inner, _COMMAS)
        if len(pieces) == 1 and opening != "{":
            return ()
        return _several(pieces, opening, closing)
    pieces = split_top(text, _COMMAS)
    if len(pieces) == 1:
        return ()
    if _THOUSANDS.fullmatch(text.lstrip("-+")):
        tree = read_tree(text)
        listed = _several(pieces, "", "") if _TRIPLES.fullmatch(text) else ()
        return (Quantity(tree), *listed) if tree else ()
    apart = [part for piece in split_top(text, _SEPARATE) for part in _unless_thousands(piece)]
    if len(apart) == 1:  # 1,000 x + 1: one thing with a separated number
        return ()
    union = _union(text)
    return union or _several(apart, "", "")


def _unless_thousands(piece: str) -> list[str]:
    parts = split_top(piece, _COMMAS)
    together = split_top(_THOUSANDS.sub(lambda match: match[0].replace(",", ""), piece), _COMMAS)
    return [piece] if len(together) == 1 else parts if len(parts) == len(together) else together


def _several(pieces: list[str], opening: str, closing: str) -> tuple[Answer, ...]:
    if len(pieces) > MAX_ITEMS:
        return ()
    items: list[tuple[Answer, ...]] = []
    for piece in pieces:
        spread = _plus_minus(piece) if opening in ("", "{") else [piece]
        items += [_read(normalise(one)) for one in spread]
    return (Several(tuple(items), opening, closing),) if items and all(items) else ()


def _wrapped(text: str) -> tuple[str, str, str] | None:
    """(opening, inside, closing) of a text that one pair of brackets encloses; set braces give "{" and "}"."""
    for opening, closing, kind in (("\\{", "\\}", "{}"), ("(", ")", "()"), ("[", "]", "[]")):
        if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening) + len(closing):
            inner = text[len(opening) : -len(closing)]
            depth = 0
            for character in re.sub(r"\\[{}]", lambda match: match[0][1], inner):
                depth += (character in "([{") - (character in ")]}")
                if depth < 0:
                    return None
            return kind[0], inner.strip(), kind[1]
    return None


def _union(text: str) -> tuple[Answer, ...]:
    """`x < 1 or x > 2`: alternatives that are all inequalities in one variable."""
    pieces = re.split(r"\s*,?\s+or\s+", text)
    spans = [_read_inequality(piece) for piece in pieces] if len(pieces) > 1 else []
    found = [span[0] for span in spans if span and isinstance(span[0], Span)]
    if not spans or len(found) != len(spans) or len({span.name for span in found}) > 1:
        return ()
    return (Span(tuple(part for span in found for part in span.parts), found[0].name),)


def _plus_minus(text: str) -> list[str]:
    """`a \\pm b` as its two values; more than one sign of this kind is left alone."""
    if len(re.findall(r"\\(?:pm|mp)(?![a-zA-Z])", text)) != 1:
        return [text]
    return [re.sub(r"\\(?:pm|mp)(?![a-zA-Z])", sign, text) for sign in "+-"]


def _read_plus_minus(text: str) -> tuple[Answer, ...]:
    spread = _plus_minus(text)
    return _several(spread, "", "") if len(spread) == 2 and not _wrapped(text) else ()


def _read_inequality(text: str) -> tuple[Answer, ...]:
    unequal = re.split(r"\s*\\ne(?![a-zA-Z])\s*", text)
    if len(unequal) == 2 and is_name(unequal[0]):
        points = [read_tree(unequal[1])]
        return (Span(tuple(_without([point for point in points if point])), unequal[0].strip()),) if all(points) else ()
    sides = [side.strip() for side in _COMPARE.split(text)]
    if not all(sides):
        return ()
    signs = _COMPARE.findall(text)
    if not 2 <= len(sides) <= 3 or (len(sides) == 3 and (signs[0] in ("<", "\\le")) != (signs[1] in ("<", "\\le"))):
        return ()
    if signs[0] in (">", "\\ge"):  # as rising: low < name < high
        sides, signs = sides[::-1], [{">": "<", "\\ge": "\\le"}[sign] for sign in reversed(signs)]
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


def is_name(text: str) -> bool:
    """Whether a side of an equation only names what the other side is: x, f(2), \\angle ABC, Area, a+b."""
    text = text.strip()
    words = re.findall(r"[a-z]+", plain_text(text))
    if math_units.HEDGES.intersection(words):
        return False
    tree = read_tree(text)
    if _NAME.fullmatch(text):
        return bool(tree and symbols(tree)) or not re.match(r"\\[a-zA-Z]+(?:_|$)", text)
    if words and max(map(len, words)) >= 3 and re.fullmatch(r"(?:[a-zA-Z .'-]|\\text\{[^{}]*\})+", text):
        return len(words) <= 5
    return bool(tree and len(symbols(tree)) >= 2)


def named_symbols(name: str) -> frozenset[str]:
    """The symbols that a name defines: of `f(x)` only f, of a derivative none, else all that are in it."""
    name = name.strip()
    if re.fullmatch(_DERIVATIVE, name):
        return frozenset()
    function = re.fullmatch(r"([a-zA-Z](?:_\{?\w+\}?)?)'*(?:\^\{?-1\}?)?\(.*\)", name)
    tree = read_tree(function[1] if function else name)
    return symbols(tree) if tree else frozenset()


def _read_equation(text: str) -> tuple[Answer, ...]:
    sides = [side.strip() for side in split_top(text, _EQUALS)]
    signs = _EQUALS.findall(text)
    if len(sides) < 2 or len(sides) != len(signs) + 1 or len(sides) > 8:
        return ()
    rough = (False, *(sign == "\\approx" for sign in signs))
    if not sides[0]:  # `\approx 8.24`, `= 5`
        return () if len(sides) > 2 else _read(normalise(sides[1]))
    return (Equation(tuple(sides), rough),) if all(sides) else ()


def _read_quantity(text: str) -> tuple[Answer, ...]:
    measured = math_units.split_unit(text)
    found: list[Answer] = []
    tree = None if measured.percent or "\\text" in text else read_tree(text)
    if tree and (not text.replace(" ", "").isalpha() or len(text.replace(" ", "")) <= 2 or tree[0] == "const"):
        found.append(Quantity(tree))
    if measured.number != text:
        inner = read_tree(measured.number)
        if inner:
            scaled = ("mul", ("num", str(measured.scale)), inner) if measured.scale > 1 else inner
            found.append(Quantity(scaled, measured.unit, measured.percent))
    if not found and (number := math_units.number_word(plain_text(text))) is not None:
        found.append(Quantity(("num", str(number))))
    return tuple(found)


_READERS: tuple[Callable[[str], tuple[Answer, ...]], ...] = (
    _read_choice,
    _read_empty,
    _read_moment,
    _read_based,
    _read_span,
    _read_several,
    _read_plus_minus,
    _read_equation,
    _read_inequality,
    _read_ratio,
    _read_quantity,
)
