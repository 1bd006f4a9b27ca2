r"""The value that a reply ends on, where it marks no answer: the last number with all that belongs to it.

    "so she makes 9 * 2 = $18 every day."      ->  18
    "The solutions are x=2 and x=3."           ->  x=2 and x=3      (a list: right only where the gold is that list)
    "so we have 12 + 5", "at least 5", "3–5"   ->  12 + 5, at least 5, from 3 to 5      (none of them is 5)

Whatever stands beside the number and makes it another answer, or one of several, comes along, so that it is compared
as a whole and is not right by coming last. A dash after a word (`Final answer - 18`) and a bullet are no minus.
"""

import re
from dataclasses import dataclass

from posttrain.reward.mathematics.asides import sentences, without_asides
from posttrain.reward.mathematics.notation import unify_characters
from posttrain.reward.mathematics.number_words import in_figures
from posttrain.reward.mathematics.spellings import spellings
from posttrain.reward.mathematics.tokens import word_set
from posttrain.reward.mathematics.units import read_unit

MAX_ENDING = 4000  # characters at the end, in which the value must lie
MAX_COMPUTED = 300  # characters of a calculation before its result
FORMULA = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$(?!\s)([^$]*?[^\s$\\])\$(?!\d)|(?<!\\)\$\s([^$]+)\s\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]",
    re.DOTALL,
)
_WORD = re.compile(rf"(?:{FORMULA.pattern})|\S+", re.DOTALL)
_DIGITS = r"(?:\d(?:[\d,]*\d)?(?:\.\d+)?|\.\d+)"
_PLAIN = re.compile(rf"([-+]?)\s?\$?\s?([-+]?{_DIGITS})\$?(?:/?[a-zA-Z]+)?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|[-+]?\d*\.?\d+", re.ASCII)
_RANGE = re.compile(rf"\$?({_DIGITS})-\$?({_DIGITS})", re.ASCII)
_NO_UNIT = word_set("in m s g h l n j w v second unit units")  # or a word, or a name
_MARKS = "*_`\"'.,;:!?#~"
_WORD_OPERATORS = word_set("plus minus times over mod modulo choose by of x")
_OPERATORS = _WORD_OPERATORS | word_set("+ - * / ^ % \\times \\cdot \\div squared cubed")
_SIGNED_AFTER = word_set("= is are equals be was to becomes get gives \\approx : (")
_EITHER = re.compile(r"[^.!?\n]{0,20}\bor\b[^.!?\n]{0,20}", re.IGNORECASE)
_BESIDE = re.compile(
    r"\s*(?:[a-zA-Z]+\s+){0,2}[,;]?\s*(?:and|&|\\&|as well as|along with)\s+(?:also\s+)?(?:the\s+)?\$?"
    r"|\s*(?:\||\\mid|/|vs\.?|versus|&)\s*|\s*\n\s*(?:[-*+•]\s+|\d+[.)]\s+)?",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\s*[,;]\s*(?:[a-zA-Z]\w*\s*=\s*)?")
_NAMED = re.compile(r"[a-zA-Z](?:_\{?\w+\}?)?\s*=\s*$")
_FROM_TO = re.compile(r"\s*(?:[a-zA-Z]+\s+)?(?:to|through|until|till)\s+\$?", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:[.!?][\"')*]*\s+(?=[A-Z*$\\])|[.!?:;=\d][^\n]{0,3}\n\s*|\n\s*\n)")
_CONCLUDES = re.compile(r"[,;]\s*(?:and\s+)?(?:so|therefore|thus|hence|which means)\b(?!,)", re.IGNORECASE)
_DOUBT = (
    r"not|never|cannot|\w+n't|nor|neither|either|maybe|perhaps|possibly|probably|presumably|likely|might|unsure"
    r"|uncertain|guess\w*|suppose|wrong|incorrect\w*|unless|except|rather than|instead of|other than|different from"
)
_BEFORE = re.compile(
    rf"\b(?:{_DOUBT}|could (?:also |possibly |well |as well |even |just )*(?:be|equal|have)|e\.g|for example)\b"
    r"|(?-i:\bmay\b)|\b(?:let me know|feel free)\b",
    re.IGNORECASE,
)
_ADJACENT = re.compile(
    r"(?:\bbetween|\b(?:less|more|fewer|greater|larger|smaller|higher|lower|bigger|longer|shorter|older|younger) than"
    r"(?: or equal to)?|\bat (?:least|most)|(?<!sum )(?<!sums )"
    r"(?<!adds )(?<!add )(?<!total )\bup to|\bas (?:much|many|few|little|high|low) as|\bclose to|\bnearly"
    r"|\balmost|\babout|\baround|\broughly|\bover|\bunder|\babove|\bbelow|\bbeyond|\bexceed(?:s|ing)?|\bnear|\bno"
    r"|\bany(?: number| multiple)?(?: of)?|\bmultiples? of|\bfactors? of|\bdivisible by|\bdivided by|\bmultiplied by"
    r"|\bpower of|\bhalf of|\btwice|\bdouble|\bthird of|\broot of|\bsquare of|\bsome|[<>!]=?|=[<>]|\\le|\\ge|\\ne|~)"
    r"\s*(?:an?\s+|the\s+|number\s+)?[$*_(]*\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^\W*(?:(?:is|are|was|were)\s+)?(?:\w+ly\s+)?(?:not|never|cannot|\w+n't)\b|\b(?:maybe|perhaps|possibly|probably|presumably|likely|might|unsure"
    r"|uncertain|guess\w*|suppose|wrong|incorrect\w*|unless|except|rather than|instead of|other than|(?-i:may)|could be"
    r"|at (?:least|most)|or (?:more|less|fewer|so|higher|lower|above|below|greater)|if (?:I|my|we|that))\b|\?",
    re.IGNORECASE,
)
_HALVES = re.compile(r"[*_$]*\s+and (a|one|three)[- ](half|third|quarter|fourth|fifth|eighth)\w*\b", re.IGNORECASE)
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "eighth": 8}
_MEASURE = re.compile(
    r"[*_$]*\s+(?P<half>[ap]\.?\s?m\b\.?)|[*_$]*(?P<scale>\s+(?:hundred|thousand|million|billion|trillion)\b(?!-))?(?:\s+of)?"
    r"(?P<unit>(?:\s+[a-zA-Z]+){0,2})",
    re.IGNORECASE,
)
_RATE = re.compile(r"\s*(?:per|/|an?|each|every)\b", re.IGNORECASE)
_LAST_BRACKET = re.compile(r"(?P<said>.*\S)\s+(?P<bracket>\((?:[^()]|\([^()]*\))*\))[\s.!*]*", re.DOTALL)
_COMPUTED = re.compile(r"(?:[\d$.,()/%*+-]|\\times|\\cdot|\\div|\bx\b|\s)*[\d)]%?\s*=\s*\$?$", re.IGNORECASE)
_TAKEN_BACK = re.compile(
    r"\b(?:wrong|incorrect|mistake\w*|unsure|not (?:sure|certain|right|correct|true|it)|guess\w*|kidding|maybe|perhaps"
    r"|disregard|never mind|scratch that|isn't right|no idea)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Word:
    """A piece of the text between spaces, or a whole formula: its text without marks around it, and where it lies."""

    text: str
    start: int
    end: int
    formula: bool = False

    @property
    def has_digit(self) -> bool:
        return any(map(str.isdigit, self.text))


def last_value(text: str) -> str | None:
    """The value that the text ends on, with what makes it another; None if there is no number at all."""
    text = re.sub(r"(?<=\d)\s?[–—]\s?(?=\$?\d)", " to ", text[-MAX_ENDING:])  # a range
    text = in_figures(without_asides(unify_characters(text)))
    return _respelt(text) or _value_at_end(text)


def _value_at_end(text: str) -> str | None:
    words = _words(text)
    last = next((position for position in reversed(range(len(words))) if words[position].has_digit), None)
    if last is None:
        return None
    first, sign = _expression(words, last)
    end = _continued(words, last)
    if first < last or end > last:
        return _qualified(text, words[first].start, words[end].end)
    others = _others(text, words, last)
    if others:
        return others
    value = _measured(text, words[last], sign)
    doubt = _doubt(text, words[last].start, words[last].end)
    return f"{doubt} {value}".strip() if doubt else value


def last_number(text: str) -> str | None:
    """The same, as a number or several: of an equation what stands last, and nothing that is still to be computed."""
    value = last_value(text)
    if value is None:
        return None
    value = spellings(value)[0]
    if not re.search(r"\b(?:and|or)\b", value):
        value = re.split(r"(?<![<>!=])=", value)[-1].strip()
    return None if re.search(r"[\w)}]\s*[-+*^!]|\\(?:times|cdot|div|sqrt|binom)(?![a-zA-Z])", value) else value


def _words(text: str) -> list[_Word]:
    words = []
    for match in _WORD.finditer(text):
        inside = next((group for group in match.groups() if group), None)
        if inside is not None:
            words.append(_Word(inside.strip(), *match.span(), formula=True))
            continue
        stripped = match[0].strip(_MARKS)
        if match[0].lstrip(_MARKS).startswith(".") or re.match(r"[*_`\"'~#]*\.\d", match[0]):
            stripped = match[0].rstrip(_MARKS).lstrip(_MARKS.replace(".", ""))
        start = match.start() + match[0].find(stripped) if stripped else match.start()
        stripped = re.sub(r"^[a-zA-Z]{3,}:(?=\S)", "", stripped)  # Total:18
        words.append(_Word(_unbracketed(stripped) or match[0], start, start + len(stripped or match[0])))
    return words


def _unbracketed(word: str) -> str:
    """Without brackets that do not pair up in it, or that hold nothing but a number."""
    if re.fullmatch(rf"[(\[][-+]?\$?{_DIGITS}[)\]]", word, re.ASCII):
        return word[1:-1]
    for opening, closing in ("()", "[]", "{}"):
        if word.count(opening) != word.count(closing):
            word = word.lstrip(opening).rstrip(closing).strip(_MARKS.replace(".", ""))
    return word


def _expression(words: list[_Word], last: int) -> tuple[int, str]:
    """(the first word of the calculation that ends at `last`, the sign that stands apart from a single number)."""
    first = last
    while first >= 2 and words[first - 1].text in _OPERATORS and _is_operand(words[first - 2]):
        first -= 2
    if first >= 1 and first < last and words[first - 1].text == "-":
        return first - 1, ""
    if first == last and last >= 1 and words[last - 1].text.lower() in ("-", "minus", "negative"):
        before = words[last - 2].text.lower() if last >= 2 else ""
        worded = words[last - 1].text != "-"
        if worded or before.rstrip(":") in _SIGNED_AFTER or before.endswith(("=", "(")):
            return last, "-"
    return first, ""


def _is_operand(word: _Word) -> bool:
    return word.has_digit or word.formula or bool(re.fullmatch(r"[a-zA-Z]|.*[)}]", word.text))


def _continued(words: list[_Word], last: int) -> int:
    """The last word of a calculation that goes on after the number: `5 + x`. A dash before a word is none."""
    end = last
    while end + 2 < len(words) + 1 and end + 1 < len(words) and words[end + 1].text in _OPERATORS | {"="}:
        operator = words[end + 1].text
        operand = words[end + 2] if end + 2 < len(words) else None
        if not operand or (operator in _WORD_OPERATORS | {"-", "%"} and not _is_operand(operand)):
            break
        end += 2
    return end


def _single(word: _Word, sign: str = "") -> str:
    """One number, without `,` and `$` and what is written onto it; a formula, fraction, power or percentage whole."""
    between = _RANGE.fullmatch(word.text)
    if between:
        return f"from {between[1]} to {between[2]}"
    plain = _PLAIN.fullmatch(word.text)
    if not plain or word.formula:
        return sign + word.text
    number = plain[1] + plain[2]
    number = number.replace(",", "") if _THOUSANDS.fullmatch(number) else number
    return (sign + number.removeprefix("+")).removeprefix("--")


def _respelt(text: str) -> str | None:
    """The value before a bracket that ends the text, with that bracket, which says it again (`spellings`) or, with
    a number of its own, makes it another; None for a bracket without a number, and for a point."""
    spans = sentences(text)
    match = _LAST_BRACKET.fullmatch(text, spans[-1][0]) if spans else None
    if not match or not any(map(str.isdigit, match["said"])):
        return None
    value, bracket = _value_at_end(text[: match.end("said")]), match["bracket"]
    whole = f"{value} {bracket}"
    more = any(map(str.isdigit, in_figures(bracket))) and not re.fullmatch(r"[-\d\s.,/()$]+", bracket, re.ASCII)
    return whole if value and (more or spellings(whole) != (whole,)) else None


def _measured(text: str, word: _Word, sign: str = "") -> str:
    """One number as `_single` has it, with what is written behind it and makes it another (`_measure`)."""
    value, rest = _single(word, sign), text[word.end :]
    half = _HALVES.match(rest)
    if half and word.text.isdigit():
        return f"{value} {3 if half[1].lower() == 'three' else 1}/{_PARTS[half[2].lower()]}"
    return f"{value} {rest[: _measure(text, word)].strip(_MARKS + ' $')}".strip()


def _measure(text: str, word: _Word) -> int:
    """How far what stands behind a number belongs to it: `PM`, `million`, `percent`, a unit (but for that of a rate,
    which the question names)."""
    rest = text[word.end :]
    match = _MEASURE.match(rest)
    if word.formula or not match or not (_PLAIN.fullmatch(word.text) or match["half"]):
        return 0
    if match["half"]:
        return match.end()
    for last in reversed([*re.finditer(r"\S+", match["unit"])]):
        unit, end = match["unit"][: last.end()].strip().lower(), match.start("unit") + last.end()
        if unit in ("percent", "per cent") or (unit not in _NO_UNIT and read_unit(unit) and not _RATE.match(rest, end)):
            return end
    return max(match.end("scale"), 0)


def _others(text: str, words: list[_Word], last: int) -> str | None:
    """The text of all values that are offered along with the last one; None if it stands alone."""
    values = [position for position, word in enumerate(words) if word.has_digit or word.formula]
    values = [position for position in values if position == last or not _enumerates(text, words[position])]
    low = high = values.index(last)
    at_the_end = not re.search(r"\w", text[words[last].end :])
    how = ""
    while low and (joint := _joint(text, words[values[low - 1]], words[values[low]], at_the_end)):
        low, how = low - 1, how or joint
    while high + 1 < len(values) and (joint := _joint(text, words[values[high]], words[values[high + 1]], True)):
        high, how = high + 1, how or joint
    offered = [words[position] for position in values[low : high + 1]]
    singles = list(dict.fromkeys(_single(word) for word in offered))
    if low == high or (len(singles) == 1 and not any(word.formula for word in offered)):
        return None
    if how == "range":
        return f"from {' to '.join(singles)}"
    if how == "or":
        return " or ".join(dict.fromkeys(_measured(text, word) for word in offered))
    return _qualified(text, offered[0].start, offered[-1].end + _measure(text, offered[-1]))


def _enumerates(text: str, word: _Word) -> bool:
    """Whether a number only counts the lines of a list: `2. 5`."""
    begins_line = not text[text.rfind("\n", 0, word.start) + 1 : word.start].strip()
    return begins_line and word.text.isdigit() and bool(re.match(r"[.)]\s+\S", text[word.end :][:8]))


def _alone(text: str, word: _Word) -> bool:
    """Whether a value that is no equation has its line for itself, but for a bullet or number."""
    ends = text.find("\n", word.end)
    line = text[text.rfind("\n", 0, word.start) + 1 : ends if ends >= 0 else len(text)]
    return "=" not in word.text and not re.search(
        r"[^\W_]", re.sub(r"^\s*\d+[.)]\s", "", line).replace(word.text, "", 1)
    )


def _joint(text: str, one: _Word, other: _Word, list_may_end: bool) -> str:
    """How two values stand side by side: "or", "and" (or the like), "range", or "" where they do not."""
    between = _NAMED.sub("", text[one.end : other.start])
    if len(between) > 48:
        return ""
    if _EITHER.fullmatch(between):
        return "or"
    if _FROM_TO.fullmatch(between):
        return "range"
    if "\n" in between and not (_alone(text, one) and _alone(text, other)):
        return ""
    if _BESIDE.fullmatch(between) or (list_may_end and between.strip() and _LISTED.fullmatch(between)):
        return "and"
    return ""


def _qualified(text: str, start: int, end: int) -> str:
    """A piece of the text with the name (`x =`) and the brackets around it, and with what is in doubt about it."""
    doubt = _doubt(text, start, end)
    named = _NAMED.search(text, max(0, start - 12), start)
    start = named.start() if named and named.end() == start else start
    if start and text[start - 1] in "([" and text[end : end + 1] in (")", "]") and text[end : end + 1]:
        start, end = start - 1, end + 1
    return f"{doubt} {text[start:end]}".strip()


def _doubt(text: str, start: int, end: int) -> str:
    """The word near a value that takes it back, leaves it open or makes it a bound; "" if there is none."""
    breaks = [match.end() for match in _SENTENCE_START.finditer(text, 0, start)]
    before = text[breaks[-1] if breaks else 0 : start]
    concluded = [match.end() for match in _CONCLUDES.finditer(before)]
    before = before[concluded[-1] if concluded else 0 :]
    computed = _COMPUTED.search(before, max(0, len(before) - MAX_COMPUTED))
    if computed:  # "how long he did not run: 60 - 42 = 18": only what stands right before it is said of the result
        before = " ".join(before[: computed.start()].split()[-2:])
    rest = text[end:]
    sentence = re.split(r"\n|(?<=[.!?])\s", rest, maxsplit=1)[0]
    found = _BEFORE.search(before) or _ADJACENT.search(before) or _AFTER.search(sentence) or _TAKEN_BACK.search(rest)
    return found[0].strip(" $*_(") or "?" if found else ""
