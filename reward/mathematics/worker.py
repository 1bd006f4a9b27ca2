"""The worker that confirms an equality: `python -m posttrain.reward.mathematics.worker`, JSON lines in and out.

    {"gold": tree, "answer": tree}                         -> {"started": true}, {"equal": true}
    {"gold": tree, "answer": tree, "proportional": true}       equal up to a constant factor
    {"latex": [gold, answer]}                                  what only latex2sympy2-extended and math-verify read

Two expressions are held equal when they agree to 100 digits, beyond every digit written in them, at several
points (identity testing; one point if there are no symbols). Numbers may be as large as they like: the caller kills the
process at its deadline, and the limits below end it if the caller is gone. No text is run as code on the way: trees are
data, and of math-verify only the LaTeX grammar is used, never its path for plain expressions, which is Python's eval.
"""

import json
import os
import resource
import sys
from fractions import Fraction
from typing import Any

import mpmath

from posttrain.reward.mathematics.expressions import Tree, symbols
from posttrain.reward.mathematics.values import TooBig, Undefined, evaluate, sample_points

MEMORY_BYTES = 2 << 30
DIGITS = 120
SPARE_DIGITS = 20
MAX_DIGITS = 6000
POINTS = 8


class LongFloats:
    """mpmath's arithmetic at its current precision, as `evaluate` wants it."""

    functions = {
        **{name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "ln")},
        **{f"arc{name}": getattr(mpmath, f"a{name}") for name in ("sin", "cos", "tan")},
    }
    root_of = staticmethod(mpmath.sqrt)

    def __init__(self) -> None:
        self.largest = mpmath.mpf(0)
        self.pi, self.e = mpmath.mpc(mpmath.pi), mpmath.mpc(mpmath.e)

    def number(self, value: Fraction) -> Any:
        return mpmath.mpc(value.numerator) / value.denominator

    def factorial(self, value: Any) -> Any:
        return mpmath.gamma(value + 1)

    def floor(self, value: Any) -> Any:
        return mpmath.floor(value)

    def ceil(self, value: Any) -> Any:
        return mpmath.ceil(value)

    def note(self, value: Any) -> Any:
        value = mpmath.mpc(value)
        if not (mpmath.isfinite(value.real) and mpmath.isfinite(value.imag)):
            raise TooBig
        self.largest = max(self.largest, abs(value))
        return value


def main() -> None:
    """Answer requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        request = json.loads(line)
        limit_processor_time(request["seconds"])
        if "latex" in request:
            import math_verify  # noqa: F401  one second, which is not the request's
        reply({"started": True})
        reply({"equal": answer_request(request)})


def reply(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def limit_processor_time(seconds: float) -> None:
    """End this process some time after the deadline, for the case that nobody is left to kill it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 60
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def answer_request(request: dict[str, Any]) -> bool:
    """Whether the request's two sides are equal; what cannot be computed is not."""
    try:
        if "latex" in request:
            return latex_equal(*request["latex"])
        gold, answer = as_tree(request["gold"]), as_tree(request["answer"])
        if request.get("proportional"):
            return proportional(gold, answer)
        return equal_values(gold, answer)
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError):
        return False


def as_tree(value: Any) -> Any:
    """A tree from JSON, where tuples are lists."""
    return tuple(map(as_tree, value)) if isinstance(value, list) else value


def equal_values(gold: Tree, answer: Tree) -> bool:
    """Whether two expressions agree wherever both have a value, at three points or more."""
    names = sorted(symbols(gold) | symbols(answer))
    points = sample_points(names, POINTS) if names else [{}]
    for real in (True, False) if names else (False,):
        verdicts = [verdict for point in points if (verdict := agree_at(gold, answer, point, real)) is not None]
        if False in verdicts:
            return False
        if len(verdicts) >= min(3, len(points)):
            return True
    return False


def agree_at(gold: Tree, answer: Tree, point: dict[str, float], real: bool) -> bool | None:
    """Whether two expressions agree at a point; None where one has no value there."""
    try:
        a, b, digits = precise_values(gold, answer, point, real)
    except (Undefined, TooBig):
        return None
    with mpmath.workdps(digits):
        tolerance = mpmath.mpf(10) ** (SPARE_DIGITS - DIGITS - literal_digits(gold) - literal_digits(answer))
        return bool(abs(a - b) <= tolerance * max(abs(a), abs(b), 1))


def precise_values(gold: Tree, answer: Tree, point: dict[str, float], real: bool) -> tuple[Any, Any, int]:
    """Both values, and the digits they were computed with: enough that what cancels out on the way takes none away."""
    digits = DIGITS + literal_digits(gold) + literal_digits(answer)
    for _ in range(3):
        numbers = LongFloats()
        with mpmath.workdps(digits):
            numbers = LongFloats()
            a, b = evaluate(gold, point, numbers, real), evaluate(answer, point, numbers, real)
            needed = DIGITS + literal_digits(gold) + literal_digits(answer) + int(mpmath.log10(numbers.largest + 1)) + 1
        if needed > MAX_DIGITS:
            raise ArithmeticError("too large to compare")
        if digits >= needed:
            return a, b, digits
        digits = needed + 10
    raise ArithmeticError("no precision is enough")


def literal_digits(tree: Tree) -> int:
    """The length of the longest number that is written out in a tree."""
    own = len(tree[1]) if tree[0] in ("num", "rep") else 0
    return max([own, *(literal_digits(part) for part in tree[1:] if isinstance(part, tuple))])


def proportional(gold: Tree, answer: Tree) -> bool:
    """Whether one expression is a constant, not 0, times the other."""
    ratios = []
    for point in sample_points(sorted(symbols(gold)), POINTS):
        try:
            a, b, digits = precise_values(gold, answer, point, real=True)
        except (Undefined, TooBig):
            continue
        with mpmath.workdps(digits):
            if abs(a) < mpmath.mpf(10) ** -40 or abs(b) < mpmath.mpf(10) ** -40:
                return False
            ratios.append(b / a)
    with mpmath.workdps(DIGITS):
        return len(ratios) >= 3 and all(abs(ratio / ratios[0] - 1) < mpmath.mpf(10) ** -100 for ratio in ratios)


def latex_equal(gold: str, answer: str) -> bool:
    """math-verify's verdict on two texts that latex2sympy reads; case counts, and decimals are not rounded."""
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig, latex2sympy
    from math_verify import verify

    config = ConversionConfig(lowercase_symbols=False)
    try:
        parsed = [
            latex2sympy(text, is_real=None, normalization_config=None, conversion_config=config)
            for text in (gold, answer)
        ]
    except Exception:  # the parser raises bare Exception for what it does not know
        return False
    return bool(verify(parsed[0], parsed[1], float_rounding=30, numeric_precision=40, timeout_seconds=None))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
