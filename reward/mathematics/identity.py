"""Whether two expressions are equal, decided here where both are rational, else left open for a worker."""

import math
from fractions import Fraction

from posttrain.reward.mathematics.answers import INFINITY
from posttrain.reward.mathematics.expressions import Tree, symbols
from posttrain.reward.mathematics.values import Floats, TooBig, Undefined, evaluate, exact, look, read_number
from posttrain.reward.mathematics.verdicts import Verdict, all_of

MIN_ROUNDED_DIGITS = 4
PRINTED_DIGITS = 12  # from here on a decimal is a double as it is printed
MAX_ROUNDED_DIGITS = 17  # what a double prints; a longer decimal is meant exactly


def same_tree(gold: Tree, answer: Tree) -> Verdict:
    """Whether two expressions are equal: exactly where both are rational, else by a first look and a request."""
    if "matrix" in (gold[0], answer[0]):
        return _same_matrix(gold, answer)
    if is_infinite(gold) or is_infinite(answer):
        return infinity_sign(gold) == infinity_sign(answer)
    if symbols(gold) != symbols(answer) or _mentions_infinity(answer):
        return False
    try:
        values = exact(gold), exact(answer)
    except Undefined:
        return False
    if values[0] is not None and values[1] is not None:
        return values[0] == values[1] or rounds_to(gold, answer, MIN_ROUNDED_DIGITS)
    if gold == answer:
        return True
    if rounds_to(gold, answer, PRINTED_DIGITS):  # which a first look cannot tell from the exact value
        return True
    if look(gold, answer) is False:
        return rounds_to(gold, answer, MIN_ROUNDED_DIGITS)
    return ({"gold": gold, "answer": answer},)


def _mentions_infinity(tree: Tree) -> bool:
    """Arithmetic with infinity (`\\infty - \\infty`) has no value."""
    return tree == INFINITY or any(_mentions_infinity(part) for part in tree[1:] if isinstance(part, tuple))


def is_infinite(tree: Tree) -> bool:
    """Whether it is infinity itself, or minus infinity."""
    return infinity_sign(tree) != 0


def infinity_sign(tree: Tree) -> int:
    """1 for infinity itself, -1 for minus infinity, 0 for all else."""
    if tree == INFINITY:
        return 1
    return -1 if tree == ("neg", INFINITY) else 0


def _same_matrix(gold: Tree, answer: Tree) -> Verdict:
    if gold[0] != answer[0] or [len(row) for row in gold[1:]] != [len(row) for row in answer[1:]]:
        return False
    rows = zip(gold[1:], answer[1:], strict=True)
    return all_of(same_tree(g, a) for one, other in rows for g, a in zip(one[1:], other[1:], strict=True))


def rounds_to(rounded: Tree, value: Tree, minimum: int) -> bool:
    """Whether `rounded` is a decimal literal of `minimum` digits or more, and `value` no decimal but rounds to it."""
    sign, literal = (-1, rounded[1]) if rounded[0] == "neg" else (1, rounded)
    if (
        literal[0] != "num"
        or "e" in literal[1].lower()
        or (minimum > 1 and "." not in literal[1])
        or _has_decimal(value)
    ):
        return False
    whole, _, decimals = literal[1].partition(".")
    numbers = Floats()
    digits = len((whole + decimals).lstrip("0"))
    if not minimum <= digits <= MAX_ROUNDED_DIGITS or symbols(value):
        return False
    try:
        number = evaluate(value, {}, numbers)
        known = exact(value)
    except (Undefined, TooBig):
        return False
    if known is not None and minimum > 1 and _terminates(known, len(decimals) + 3):
        return False
    wanted = sign * read_number(literal[1])
    half = Fraction(1, 2 * 10 ** len(decimals)) * (1 + Fraction(1, 10**9))
    # Where the literal has all of a double's digits, its own error and that of the evaluation count too.
    if digits > 15:
        half += (abs(wanted) + min(Fraction(numbers.largest), 100 * abs(wanted))) * Fraction(1, 10**15)
    if known is None and (number.imag or not math.isfinite(number.real) or numbers.largest * 4e-16 > half):
        return False
    return abs((known if known is not None else Fraction(number.real)) - wanted) <= half


def _terminates(value: Fraction, decimals: int) -> bool:
    """Whether the value has that many decimals or fewer: it is then no number that somebody had to round."""
    return (value * 10**decimals).denominator == 1


def _has_decimal(tree: Tree) -> bool:
    if tree[0] == "num":
        return "." in tree[1] or "e" in tree[1].lower()
    return any(_has_decimal(part) for part in tree[1:] if isinstance(part, tuple))
