"""What a tree of expressions is worth: exactly, as a Fraction, or numerically at sample points.

Both are bounded: an exact value stays below a few thousand bits, a numeric one is floating-point. What does not fit is
None ("not known here"), and goes to a worker that may be killed.
"""

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from posttrain.reward.mathematics.expressions import Tree, symbols

MAX_BITS = 4096
MAX_DIGITS = 1000
POINTS = 6


class Undefined(ArithmeticError):
    """The expression has no value here: a division by zero, a root of a negative number, infinity, no number at all."""


class TooBig(ArithmeticError):
    """Beyond the bounds of this way of evaluating."""


def exact(tree: Tree) -> Fraction | None:
    """The rational value of a tree of rational operations; None if it is irrational, too big, or has symbols.

    Raises Undefined for a division by zero.
    """
    try:
        return _exact(tree)
    except TooBig:
        return None


def _exact(tree: Tree) -> Fraction:
    kind = tree[0]
    if kind == "num":
        return read_number(tree[1])
    if kind == "rep":
        return _repeating(tree[1], tree[2])
    if kind in ("sym", "const", "matrix"):
        raise TooBig
    if kind == "fn":
        return _exact_function(tree[1], [_exact(part) for part in tree[2:]])
    parts = [_exact(part) for part in tree[1:]]
    return _bounded(_EXACT[kind](*parts)) if kind in _EXACT else _refuse()


def _refuse() -> Fraction:
    raise TooBig


def read_number(digits: str) -> Fraction:
    """A decimal literal, exactly. Raises TooBig for one of absurd length or exponent."""
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or abs(int(exponent or 0)) > MAX_DIGITS:
        raise TooBig
    return Fraction(mantissa.rstrip(".") or "0") * Fraction(10) ** int(exponent or 0)


def _repeating(start: str, period: str) -> Fraction:
    if len(start) + len(period) > MAX_DIGITS:
        raise TooBig
    decimals = len(start.partition(".")[2])
    return Fraction(start.rstrip(".") or "0") + Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise TooBig
    return value


def _product(parts: Sequence[Fraction]) -> Fraction:
    value = Fraction(1)
    for part in parts:
        value = _bounded(value * part)
    return value


def _divide(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise Undefined
    return a / b


def _power(a: Fraction, b: Fraction) -> Fraction:
    if not a and b <= 0:
        raise Undefined
    if b.denominator != 1:
        root = _root(Fraction(b.denominator), a)
        return _power(root, Fraction(b.numerator))
    bits = max(a.numerator.bit_length(), a.denominator.bit_length())
    if abs(b) * bits > MAX_BITS and abs(a) != 1:
        raise TooBig
    return a ** int(b) if abs(a) != 1 else (a if b.numerator % 2 else Fraction(1))


def _root(degree: Fraction, a: Fraction) -> Fraction:
    """The real root, where it is rational; TooBig (not exact) otherwise."""
    if degree.denominator != 1 or not 2 <= degree <= 64:
        raise TooBig
    n = int(degree)
    if a < 0:
        if n % 2 == 0:
            raise TooBig  # imaginary: the numeric side knows
        return -_root(degree, -a)
    top, bottom = _integer_root(a.numerator, n), _integer_root(a.denominator, n)
    if top is None or bottom is None:
        raise TooBig
    return Fraction(top, bottom)


def _integer_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    low, high = 0, 1 << (value.bit_length() // n + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**n <= value else (low, middle - 1)
    return low if low**n == value else None


def _factorial(a: Fraction) -> Fraction:
    if a.denominator != 1 or not 0 <= a <= 500:
        raise TooBig
    return Fraction(math.factorial(int(a)))


def _binomial(n: Fraction, k: Fraction) -> Fraction:
    if n.denominator != 1 or k.denominator != 1 or not 0 <= k <= n or n > 2000:
        raise TooBig
    return Fraction(math.comb(int(n), int(k)))


_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": lambda *parts: sum(parts, Fraction(0)),
    "neg": lambda a: -a,
    "mul": lambda *parts: _product(parts),
    "div": _divide,
    "pow": _power,
    "root": _root,
    "fact": _factorial,
    "binom": _binomial,
}


def _exact_function(name: str, values: Sequence[Fraction]) -> Fraction:
    if name in ("gcd", "lcm") and all(value.denominator == 1 for value in values):
        return Fraction(getattr(math, name)(*(int(value) for value in values)))
    if name in ("max", "min"):
        return max(values) if name == "max" else min(values)
    if name == "abs":
        return abs(values[0])
    if name in ("floor", "ceil"):
        return Fraction(math.floor(values[0]) if name == "floor" else math.ceil(values[0]))
    raise TooBig


class Floats:
    """Double precision, for a first look: `largest` is the greatest size that passed, which bounds the error."""

    pi, e = math.pi, math.e
    root_of = staticmethod(cmath.sqrt)
    floor, ceil = staticmethod(math.floor), staticmethod(math.ceil)
    functions: Mapping[str, Any] = {
        **{name: getattr(cmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
        "ln": cmath.log,
        **{f"arc{name}": getattr(cmath, f"a{name}") for name in ("sin", "cos", "tan")},
    }

    def __init__(self) -> None:
        self.largest = 0.0

    def number(self, value: Fraction) -> complex:
        return complex(value.numerator / value.denominator)

    def factorial(self, value: Any) -> Any:
        if value.real > 170:
            raise TooBig
        return math.gamma(value.real + 1)

    def note(self, value: Any) -> Any:
        if value != value or abs(value) == math.inf:
            raise TooBig
        self.largest = max(self.largest, abs(value))
        return value


def evaluate(tree: Tree, point: Mapping[str, float], numbers: Any, real: bool = False) -> Any:
    """The complex value of a tree at a point, in the arithmetic of `numbers` (Floats, or the worker's long floats).

    real: a root or logarithm of a negative number is Undefined, since the identities of the reals end there.
    """
    kind = tree[0]
    if kind in ("num", "rep"):
        return numbers.note(numbers.number(_exact(tree)))
    if kind == "sym":
        return numbers.number(Fraction(point[tree[1]]))
    if kind == "const":
        if tree[1] == "inf":
            raise Undefined
        return 1j * numbers.number(Fraction(1)) if tree[1] == "i" else getattr(numbers, tree[1])
    if kind == "matrix":
        raise Undefined
    name = tree[1] if kind == "fn" else kind
    values = [evaluate(part, point, numbers, real) for part in tree[2 if kind == "fn" else 1 :]]
    try:
        return numbers.note(_apply(name, values, numbers, real))
    except ZeroDivisionError:
        raise Undefined from None
    except (OverflowError, ValueError):
        raise TooBig from None


def _apply(name: str, values: list[Any], numbers: Any, real: bool) -> Any:
    first, last = values[0], values[-1]
    if name == "add":
        return sum(values[1:], first)
    if name in ("mul", "div", "neg"):
        return -first if name == "neg" else first / last if name == "div" else math.prod(values)
    if name == "pow":
        return _numeric_power(first, last, numbers, real)
    if name in ("root", "sqrt", "cbrt"):
        return _numeric_root(first if name == "root" else (3 if name == "cbrt" else 2), last, numbers, real)
    if name in ("ln", "log", "lg"):
        return _logarithm(values if len(values) > 1 else [numbers.number(Fraction(10)), first], name, numbers, real)
    if name in ("fact", "binom"):
        return _counted(name, values, numbers, real)
    if name in ("cot", "sec", "csc"):
        sine, cosine = numbers.functions["sin"](first), numbers.functions["cos"](first)
        return {"cot": lambda: cosine / sine, "sec": lambda: 1 / cosine, "csc": lambda: 1 / sine}[name]()
    if name in ("floor", "ceil", "abs", "max", "min", "gcd", "lcm"):
        return _real_function(name, values, numbers)
    return numbers.functions[name](first)


def _numeric_power(base: Any, exponent: Any, numbers: Any, real: bool) -> Any:
    base += 0j  # -1 may come with an imaginary part of -0.0, which would be the other side of the cut
    if base == 0 and exponent.real <= 0:
        raise Undefined
    whole = exponent.imag == 0 and exponent.real == numbers.floor(exponent.real)
    if whole and abs(exponent.real) < 10_000:
        return base ** int(exponent.real)
    if real and base.imag == 0 and base.real < 0:
        raise Undefined
    return base**exponent


def _numeric_root(degree: Any, value: Any, numbers: Any, real: bool) -> Any:
    n = degree.real
    value += 0j
    if value.imag == 0 and value.real < 0:
        if n % 2 == 1:
            return -((-value) ** (1 / degree))
        if real:
            raise Undefined
    return numbers.root_of(value) if n == 2 else value ** (1 / degree)


def _logarithm(values: list[Any], name: str, numbers: Any, real: bool) -> Any:
    base, value = values
    value += 0j
    if value == 0 or (real and value.imag == 0 and value.real < 0):
        raise Undefined
    logarithm = numbers.functions["ln"]
    return logarithm(value) if name == "ln" else logarithm(value) / logarithm(base)


def _counted(name: str, values: list[Any], numbers: Any, real: bool) -> Any:
    """Factorial or binomial. At sample points (`real`) both are continued by the gamma function: what is equal there is
    equal at whole numbers too."""
    whole = all(value.real >= 0 and value.real == numbers.floor(value.real) for value in values)
    if any(value.imag for value in values) or not (whole or real):
        raise Undefined
    if name == "fact":
        return numbers.factorial(values[0])
    n, k = values
    if whole and k.real > n.real:
        return 0 * n
    return numbers.factorial(n) / (numbers.factorial(k) * numbers.factorial(n - k))


def _real_function(name: str, values: list[Any], numbers: Any) -> Any:
    if name == "abs":
        return abs(values[0]) + 0j
    if any(value.imag for value in values) or name in ("gcd", "lcm"):
        raise Undefined
    reals = [value.real for value in values]
    if name in ("max", "min"):
        return (max(reals) if name == "max" else min(reals)) + 0j
    return getattr(numbers, name)(reals[0]) + 0j


def sample_points(names: Sequence[str], count: int = POINTS) -> list[dict[str, float]]:
    """Points at which identities are tried: the first half positive, then of mixed signs; short decimals, exact in both
    arithmetics."""
    points = []
    for k in range(count):
        point = {}
        for i, name in enumerate(sorted(names)):
            size = 0.3125 + ((k * 0.6180339887 + i * 0.7548776662 + 0.137) % 1) * 2.25
            sign = 1 if k < count // 2 or (k + i) % 2 else -1
            point[name] = sign * round(size * 2**20) / 2**20
        points.append(point)
    return points


def look(gold: Tree, answer: Tree) -> bool | None:
    """A first look in double precision: False if the values surely differ, None if they may be equal or are unknown."""
    names = sorted(symbols(gold) | symbols(answer))
    for point in sample_points(names) if names else [{}]:
        verdict = _differ(gold, answer, point, real=bool(names))
        if verdict:
            return False
    return None


def _differ(gold: Tree, answer: Tree, point: Mapping[str, float], real: bool) -> bool:
    values = []
    for tree in (gold, answer):
        numbers = Floats()
        try:
            values.append((evaluate(tree, point, numbers, real), numbers.largest))
        except (Undefined, TooBig):
            return False
    (a, size_a), (b, size_b) = values
    return abs(a - b) > 1e-9 * max(abs(a), abs(b)) + 1e-12 * max(size_a, size_b)


def look_proportional(gold: Tree, answer: Tree) -> bool | None:
    """False if one of two expressions is surely no constant multiple of the other; None if it may be."""
    names = sorted(symbols(gold) | symbols(answer))
    ratios = []
    for point in sample_points(names):
        try:
            a, b = (evaluate(tree, point, Floats(), real=True) for tree in (gold, answer))
        except (Undefined, TooBig):
            continue
        if a == 0 or b == 0:
            return False
        ratios.append(b / a)
    return False if any(abs(ratio - ratios[0]) > 1e-6 * abs(ratios[0]) for ratio in ratios) else None
