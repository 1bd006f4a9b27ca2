r"""Whether two answers say the same, decided here where that is possible, and handed on as requests where it is not.

A verdict is False, True, or a tuple of requests: pairs of trees that agree in double precision and are equal if a
worker (worker) finds them so with many more digits. `equal` is True only if the gold's own form allows it:

- Lists, sets and solutions (`x=1 or x=2`) agree in any order, tuples, intervals and values of several names in theirs.
  A bare list is no tuple; a set is what is left without repeats; a union is its points.
- One value is not several, an interval is not a number in it, and an answer has no symbol that the gold has not.
- A decimal is exactly what it says: 0.333 is not 1/3, 3.14 not π. Only where the *gold* is rounded (a decimal of four
  digits or more) does the exact number that rounds to it count, so 200/3 answers 66.67, and π 3.1416.
- Percent as MATH's own rule has it: the sign may be left out or put in (`50` is `50%`) where the size of the number
  makes the meaning plain, that is above 1; and 50% is 1/2.
- `x=5` is 5 and `5=x`; the name counts if both have one. An equation in two or more symbols may be rearranged.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

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
from posttrain.reward.mathematics.expressions import symbols
from posttrain.reward.mathematics.identity import rounds_to, same_tree
from posttrain.reward.mathematics.intervals import same_span
from posttrain.reward.mathematics.names import is_name, named_symbols, plain_name
from posttrain.reward.mathematics.notation import normalise
from posttrain.reward.mathematics.numerals import read_tree
from posttrain.reward.mathematics.quantities import same_quantity
from posttrain.reward.mathematics.reading import read
from posttrain.reward.mathematics.values import look_proportional
from posttrain.reward.mathematics.verdicts import Verdict, all_of, first_of


@lru_cache(8192)
def equal(gold: str, answer: str) -> Verdict:
    """The verdict on an answer's text: True, False, or the requests that must all be confirmed for True."""
    gold_text, answer_text = _compact(gold), _compact(answer)
    if not gold_text or not answer_text:
        return False
    if gold_text == answer_text:
        return True
    golds, answers = read(gold), read(answer)
    verdict = first_of(lambda pair: same(*pair), [(g, a) for g in golds for a in answers])
    if verdict is False and _is_foreign(gold) and _is_foreign(answer):
        return ({"latex": [normalise(gold), normalise(answer)]},)
    return verdict


def _is_foreign(text: str) -> bool:
    """LaTeX that our grammar does not know (integrals, sums, vectors …): a larger parser tries it, in a worker."""
    text = normalise(text)
    only_words = all(isinstance(one, Words) for one in read(text))
    return only_words and len(text) <= 300 and bool(re.search(r"\\(?!text(?![a-zA-Z]))[a-zA-Z]+", text))


def _compact(text: str) -> str:
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", normalise(text))  # `1 1/2` is not `11/2`


def same(gold: Answer, answer: Answer) -> Verdict:
    """Whether one reading of the answer says what one reading of the gold says."""
    if isinstance(answer, Label) and not isinstance(gold, Label):
        return first_of(lambda value: same(gold, value), answer.value)
    if isinstance(gold, Label):
        return _same_label(gold, answer)
    if isinstance(gold, Equation) or isinstance(answer, Equation):
        return _same_equation(gold, answer)
    gold, answer = _as_alike(gold, answer), _as_alike(answer, gold)
    if isinstance(gold, Several) and isinstance(answer, Several):
        return _same_several(gold, answer)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _same_single(gold, answer)
    if type(gold) is not type(answer):
        return False
    return _RULES[type(gold)](gold, answer)


def _as_alike(one: Answer, other: Answer) -> Answer:
    """Tuples as the intervals, and numbers as the ratios, that the other side says they are."""
    if isinstance(other, Span) and isinstance(one, Several) and len(one.items) == 2 and one.opening in ("(", "["):
        low, high = one.items[0][0], one.items[1][0]
        if isinstance(low, Quantity) and isinstance(high, Quantity):
            return Span(((low.tree, high.tree, one.opening == "(", one.closing == ")"),))
    if isinstance(other, Quantity) and isinstance(one, Ratio) and len(one.parts) == 2:
        return Quantity(("div", *one.parts))
    return one


def _same_label(gold: Label, answer: Answer) -> Verdict:
    if not isinstance(answer, Label):
        return first_of(lambda value: same(value, answer), gold.value)
    if gold.letter != answer.letter:
        return False
    if not gold.value or not answer.value:
        return True
    return first_of(lambda pair: same(*pair), [(g, a) for g in gold.value for a in answer.value])


def _same_several(gold: Several, answer: Several) -> Verdict:
    both_sets = gold.opening == answer.opening == "{"
    if len(gold.items) != len(answer.items) and not both_sets:
        return False
    ordered = {"(", "["}
    if gold.opening in ordered or answer.opening in ordered:
        named = gold.opening == "(" and _named_values(answer)
        if named:
            answer = Several(tuple(named[name] for name in sorted(named)), "(", ")")
        elif gold.opening != "(" and answer.opening == "(" and _named_values(gold):
            return _same_several(answer, gold)
        if (gold.opening, gold.closing) != (answer.opening, answer.closing):
            return False
        return all_of(_same_item(g, a) for g, a in zip(gold.items, answer.items, strict=True))
    golds, answers = _named_values(gold), _named_values(answer)
    if golds and answers:
        if golds.keys() != answers.keys():
            return False
        return all_of(_same_item(golds[name], answers[name]) for name in golds)
    if golds:
        return _in_order(golds, answer)
    if both_sets:
        gold, answer = _without_repeats(gold), _without_repeats(answer)
    if len(gold.items) != len(answer.items):
        return False
    return _matched(_values_of_one_name(gold, answer), _values_of_one_name(answer, gold))


def _in_order(golds: dict[str, tuple[Answer, ...]], answer: Several) -> Verdict:
    """Values without names for a gold's named ones: in the gold's order, or in that of the names; a set has none."""
    if answer.opening or any(map(_assignment, answer.items)):
        return False
    orders = [[*golds.values()], [golds[name] for name in sorted(golds)]]
    pairs = [zip(order, answer.items, strict=True) for order in orders]
    return first_of(lambda order: all_of(_same_item(*pair) for pair in order), pairs)


def _without_repeats(several: Several) -> Several:
    """A set without the items that surely are one with an earlier one."""
    kept: list[tuple[Answer, ...]] = []
    for item in several.items:
        if not any(_same_item(earlier, item) is _same_item(item, earlier) is True for earlier in kept):
            kept.append(item)
    return replace(several, items=tuple(kept))


def _same_item(gold: tuple[Answer, ...], answer: tuple[Answer, ...]) -> Verdict:
    return first_of(lambda pair: same(*pair), [(g, a) for g in gold for a in answer])


def _matched(golds: Sequence[tuple[Answer, ...]], answers: Sequence[tuple[Answer, ...]]) -> Verdict:
    """Each gold item with an answer item of its own, in any order. What agrees to double precision agrees with all that
    do, so taking the first match never hides another."""
    left, verdicts = list(answers), []
    for gold in golds:
        for position, answer in enumerate(left):
            verdict = _same_item(gold, answer)
            if verdict is not False:
                verdicts.append(verdict)
                del left[position]
                break
        else:
            return False
    return all_of(verdicts)


def _assignment(item: tuple[Answer, ...]) -> tuple[str, tuple[Answer, ...]] | None:
    """(name, readings of the value) of an item such as `x=1`."""
    equation = item[0]
    if not isinstance(equation, Equation) or len(equation.sides) != 2:
        return None
    for name, value in (equation.sides, equation.sides[::-1]):
        if is_name(name) and not is_name(value):
            return name.replace(" ", ""), read(value)
    return None


def _named_values(several: Several) -> dict[str, tuple[Answer, ...]]:
    """{name: value} of `x=1, y=2`, all names different; {} for any other list."""
    found = [_assignment(item) for item in several.items]
    named = {one[0]: one[1] for one in found if one}
    return named if len(named) == len(several.items) and len({_stem(name) for name in named}) > 1 else {}


def _stem(name: str) -> str:
    return re.sub(r"_\{?\d+\}?$", "", name)


def _values_of_one_name(several: Several, other: Several) -> Sequence[tuple[Answer, ...]]:
    """The values of `x=1 or x=2`, `x_1=1, x_2=2` and `x=1, 2`, if the other list does not speak of another name."""
    found = [_assignment(item) for item in several.items]
    names = {_stem(one[0]) for one in found if one}
    others = {_stem(one[0]) for one in map(_assignment, other.items) if one}
    if len(names) != 1 or len(others) > 1 or (others and others != names):
        return several.items
    return [one[1] if one else item for one, item in zip(found, several.items, strict=True)]


def _same_single(gold: Answer, answer: Answer) -> Verdict:
    """A set of one element is that element; a list is never one value."""
    several, single = (gold, answer) if isinstance(gold, Several) else (answer, gold)
    if not isinstance(several, Several) or several.opening != "{" or len(several.items) != 1:
        return False
    return first_of(lambda one: same(one, single) if several is gold else same(single, one), several.items[0])


def _same_equation(gold: Answer, answer: Answer) -> Verdict:
    if not isinstance(answer, Equation):
        return _same_as_value(gold, answer) if isinstance(gold, Equation) else False
    if not isinstance(gold, Equation):
        return _value_is(answer, lambda side: first_of(lambda one: same(gold, one), read(side)), _symbols_of(gold))
    names, values = _sides(gold)
    if names and values:
        found, _ = _sides(answer)
        if not found or {plain_name(name) for name in found} & {plain_name(name) for name in names}:
            verdict = _value_is(answer, lambda side: equal(values[-1], side), frozenset())
            if verdict is not False:
                return verdict
    elif values and not names:
        verdict = _value_is(answer, lambda side: first_of(lambda value: equal(value, side), values), frozenset())
        if verdict is not False:
            return verdict
    return _rearranged(gold, answer)


def _sides(equation: Equation) -> tuple[list[str], list[str]]:
    """(sides that only name something, sides that say what it is). The first name is enough: in `y = x`, x is said."""
    names = [side for side in equation.sides[:1] if is_name(side)]
    if not names and is_name(equation.sides[-1]):
        return [equation.sides[-1]], list(equation.sides[:-1])
    return names, list(equation.sides[len(names) :])


def _same_as_value(gold: Equation, answer: Answer) -> Verdict:
    """A gold `x = 5` or `0.56 = 56%` against an answer that only gives the value."""
    _, values = _sides(gold)
    return first_of(lambda side: first_of(lambda one: same(one, answer), read(side)), reversed(values))


def _value_is(answer: Equation, check: Callable[[str], Verdict], taken: frozenset[str]) -> Verdict:
    """Whether every side of the answer that is a value passes. A rounded side may follow an exact one.

    `5 = 5` says nothing, and a name that is among the gold's own symbols (`x = 2x`) names nothing.
    """
    names, values = _sides(answer)
    if names and named_symbols(names[0]) & taken:
        return False
    rough = dict(zip(answer.sides, answer.rough, strict=True))
    exact_sides = [side for side in values if not rough[side]] or values[:1]
    spellings = {_compact(side) for side in values}
    if (
        not values
        or len(spellings) < len(values)
        or (not names and len(values) < 2)
        or spellings & set(map(_compact, names))
    ):
        return False
    return all_of(
        [
            *map(check, exact_sides),
            *(_rounds(exact_sides[-1], side) for side in values if rough[side] and side not in exact_sides),
        ]
    )


def _rounds(value: str, rounded: str) -> bool:
    """Whether a side after ≈ is near what stands before it, to the digits that it has."""
    pairs = [(a, b) for a in read(value) for b in read(rounded) if isinstance(a, Quantity) and isinstance(b, Quantity)]
    return any(rounds_to(pair[1].tree, pair[0].tree, minimum=1) for pair in pairs)


def _symbols_of(answer: Answer) -> frozenset[str]:
    return symbols(answer.tree) if isinstance(answer, Quantity) else frozenset()


def _rearranged(gold: Equation, answer: Equation) -> Verdict:
    """Two equations in the same two or more symbols, equal up to a constant factor of (left - right)."""
    if len(gold.sides) != 2 or len(answer.sides) != 2:
        return False
    trees = [read_tree(side) for side in (*gold.sides, *answer.sides)]
    if not all(trees):
        return False
    g, a = (("add", left, ("neg", right)) for left, right in (trees[:2], trees[2:]))
    if symbols(g) != symbols(a) or len(symbols(g)) < 2 or look_proportional(g, a) is False:
        return False
    return ({"gold": g, "answer": a, "proportional": True},)


def _same_ratio(gold: Ratio, answer: Ratio) -> Verdict:
    if len(gold.parts) != len(answer.parts):
        return False
    pairs = list(zip(gold.parts, answer.parts, strict=True))
    return all_of(same_tree(("div", g, pairs[0][0]), ("div", a, pairs[0][1])) for g, a in pairs)


def _same_residue(gold: Residue, answer: Residue) -> Verdict:
    if gold.name and answer.name and plain_name(gold.name) != plain_name(answer.name):
        return False
    return gold.modulus == answer.modulus and (gold.value - answer.value) % gold.modulus == 0


def _same_moment(gold: Moment, answer: Moment) -> Verdict:
    """A date's year may be left out if the gold leaves it out; the rest must agree. A time without its half of the day
    is the one that it is on a clock of 24 hours: 12:30 is 12:30 PM, 10:00 is not 10:00 PM."""
    if gold.kind != answer.kind:
        return False
    if gold.kind == "time":
        return gold.fields[:-1] == answer.fields[:-1]
    return all(mine == theirs or mine is None for mine, theirs in zip(gold.fields, answer.fields, strict=True))


_RULES: dict[type, Callable[[Any, Any], Verdict]] = {
    Quantity: same_quantity,
    Words: lambda gold, answer: _bare_words(gold.text) == _bare_words(answer.text),
    Span: same_span,
    Based: lambda gold, answer: gold == answer,
    Ratio: _same_ratio,
    Residue: _same_residue,
    Moment: _same_moment,
    Empty: lambda gold, answer: True,
}
_LEADING = re.compile(r"^(?:(?:it|they|this|the|a|an|on|in|is|are)\s+)+(?=\w)")


def _bare_words(text: str) -> str:
    return _LEADING.sub("", text)
