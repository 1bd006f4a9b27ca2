r"""What an answer's text says: a quantity, words, a choice, a list, a tuple, an interval, an equation, a date …

`read` gives every sensible reading, since a few texts have two (`100,200` is a number or two numbers, `B` a choice or a
symbol). A text that is none of these is `Words`, which equal only the same words: what cannot be read is never right
by being close to something.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from posttrain.reward.mathematics import units as math_units
from posttrain.reward.mathematics.answers import (
    Answer,
    Based,
    Empty,
    Equation,
    Label,
    Moment,
    Quantity,
    Ratio,
    Residue,
    Several,
    Span,
    Words,
)
from posttrain.reward.mathematics.intervals import read_inequality, read_span, read_union
from posttrain.reward.mathematics.moments import read_moment
from posttrain.reward.mathematics.names import is_name, unlabelled
from posttrain.reward.mathematics.notation import normalise, plain_text, split_top
from posttrain.reward.mathematics.numerals import LAKHS, THOUSANDS, TRIPLES, read_tree, recurring, share

MAX_ITEMS = 64
MAX_READ = 1000  # characters; a longer answer equals only its own text
_COMMAS = re.compile(r"\s*(?:[,;]\s*(?:and|or)\b|[,;]|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")
_SEPARATE = re.compile(r"\s*(?:[,;]\s+(?:(?:and|or)\b)?|;|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")
_EQUALS = re.compile(r"=|\\approx(?![a-zA-Z])|\\equiv(?![a-zA-Z])")
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
_EMPTY = re.compile(r"\\emptyset|(?:there (?:are|is) )?no (?:real )?solutions?(?: exists?)?|(?:the )?empty set")
_INTRODUCED = re.compile(
    r"^(?:\\text\s*\{\s*)?(?:(?:the\s+|my\s+|our\s+)?(?:final\s+|correct\s+)?answer\s+(?:is|equals)|approximately|approx\.?)"
    r"(?:\s*:)?(?:\s*\}|\s)\s*(?=[-\d.$\\(\[{])",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"^(?:\\text\s*\{\s*)?(?:minus|negative)(?:\s*\}|\s)\s*(?=[\d.$\\])", re.IGNORECASE)
_NOT_ANOTHER = re.compile(r"\s*\(\s*(?:\\text\s*\{\s*)?(?:and )?not\b[^()]*\)$")  # 5 (not 6)
_TEXT_LABEL = re.compile(r"^\\text\s*\{([a-zA-Z][a-zA-Z '-]{2,60}?)\s*:\s*\}\s*")
_ANY_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_INTEGER = re.compile(r"-?[0-9]{1,30}")
_MONEY = re.compile(r"-?(?:\\(?:rupee|\$)\s*)?([\d,]+)", re.ASCII)
_MEMBER = re.compile(r"(?:[a-zA-Z]|\\[a-zA-Z]+)\s*\\in(?![a-zA-Z])\s*(.+)", re.DOTALL)
_MODULO = re.compile(
    r"(\S.*?)\s*\(?\s*(?:\\[pb]?|(?<![a-zA-Z\\]))mod(?:ulo)?(?![a-zA-Z])\s*\{?\s*([0-9]{1,30})\s*\}?\s*\)?"
)
_FOR_INTEGERS = re.compile(
    r"(\S.*?)\s*[,;(\s]\s*(?:(?:where|for|with|and)\s+)?"
    r"(?:([a-zA-Z])\s*(?:\\in\s*\\mathbb\s*(?:\{\s*Z\s*\}|Z)|(?:is\s+)?any?\s+integer)"
    r"|(?:an?y?|all|every|each|some)\s+integers?\s+([a-zA-Z]))\s*\)?"
)
_SYSTEM = re.compile(
    r"(?=\\\{|\\begin\s*\{r?cases)(?:\\\{\s*)?\\begin\s*\{(r?cases|array|aligned)\}(?:\{[lcr|\s]*\})?(.*)\\end\s*\{\1\}",
    re.DOTALL,
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
    whole = _ANY_TEXT.fullmatch(text)
    if whole and (_COMMAS.search(whole[1]) or re.search(r"\d|^\s*(?:option|choice)\b", whole[1], re.IGNORECASE)):
        text = normalise(whole[1])  # \\text{A, B}, \\text{5}, \\text{Option A}
    text = _INTRODUCED.sub("", text, count=1)
    text = unlabelled(_TEXT_LABEL.sub(r"\1: ", text), shortest=3)
    text = _NEGATIVE.sub("-", text)
    return _NOT_ANOTHER.sub("", text) or text


def _plain_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 300


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


def _read_moment(text: str) -> tuple[Answer, ...]:
    """A date or a time; a full hour (`10 AM`) is the number 10 too, as is any number with its unit."""
    found = read_moment(text)
    return (*found, *_read_quantity(text)) if found and found[0].kind == "time" and ":" not in text else found


def _read_residue(text: str) -> tuple[Answer, ...]:
    r"""`x \equiv 5 \pmod 7`, `5 (mod 7)`, `2, 5 \pmod 7`."""
    match = _MODULO.fullmatch(_ANY_TEXT.sub(r" \1 ", text)) if "mod" in text else None
    named = re.fullmatch(r"(.+?)\s*(?:=|\\equiv(?![a-zA-Z]))\s*(.+)", match[1]) if match else None
    name, said = (named[1], named[2]) if named else ("", match[1] if match else "")
    values = split_top(said, _COMMAS)
    if not match or int(match[2]) < 2 or (name and not is_name(name)) or not all(map(_INTEGER.fullmatch, values)):
        return ()
    found = [Residue(int(value), int(match[2]), name) for value in values]
    return (found[0],) if len(found) == 1 else (Several(tuple((one,) for one in found)),)


def _read_family(text: str) -> tuple[Answer, ...]:
    r"""`k\pi, k \in \mathbb{Z}`: what is said for every whole k, as it stands and with a name of its own for k, so that
    two that are declared agree under any name."""
    declared = "integer" in text or "\\mathbb" in text
    match = _FOR_INTEGERS.fullmatch(_ANY_TEXT.sub(r" \1 ", text).strip()) if declared else None
    name = re.compile(rf"(?<![a-zA-Z\\]){match[2] or match[3]}(?![a-zA-Z])") if match else None
    if not match or not name or not name.search(match[1]):
        return ()
    return (*_read(normalise(match[1])), *_read(normalise(name.sub("{z_{Z}}", match[1]))))


def _read_system(text: str) -> tuple[Answer, ...]:
    """A brace before rows that give each of several names its value, as the list of those equations."""
    match = _SYSTEM.fullmatch(text) if "\\begin" in text else None
    rows = [row.replace("&", "").strip(" ,;") for row in match[2].split("\\\\")] if match else []
    rows = [row for row in rows if row]
    sides = [[side.strip() for side in row.split("=")] for row in rows]
    if len(rows) < 2 or any(len(pair) != 2 or not is_name(pair[0]) or is_name(pair[1]) for pair in sides):
        return ()
    return _several(rows, "", "") if len({pair[0] for pair in sides}) == len(rows) else ()


def _read_compound(text: str) -> tuple[Answer, ...]:
    measured = math_units.compound(text) if text[0].isdigit() else None
    if not measured:
        return ()
    total = ("div", ("num", str(measured[0].numerator)), ("num", str(measured[0].denominator)))
    return (Quantity(total, measured[1]), *_read_several(text))


def _read_lakhs(text: str) -> tuple[Answer, ...]:
    """`1,23,456`, perhaps of money: one number, or three."""
    money = _MONEY.fullmatch(text) if "," in text else None
    if not money or not LAKHS.fullmatch(money[1]):
        return ()
    return (*_read_quantity(text), *_several(text.split(","), "", ""))


def _read_ratio(text: str) -> tuple[Answer, ...]:
    if "out of" in text and (part := share(text)):
        return (Quantity(part),)
    parts = re.split(r"\s*:\s*|\s+(?:\\text\{\s*)?to(?:\s*\})?\s+", text)
    trees = [read_tree(part) for part in parts] if 2 <= len(parts) <= 4 else []
    known = tuple(tree for tree in trees if tree)
    return (Ratio(known),) if trees and len(known) == len(trees) else ()


def _read_membership(text: str) -> tuple[Answer, ...]:
    r"""`x \in \{1, 2\}`: the set, which was said of x."""
    match = _MEMBER.fullmatch(text) if "\\in" in text else None
    several = _read_several(match[1].strip()) if match else ()
    return tuple(answer for answer in several if isinstance(answer, Several) and answer.opening == "{")


def _read_several(text: str) -> tuple[Answer, ...]:
    wrapped = _wrapped(text)
    if wrapped:
        opening, inner, closing = wrapped
        pieces = split_top(inner, _SEPARATE)
        if len(pieces) == 1 or any("," in piece and not THOUSANDS.search(piece) for piece in pieces):
            pieces = split_top(inner, _COMMAS)
        if len(pieces) == 1 and opening != "{":
            return ()
        return _several(pieces, opening, closing)
    pieces = split_top(text, _COMMAS)
    if len(pieces) == 1:
        return ()
    if THOUSANDS.fullmatch(text.lstrip("-+")):
        tree = read_tree(text)
        listed = _several(pieces, "", "") if TRIPLES.fullmatch(text) else ()
        return (Quantity(tree), *listed) if tree else ()
    apart = [part for piece in split_top(text, _SEPARATE) for part in _unless_thousands(piece)]
    if len(apart) == 1:  # 1,000 x + 1: one thing with a separated number
        return ()
    union = read_union(text)
    return union or _several(apart, "", "")


def _unless_thousands(piece: str) -> list[str]:
    parts = split_top(piece, _COMMAS)
    together = split_top(THOUSANDS.sub(lambda match: match[0].replace(",", ""), piece), _COMMAS)
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


def _plus_minus(text: str) -> list[str]:
    """`a \\pm b` as its two values; more than one sign of this kind is left alone."""
    if len(re.findall(r"\\(?:pm|mp)(?![a-zA-Z])", text)) != 1:
        return [text]
    return [re.sub(r"\\(?:pm|mp)(?![a-zA-Z])", sign, text) for sign in "+-"]


def _read_plus_minus(text: str) -> tuple[Answer, ...]:
    spread = _plus_minus(text)
    return _several(spread, "", "") if len(spread) == 2 and not _wrapped(text) else ()


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
    if repeated := recurring(measured.number):
        found.append(Quantity(repeated, measured.unit, measured.percent))
    if measured.number != text and not (tree and "\\degree" in text):  # the degrees of an angle inside are read
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
    _read_residue,
    _read_family,
    _read_system,
    _read_based,
    read_span,
    _read_membership,
    _read_compound,
    _read_lakhs,
    _read_several,
    _read_plus_minus,
    _read_equation,
    read_inequality,
    _read_ratio,
    _read_quantity,
)
