r"""What only names the answer: the left side of an equation (`x`, `f(2)`, \\angle ABC, Area), a label (`Total: 18`)."""

import re

from posttrain.reward.mathematics import units as math_units
from posttrain.reward.mathematics.expressions import symbols
from posttrain.reward.mathematics.notation import plain_text
from posttrain.reward.mathematics.numerals import read_tree
from posttrain.reward.mathematics.tokens import word_set

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
_LABEL = re.compile(r"(?:[a-zA-Z](?:_\{?\w+\}?)?|[a-zA-Z][a-zA-Z '-]{1,60}?)(?:\*\*|__)?\s?:(?:\*\*|__)?\s+(?=\S)")
_NO_LABEL = math_units.HEDGES | word_set(
    "least most less than more over under between below above false rejected example question problem step attempt "
    "try estimate estimated case hint note given answer"
)


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


def unlabelled(text: str, shortest: int = 1) -> str:
    """A text without a label of so many letters that only names what follows: `Total: 18`, `x: 5`. One that hedges, or
    says that what follows is no answer, stays."""
    label = _LABEL.match(text)
    words = re.findall(r"[a-z]+", label[0].lower()) if label else []
    if not label or len("".join(words)) < shortest or _NO_LABEL.intersection(words):
        return text
    return text[label.end() :].strip("*_` ")


def plain_name(name: str) -> str:
    """A name without spaces and braces, which make no other name."""
    return re.sub(r"[\s{}]", "", name)
