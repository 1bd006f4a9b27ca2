r"""One value that is said in several spellings: `7 (seven)`, `3/8 (or 37.5%)`, `3/8 (about 0.38)`, `450 (90 x 5)`.

Several values are a hedge, several spellings of one are none: each must be the first one exactly, in units and percent
that agree. What is only rounded, and what only shows the working, must fit and counts for nothing itself.
"""

import re
from fractions import Fraction

from posttrain.reward.mathematics import units as math_units
from posttrain.reward.mathematics.answers import Answer, Based, Equation, Moment, Quantity
from posttrain.reward.mathematics.forms import same_form
from posttrain.reward.mathematics.identity import rounds_to
from posttrain.reward.mathematics.names import is_name
from posttrain.reward.mathematics.notation import normalise
from posttrain.reward.mathematics.number_words import in_figures
from posttrain.reward.mathematics.reading import read
from posttrain.reward.mathematics.values import TooBig, Undefined, exact

MAX_SPELLED = 300  # characters
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
_BRACKET = re.compile(r"(.*[^\s)(])\s+\(((?:[^()]|\([^()]*\))*)\)\s*", re.DOTALL)
_AGAIN = re.compile(
    r"(.+?)\s*(?:,\s*|\s)(?:or(?: equivalently| also)?|i\.e\.|that is|which is|equivalently|in other words)[,\s]\s*"
    r"(.+)",
    re.DOTALL,
)
_LEAD = re.compile(
    r"\s*(?:(?:or|i\.e\.|that is|that's|which is|equivalently|also|in other words|equal to|=)(?:,\s*|\s+))+",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(r"\s*(?:about|approximately|approx\.?|roughly|around|nearly|\\approx)\s*", re.IGNORECASE)
_WORKING = re.compile(r"[\d)%]\s*(?:[a-zA-Z]{2,}\s*){0,3}(?:[-+*/=]|x\b|\\(?:times|cdot|div)\b)\s*[\d(\\$]")
_COUNTED = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}(?:\s+[a-zA-Z]{2,})*")


def spellings(text: str) -> tuple[str, ...]:
    """What an answer's text says as one value: itself, or its spellings if there are several and they agree."""
    plain = re.sub(r"\s+", " ", _TEXT.sub(r" \1 ", normalise(text[: MAX_SPELLED + 1]))).strip()
    if len(text) > MAX_SPELLED or not any(map(str.isalnum, plain)):
        return (text,)
    bracket = _BRACKET.fullmatch(plain)
    match = bracket or _AGAIN.fullmatch(plain)
    if not match:
        return (text,)
    main, other = match[1].strip(" ,"), match[2].strip()
    lead = _LEAD.match(other)
    other = other[lead.end() :] if lead else other
    first = _value(main)
    if not bracket and not lead and isinstance(first, Quantity) and same_form(main, other):
        return (main, other)
    if first is None or (bracket and not lead and main == other and not _COUNTED.search(main)):  # 2 (2) is a product
        return (text,)
    rough = _ROUGHLY.match(other)
    if rough:
        return (main,) if _rounds(first, other[rough.end() :]) else (text,)
    if _WORKING.search(other) and _works_out(first, other):
        return (main,)
    based = [one for one in read(other) if isinstance(one, Based)]
    if based and based[0].digits == main:  # 28, or 28_9: the second says what was meant
        return (other,)
    further = spellings(other)
    return (main, *further) if all(_is_one(first, _value(one)) for one in further) else (text,)


def _value(text: str) -> Answer | None:
    """The number or the time of day that a text is, perhaps as `x = …` or in words; None for anything else."""
    readings = read(in_figures(text))
    if readings and isinstance(readings[0], Equation):
        sides = readings[0].sides
        return _value(sides[1]) if len(sides) == 2 and is_name(sides[0]) else None
    known = [one for one in readings if isinstance(one, Quantity | Moment)]
    return min(known, key=lambda one: isinstance(one, Quantity) and _number(one) is None, default=None)


def _is_one(one: Answer, other: Answer | None) -> bool:
    """Whether two readings are one value: times by their fields, numbers exactly, in units that agree."""
    if not isinstance(one, Quantity) or not isinstance(other, Quantity):
        return isinstance(one, Moment) and one == other
    factor = math_units.agree(one.unit, other.unit)
    values = _number(one), _number(other)
    if values[0] is None or values[1] is None:
        return factor == 1 and one.percent == other.percent and one.tree == other.tree
    return factor is not None and values[0] == values[1] * factor


def _number(quantity: Quantity) -> Fraction | None:
    try:
        value = exact(quantity.tree)
    except (Undefined, TooBig):
        return None
    return value / 100 if value is not None and quantity.percent else value


def _rounds(value: Answer, text: str) -> bool:
    rounded = _value(text)
    if (
        not isinstance(value, Quantity)
        or not isinstance(rounded, Quantity)
        or math_units.agree(value.unit, rounded.unit) != 1
    ):
        return False
    tree = value.tree if value.percent == rounded.percent else ("mul", value.tree, ("num", "100"))
    return not (value.percent and not rounded.percent) and rounds_to(rounded.tree, tree, minimum=1)


def _works_out(value: Answer, working: str) -> bool:
    """Whether every side of a working, without the things that it counts, comes to the value."""
    if not isinstance(value, Quantity):
        return False
    plain = re.sub(
        r"\\?\$|\\(?:euro|pounds|yen|rupee)\b", "", re.sub(r"(?<=[\d)\s])x(?=[\s\d(])", r"\\times ", working)
    )
    words = _COUNTED.findall(plain)
    if any(math_units.counted(word) is None and math_units.read_unit(word) is None for word in words):
        return False
    sides = [_value(side) for side in _COUNTED.sub("", plain).split("=")]
    wanted = {_number(value), _number(Quantity(value.tree))}
    return all(isinstance(side, Quantity) and _number(side) in wanted - {None} for side in sides)
