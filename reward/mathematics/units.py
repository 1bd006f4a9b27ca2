r"""What stands beside a number: units, currency, degrees, percent, counted things, and words that change its size.

    split_unit(r"12\sqrt{13}\text{ feet}")  ->  (r"12\sqrt{13}", Unit(("length",), 0.3048), scale 1)

Units are compared when both sides have one (`10 cm` is `0.1 m` and not `10 m`); a side without one leaves it to the
question, as MATH's own rule does. Words that are no unit may only name what was counted (`5 apples`), and only after a
plain number: any word that could hedge, negate or calculate ("maybe", "less", "squared") is refused.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from posttrain.reward.mathematics.notation import plain_text
from posttrain.reward.mathematics.tokens import word_set

F = Fraction
_UNITS: dict[str, dict[str, Fraction]] = {
    "length": {
        "nm|nanometer|nanometre": F(1, 10**9),
        "mm|millimeter|millimetre": F(1, 1000),
        "cm|centimeter|centimetre": F(1, 100),
        "dm|decimeter|decimetre": F(1, 10),
        "m|meter|metre": F(1),
        "km|kilometer|kilometre|kms": F(1000),
        "inch|inches|in": F(254, 10000),
        "foot|feet|ft": F(3048, 10000),
        "yard|yd": F(9144, 10000),
        "mile|mi": F(1609344, 1000),
    },
    "area": {"acre": F(1), "hectare|ha": F(10000 * 10**6, 4046856422)},
    "volume": {
        "ml|milliliter|millilitre|mL": F(1, 1000),
        "l|L|liter|litre": F(1),
        "gallon|gal": F(1) * 3785411784 / 10**9,
        "quart|qt": F(1) * 946352946 / 10**9,
        "pint|pt": F(1) * 473176473 / 10**9,
        "cup": F(1) * 2365882365 / 10**10,
        "tablespoon|tbsp": F(1) * 14786764781 / 10**12,
        "teaspoon|tsp": F(1) * 4928921594 / 10**12,
    },
    "mass": {
        "mg|milligram": F(1, 1000),
        "g|gram|gm": F(1),
        "kg|kilogram|kilo": F(1000),
        "ton|tonne": F(10**6),
        "pound|lb": F(45359237, 100000),
        "ounce|oz": F(45359237, 1600000),
    },
    "time": {
        "ms|millisecond": F(1, 1000),
        "s|sec|second": F(1),
        "min|minute": F(60),
        "h|hr|hour": F(3600),
        "day": F(86400),
        "week|wk": F(604800),
    },
    "years": {"month": F(1), "year|yr": F(12), "decade": F(120), "century|centuries": F(1200)},
    "dollar": {"dollar|usd|buck": F(1), "cent": F(1, 100)},
    "euro": {"euro|eur": F(1)},
    "sterling": {"pounds sterling|gbp": F(1)},
    "rupee": {"rupee|inr": F(1)},
    "yen": {"yen|jpy": F(1)},
    "angle": {"degree|deg": F(1)},
    "radian": {"radian|rad": F(1)},
    "celsius": {"degrees celsius|degree celsius|celsius|degrees c|degree c": F(1)},
    "fahrenheit": {"degrees fahrenheit|degree fahrenheit|fahrenheit|degrees f|degree f": F(1)},
    "unit": {"unit": F(1)},
    "newton": {"newton|N": F(1)},
    "joule": {"joule|J": F(1)},
    "watt": {"watt|W": F(1)},
    "volt": {"volt|V": F(1)},
}
_NAMES = {
    alias: (kind, factor)
    for kind, table in _UNITS.items()
    for aliases, factor in table.items()
    for alias in aliases.split("|")
}
_COMPOUNDED = frozenset({"length", "mass", "volume", "time", "years", "dollar"})
_SPEEDS = {
    "mph": "miles per hour",
    "kph": "km per hour",
    "kmh": "km per hour",
    "kmph": "km per hour",
    "fps": "feet per second",
}
_CURRENCY = {"\\$": "dollar", "\\euro": "euro", "\\pounds": "sterling", "\\yen": "yen", "\\rupee": "rupee"}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_TENS = {
    name: 10 * tens
    for tens, name in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
# Words that take an answer back, or offer another.
HEDGES = word_set(
    "or either neither nor maybe perhaps possibly probably likely not no none never about approximately approx roughly "
    "around nearly almost if unless except but guess think unsure unknown wrong incorrect otherwise else instead sorry "
    "wait actually ou oder vel sive could might may can any all every"
)
# Words after a number that make it another answer, or no answer at all.
NOT_COUNTED = HEDGES.union(
    _NUMBER_WORDS,
    word_set(
        "and less more fewer greater larger smaller bigger than least most between to from through plus minus times "
        "over under by divided multiplied mod modulo choose squared cubed factorial base power root half halves third "
        "thirds fourth fourths quarter quarters fifth fifths sixth sixths eighth eighths tenth tenths hundredth "
        "hundredths thousandth thousandths percent percentage pct score inf infinity nan true false is are was equals "
        "equal others other both up down off out pi cos sin tan log ln sqrt exp x y z et und negative positive odd "
        "even remainder hundreds thousands millions billions trillions dozens hundred thousand million billion "
        "trillion dozen double twice triple thrice single pairs pair couple few several many some k m b bn mn"
    ),
)
_POWER_SUFFIX = re.compile(r"\s*\^\s*\{?\s*([23])\s*\}?$")
_TAIL = re.compile(
    r"""^(?P<number>.*?[\d)}\]!|a-zA-Z])?      # the number, lazily
        (?P<unit>\s*\\text\s*\{[^{}]*\}(?:\s*/\s*\\text\s*\{[^{}]*\})?(?:\s*\^\s*\{?\s*[23]\s*\}?)?
              |\s*\\degree\s*(?:\\?text\{\s*)?[CF]?\s*\}?
              |\s*[a-zA-Z][a-zA-Z.\s/-]*(?:\s*\^\s*\{?\s*[23]\s*\}?)?)$""",
    re.VERBOSE | re.DOTALL,
)
_NUMERIC = re.compile(
    r"[-+]?\s*(?:\d[\d,]*\.?\d*|\.\d+)(?:\s*/\s*\d+)?|[-+]?\s*(?:\d+\s*)?\\frac\s*(?:\{\d+\}|\d)\s*(?:\{\d+\}|\d)",
    re.ASCII,
)
_ORDINAL = re.compile(r"(\d)\s*(?:\^\s*\{?\s*)?(?:\\text\{\s*(?:st|nd|rd|th)\s*\}|(?:st|nd|rd|th))\s*\}?$", re.ASCII)


@dataclass(frozen=True)
class Unit:
    """A unit's dimension, one name for each factor (("length", "length") is an area), and its size in that dimension.

    Counted things have the dimension ("things", …their words) and size 1.
    """

    dimension: tuple[str, ...]
    size: Fraction = F(1)


@dataclass(frozen=True)
class Measured:
    """An expression's text, apart from its unit, percent sign and scale word."""

    number: str
    unit: Unit | None = None
    percent: bool = False
    scale: int = 1


def agree(gold: Unit | None, answer: Unit | None) -> Fraction | None:
    """By what the answer's number is multiplied before it is compared with the gold's; None if they never agree."""
    if gold is None or answer is None or gold == answer:
        return F(1)
    if "things" in (gold.dimension[0], answer.dimension[0]):
        if gold.dimension[0] != answer.dimension[0]:
            return F(1) if "unit" in gold.dimension + answer.dimension else None
        return (
            F(1)
            if set(gold.dimension) <= set(answer.dimension) or set(answer.dimension) <= set(gold.dimension)
            else None
        )
    kinds = {gold.dimension, answer.dimension}
    if ("angle",) in kinds and kinds & {("celsius",), ("fahrenheit",)}:  # `25^\\circ` of a temperature
        return F(1)
    if gold.dimension == answer.dimension:
        return answer.size / gold.size
    return (
        F(1)
        if {"unit"} in (set(gold.dimension), set(answer.dimension)) and len(gold.dimension) == len(answer.dimension)
        else None
    )


def split_unit(text: str) -> Measured:
    """Take a normalised answer apart. What has no unit that is understood keeps its text whole."""
    text = text.strip()
    percent = text.endswith("%") and len(text) > 1
    if percent:
        return Measured(text[:-1].removesuffix("\\").strip(), percent=True)
    for sign, name in _CURRENCY.items():
        negative = text.startswith("-")
        rest = text.lstrip("-").lstrip()
        if rest.startswith(sign):
            inner = _split_phrase(rest.removeprefix(sign).strip())
            if inner.unit is None or inner.unit.dimension[0] in (name, "things"):
                return Measured("-" * negative + inner.number, Unit((name,)), scale=inner.scale)
            return Measured(text)
        if text.endswith(sign):
            return Measured(text.removesuffix(sign).strip(), Unit((name,)))
    return _split_phrase(text)


def _split_phrase(text: str) -> Measured:
    text = _ORDINAL.sub(r"\1", text) if text[:1].isdigit() else text
    match = _TAIL.match(text)
    if not match or not match["number"]:
        return Measured(text)
    # The lazy number may end inside a word: give the word back whole.
    number, phrase = match["number"].strip(), match["unit"]
    while number and number[-1].isalpha() and phrase[:1].isalpha():
        number, phrase = number[:-1], number[-1] + phrase
    number, words = number.strip(), _phrase(phrase)
    bare = bool(_NUMERIC.fullmatch(number))
    scale = 1
    first, _, rest = words.partition(" ")
    if bare and first.lower() in SCALES:
        scale, words = SCALES[first.lower()], rest.removeprefix("of ").strip()
        if not words:
            return Measured(number, scale=scale)
    unit = read_unit(words)
    lettered = len(words) == 1 and "\\text" not in phrase and not (bare and phrase[:1] == " ")
    if unit and number and not lettered and ("\\" in phrase or bare or not number[-1].isalpha()):
        return Measured(number, unit, scale=scale)
    things = counted(words) if bare and phrase[:1] in " \\" else None
    return Measured(number, things, scale=scale) if things else Measured(text)


def _phrase(text: str) -> str:
    text = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text).replace("\\degree", " degree ").replace("}", " } ")
    text = re.sub(r"\s*\^\s*(?:\{\s*)?([23])(?:\s*\})?\s*$", r"^\1", text.strip())
    return re.sub(r"\s+", " ", text.replace("{", " ").replace("}", " ")).strip(" .,;")


@lru_cache(4096)
def read_unit(words: str) -> Unit | None:
    """The unit that a phrase names: `cm`, `square feet`, `km/h`, `miles per hour`, `cubic inches`, `degrees C`."""
    words = _SPEEDS.get(words.lower().replace(".", ""), words)
    above, per, below = re.sub(r"\s*/\s*", " per ", words).partition(" per ")
    unit = _simple_unit(above.strip())
    if not per or not unit:
        return unit
    under = _simple_unit(below.strip().removeprefix("a ").removeprefix("an "))
    if not under:
        return None
    return Unit(("per", *unit.dimension, *under.dimension), unit.size / under.size)


def _simple_unit(words: str) -> Unit | None:
    raised = _POWER_SUFFIX.search(words)
    power = int(raised[1]) if raised else 1
    words = _POWER_SUFFIX.sub("", words).replace(".", "").strip()
    first, _, rest = words.partition(" ")
    if first.lower() in ("square", "sq", "cubic", "cu") and rest:
        power, words = (2 if first.lower().startswith("sq") else 3), rest
    elif rest.lower() in ("squared", "cubed"):
        power, words = (2 if rest.lower() == "squared" else 3), first
    entry = _named(words)
    return Unit((entry[0],) * power, entry[1] ** power) if entry else None


def _named(words: str) -> tuple[str, Fraction] | None:
    if words in _NAMES:
        return _NAMES[words]
    words = words.lower()
    for form in (words, words.removesuffix("s"), words.removesuffix("es")):
        if form in _NAMES and len(form) > 1:
            return _NAMES[form]
    return None


@lru_cache(4096)
def counted(words: str) -> Unit | None:
    """The things that a number counts, if the words do nothing else: at most five plain words, none suspect."""
    parts = words.lower().replace(".", "").split()
    plain = all(re.fullmatch(r"[a-z]{2,}(?:-[a-z]+)*|a", part) for part in parts)
    if (
        not parts
        or len(parts) > 5
        or not plain
        or any(word in NOT_COUNTED for part in parts for word in part.split("-"))
    ):
        return None
    left_out = ("of", "the", "different", "total", "in", "a", "distinct", "possible", "each", "only", "exactly")
    stems = {re.sub(r"(?<=..)(?:ies|es|s|y)$", "", part) for part in parts if part not in left_out}
    return Unit(("things", *sorted(stems))) if stems else None


def compound(text: str) -> tuple[Fraction, Unit] | None:
    """`7 hours and 30 minutes` as 7.5 of its first unit, and that unit; None for anything else.

    Two or three measures of one kind from the largest down, each below one of the unit before it, the last perhaps with
    decimals.
    """
    parts = re.split(r"\s*(?:,?\s+and\s+|,\s*|\s+)(?=\d)", plain_text(text))
    found = [re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\.?", part, re.ASCII) for part in parts]
    units = [_named(match[2]) for match in found if match]
    if not 2 <= len(parts) <= 3 or None in found or None in units:
        return None
    numbers = [F(match[1]) for match in found if match]
    (kind, largest), *smaller = [unit for unit in units if unit]
    total, size = numbers[0], largest
    for number, (other, below) in zip(numbers[1:], smaller, strict=True):
        if other != kind or below >= size or number * below >= size:
            return None
        total, size = total + number * below / largest, below
    whole = all(number.denominator == 1 for number in numbers[:-1])
    return (total, Unit((kind,), largest)) if whole and kind in _COMPOUNDED else None


def number_word(words: str) -> int | None:
    """`four` -> 4, `twenty-one` -> 21, `one hundred` -> 100: whole numbers up to a hundred, spelt out."""
    words = words.lower().replace("-", " ").strip()
    if words in ("one hundred", "a hundred"):
        return 100
    if words in _NUMBER_WORDS:
        return _NUMBER_WORDS.index(words)
    tens, _, ones = words.partition(" ")
    if tens in _TENS and (not ones or ones in _NUMBER_WORDS[1:10]):
        return _TENS[tens] + (_NUMBER_WORDS.index(ones) if ones else 0)
    return None
