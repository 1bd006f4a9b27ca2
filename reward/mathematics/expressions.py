r"""A mathematical expression, LaTeX or plain, as a tree: strict, small, and nothing in it is ever run as code.

    parse(r"\frac{\sqrt2}{2}x^2 + 1")  ->  ("add", ("mul", ("div", …), ("pow", …)), ("num", "1"))

A tree is a tuple whose first entry names the node; leaves are ("num", digits), ("sym", name) and ("const", "pi" | "e" |
"i" | "inf"). What the grammar does not know is refused (`Unreadable`), never guessed: a wrong reading would make a
wrong answer right. Symbols are single letters, case counts, and juxtaposition multiplies.
"""

import re
from typing import Any

from posttrain.reward.mathematics.tokens import ALIASES, CONSTANTS, FUNCTIONS, GREEK, Unreadable, tokens

Tree = tuple[Any, ...]


MAX_DEPTH = 40
DEGREE: Tree = ("div", ("const", "pi"), ("num", "180"))
_OF_ANGLES = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_TIMES = {"*", "\\cdot", "\\times", "\\ast"}
_OVER = {"/", "\\div"}
_CLOSING = {"(": ")", "[": "]", "{": "}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil", "|": "|"}
_MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"})


def parse(text: str) -> Tree:
    """The tree of an expression. Raises Unreadable for anything else, and for what is too long or too deep."""
    parser = _Parser(tokens(text))
    tree = parser.sum()
    if parser.peek():
        raise Unreadable(f"unexpected {parser.peek()!r}")
    if _height(tree) > 2 * MAX_DEPTH:  # `1/1/1/…` grows without a bracket; everything that walks a tree is recursive
        raise Unreadable("too deep")
    return tree


def _height(tree: Tree) -> int:
    height, level = 0, [tree]
    while level:
        height += 1
        level = [part for node in level for part in node[1:] if isinstance(part, tuple)]
    return height


def symbols(tree: Tree) -> frozenset[str]:
    """The names of the free symbols of a tree."""
    if tree[0] == "sym":
        return frozenset({tree[1]})
    return frozenset().union(*(symbols(part) for part in tree[1:] if isinstance(part, tuple)))


def _times(product: Tree, factor: Tree) -> Tree:
    return (*product, factor) if product[0] == "mul" else ("mul", product, factor)


class _Parser:
    """Recursive descent: sum > product > signed > power > primary. Every descent passes `primary`, which counts."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.bars = 0  # |…| that are open: inside one, the next bar closes it
        self.angle = False  # in the argument of sin, cos, tan …, where a degree sign is a number

    def peek(self, ahead: int = 0) -> str:
        """The next token, or the one so many further on; "" at the end."""
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        """The next token, taken. Raises Unreadable at the end, or if another was expected."""
        token = self.peek()
        if not token or (expected and token != expected):
            raise Unreadable(f"expected {expected or 'more'}, found {token or 'the end'}")
        self.at += 1
        return token

    def sum(self) -> Tree:
        """Terms with + and - between them."""
        terms = [self.product()]
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product()
            terms.append(term if sign == "+" else ("neg", term))
        return terms[0] if len(terms) == 1 else ("add", *terms)

    def product(self) -> Tree:
        """Factors, multiplied or divided from left to right; side by side they multiply."""
        value = self.signed()
        while True:
            token = self.peek()
            if token in _TIMES:
                self.take()
                value = _times(value, self.signed())
            elif token in _OVER:
                self.take()
                value = ("div", value, self.signed())
            elif self.starts_factor(token):
                value = _times(value, self.power())
            else:
                return value

    def starts_factor(self, token: str) -> bool:
        """Whether the token can follow a factor as the next one. A number cannot: `2 3` is no product."""
        if not token or token in _TIMES | _OVER or token in ("\\\\", "\\rfloor", "\\rceil", "\\choose"):
            return False
        if token == "|":
            return not self.bars
        return token in ("(", "[", "{") or token[0].isalpha() or (token[0] == "\\" and not token.startswith("\\end"))

    def signed(self) -> Tree:
        """A power behind any number of signs."""
        if self.peek() in ("+", "-"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise Unreadable("too deep")
            sign = self.take()
            value = self.signed()
            self.depth -= 1
            return value if sign == "+" else ("neg", value)
        return self.power()

    def power(self) -> Tree:
        """A primary with its factorials, its exponent and, in an angle, its degree sign."""
        value = self.primary()
        while self.peek() in ("!", "^") or (self.angle and self.peek() == "\\degree"):
            if (sign := self.take()) == "!":
                value = ("fact", value)
            elif sign == "\\degree":
                value = ("mul", value, DEGREE)
            else:
                value = ("pow", value, self.exponent())
                if self.peek() == "^":
                    raise Unreadable("a second exponent")
        return value

    def exponent(self) -> Tree:
        """What follows ^. `2^10` is meant as 2 to the 10th, though TeX would take the 1 alone; a^b^c is a^(b^c)."""
        if self.peek() in ("+", "-"):
            return self.nested(lambda: ("neg", self.exponent()) if self.take() == "-" else self.exponent())
        value = self.primary()
        if self.peek() == "^":
            self.take()
            return ("pow", value, self.nested(self.exponent))
        return value

    def nested(self, rule: Any) -> Tree:
        """What a rule reads, one level deeper. Raises Unreadable beyond MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("too deep")
        value = rule()
        self.depth -= 1
        return value

    def primary(self) -> Tree:
        """A number, a symbol, a bracket, a matrix, or a command with its arguments."""
        return self.nested(self._primary)

    def _primary(self) -> Tree:
        token = self.take()
        if token[0].isdigit() or token[0] == ".":
            return self.number(token)
        if token in _CLOSING:
            return self.bracketed(token)
        if len(token) == 1 and token.isalpha():
            return ("const", token) if token in "ei" and self.peek() != "_" else self.symbol(token)
        if token.startswith("\\begin"):
            return self.matrix(token)
        if token[0] == "\\":
            return self.command(token[1:])
        raise Unreadable(f"unexpected {token!r}")

    def number(self, token: str) -> Tree:
        """A decimal, plain or recurring, or a mixed number."""
        if self.peek() == "_":
            raise Unreadable("a number with a subscript")
        if "\\" in token:
            whole, repeating = re.split(r"\\(?:overline|bar)", token)
            return ("rep", whole, re.sub(r"\D", "", repeating))
        fraction = self.mixed_part(token) if token.isdigit() else None
        return ("add", ("num", token), fraction) if fraction else ("num", token)

    def mixed_part(self, whole: str) -> Tree | None:
        """The fraction of a mixed number (`1\\frac12`, `1 1/2`): a proper one of plain integers, right after the whole.

        `2\\frac{3}{2}` is a product, as is `0\\frac12`.
        """
        start = self.at
        if self.peek() == "\\frac":
            self.take()
            top, bottom = self.argument(), self.argument()
        elif self.peek().isdigit() and self.peek(1) == "/" and self.peek(2).isdigit():
            top, bottom = ("num", self.take()), ("num", self.tokens[self.at + 1])
            self.at += 2
        else:
            return None
        digits = [part[1] for part in (top, bottom) if part[0] == "num" and part[1].isdigit()]
        short = len(digits) == 2 and all(len(part) < 10 for part in digits)
        if short and int(whole[-9:]) and int(digits[0]) < int(digits[1]) and self.peek() != "^":
            return ("div", top, bottom)
        self.at = start
        return None

    def bracketed(self, opening: str) -> Tree:
        """What a pair of brackets encloses; bars and floors are functions, {n \\choose k} a binomial."""
        self.bars += opening == "|"
        value = self.sum()
        self.bars -= opening == "|"
        if opening == "{" and self.peek() == "\\choose":
            self.take()
            value = ("binom", value, self.sum())
        self.take(_CLOSING[opening])
        names = {"|": "abs", "\\lfloor": "floor", "\\lceil": "ceil"}
        return ("fn", names[opening], value) if opening in names else value

    def symbol(self, name: str) -> Tree:
        """A letter with its subscript, if it has one."""
        if self.peek() != "_":
            return ("sym", name)
        self.take()
        if self.peek() != "{":
            return ("sym", f"{name}_{self.take()}")
        self.take()
        inner = []
        while self.peek() != "}":
            inner.append(self.take())
            if inner[-1] == "{":
                raise Unreadable("a nested subscript")
        self.take("}")
        return ("sym", f"{name}_{''.join(inner)}")

    def argument(self) -> Tree:
        """One argument of a command: a group, or TeX's single next token (`\\frac12` takes 1 and 2)."""
        token = self.peek()
        if token == "{":
            self.take()
            value = self.sum()
            self.take("}")
            return value
        if token[:1].isdigit() and len(token) > 1:
            self.tokens[self.at : self.at + 1] = [token[0], token[1:]]
        if self.peek()[:1].isdigit():
            return ("num", self.take())
        return self.primary()

    def command(self, name: str) -> Tree:
        name = ALIASES.get(name, name)
        if name in CONSTANTS:
            return ("const", CONSTANTS[name])
        if name in GREEK:
            return self.symbol(name)
        if name == "frac":
            return ("div", self.nested(self.argument), self.nested(self.argument))
        if name == "binom":
            return ("binom", self.nested(self.argument), self.nested(self.argument))
        if name in ("sqrt", "cbrt"):
            return self.root(name)
        if name in FUNCTIONS:
            return self.function(name)
        raise Unreadable(f"unknown \\{name[:20]}")

    def root(self, name: str) -> Tree:
        """\\sqrt{x}, \\sqrt[n]{x} and \\cbrt{x}."""
        degree: Tree = ("num", "3" if name == "cbrt" else "2")
        if self.peek() == "[":
            self.take()
            degree = self.sum()
            self.take("]")
        return ("root", degree, self.primary())

    def function(self, name: str) -> Tree:
        """A function of what follows, with its base and its exponent: \\log_2 x, \\sin^2 x, \\tan^{-1} x."""
        base, exponent = None, None
        while self.peek() in ("_", "^"):
            if self.take() == "_" and name == "log":
                base = self.nested(self.argument)
            else:
                exponent = self.exponent()
        if exponent == ("neg", ("num", "1")):
            if name not in _INVERSE:
                raise Unreadable(f"the inverse of {name}")
            name, exponent = _INVERSE[name], None
        outside, self.angle = self.angle, name in _OF_ANGLES
        values = self.function_arguments()
        self.angle = outside
        if name in _OF_ANGLES and self.peek() == "\\degree":  # \sin(30)^\circ
            self.take()
            values = [("mul", values[0], DEGREE)]
        if len(values) > 1 and name not in ("gcd", "lcm", "max", "min"):
            raise Unreadable(f"{name} of several values")
        tree: Tree = ("log", base, *values) if base else ("fn", name, *values)
        return ("pow", tree, exponent) if exponent else tree

    def function_arguments(self) -> list[Tree]:
        """In brackets, separated by commas; or the product that follows, up to the next function."""
        if self.peek() == "(":
            self.take()
            values = [self.sum()]
            while self.peek() == ",":
                self.take()
                values.append(self.sum())
            self.take(")")
            return values
        value = self.signed()
        while self.starts_factor(self.peek()) and self.peek().removeprefix("\\") not in FUNCTIONS and value[0] != "fn":
            value = _times(value, self.power())
        return [value]

    def matrix(self, token: str) -> Tree:
        """Rows of equal length up to the \\end of an environment."""
        kind = re.sub(r"\\begin\s*\{([a-zA-Z]+).*", r"\1", token)
        if kind not in _MATRICES:
            raise Unreadable(f"environment {kind}")
        rows: list[tuple[Tree, ...]] = []
        while not self.peek().startswith("\\end"):
            row = [self.sum()]
            while self.peek() == "&":
                self.take()
                row.append(self.sum())
            rows.append(tuple(row))
            if self.peek() == "\\\\":
                self.take()
        self.take()
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("a matrix with uneven rows")
        return ("matrix", *(("row", *row) for row in rows))
