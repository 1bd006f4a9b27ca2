r"""Number words in the sentence that a reply ends on, as figures: "So Tom has seven apples." -> "So Tom has 7 apples."

Only where that sentence has no figure (or offers one beside the word: "6 or seven"), and only words that say how many
there are: "the two friends", "between three people", "two thirds" and "two cases" do not, and "one" is hardly ever a
number.
"""

import re

from posttrain.reward.mathematics.asides import sentences
from posttrain.reward.mathematics.tokens import word_set
from posttrain.reward.mathematics.units import NOT_COUNTED, SCALES, number_word

_ONES = "two|three|four|five|six|seven|eight|nine"
_NUMBER = re.compile(
    rf"(?<![\w-])(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|{_ONES}))?|(?:one|a) hundred"
    rf"|zero|{_ONES}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)(?![\w-])",
    re.IGNORECASE,
)
_NO_AMOUNT_AFTER = word_set(
    "the these those all both other my your their its his her our each every any between among by into per than of "
    "with in for from after before within to on at"
)
_AMOUNT_AFTER = re.compile(
    r"\b(?:total of|sum of|left with|up with|equal to|comes? to|adds? up to|amounts? to|\d\W*\s+to)\s*$", re.IGNORECASE
)
_NOT_ASKED = word_set(
    "cases steps methods equations unknowns variables questions parts things reasons approaches times solutions "
    "answers values possibilities roots options choices numbers possible"
)


def in_figures(text: str) -> str:
    """A text whose last sentence has its number words as figures; of a sentence that has figures only what is offered
    along with one."""
    spans = sentences(text)
    start, end = spans[-1] if spans else (0, 0)
    sentence = text[start:end]
    words = [*_NUMBER.finditer(sentence)]
    if any(map(str.isdigit, sentence)):  # "6 or seven" are two
        words = [one for one in words if _OR.search(sentence[: one.start()]) or _OR_AFTER.match(sentence, one.end())]
    figures = [_figure(sentence, match) for match in words]
    for one, other, figure in zip(words, words[1:], figures, strict=False):
        between = sentence[one.end() : other.start()].lower().split()
        if figure == one[0] and _JOINING.union(SCALES).issuperset(between):  # "between five and seven"
            return text
    for match, figure in zip(reversed(words), reversed(figures), strict=True):
        sentence = sentence[: match.start()] + figure + sentence[match.end() :]
    return text[:start] + sentence + text[end:]


def _figure(sentence: str, match: re.Match[str]) -> str:
    before, after = sentence[: match.start()], re.findall(r"[a-z-]+", sentence[match.end() :].lower())[:2]
    previous = re.findall(r"[a-z]+", before.lower())[-1:]
    if _NO_AMOUNT_AFTER.intersection(previous) and not _AMOUNT_AFTER.search(before):
        return match[0]
    if after[:1] == ["dozen"]:
        return match[0]
    if after and after[0] in SCALES:
        after = after[1:] if after[1:] and (number_word(after[1]) is not None or after[1] == "and") else []
        return match[0] if after else str(number_word(match[0]))
    if after and (after[0] in NOT_COUNTED - _JOINING or after[0] in _NOT_ASKED):
        return match[0]
    return str(number_word(match[0]))


_OR = re.compile(r"\d\W*\s(?:to|(?:[a-z]+\s){0,2}(?:or|and)(?:\s[a-z]+)?)\s$", re.IGNORECASE)
_OR_AFTER = re.compile(r"\s(?:to|(?:[a-z]+\s){0,2}(?:or|and)(?:\s[a-z]+)?)\s\W*\d", re.IGNORECASE)
_JOINING = word_set("or and plus minus times over to is less more than even")
