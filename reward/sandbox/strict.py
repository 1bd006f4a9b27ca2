"""Equality of plain values in which True is not 1, and the rewriting of a test's comparisons to it.

Python has True == 1 == 1.0. Here a bool equals only the same bool, at any depth, also as a key or a member of a set;
1 and 1.0 stay equal. Runs on both sides of the sandbox, standard library only.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any


def equal(left: Any, right: Any) -> bool:
    """left == right, and no bool stands where a number stands."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right) and _bools_agree(left, right)


def _bools_agree(left: Any, right: Any) -> bool:
    """Of two values that Python holds to be equal."""
    if isinstance(left, (list, tuple)):
        return not isinstance(right, (list, tuple)) or all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        keys = {key: key for key in right}
        return all(equal(key, keys[key]) and equal(item, right[key]) for key, item in left.items())
    if isinstance(left, (set, frozenset)) and isinstance(right, (set, frozenset)):
        members = {member: member for member in right}
        return all(equal(member, members[member]) for member in left)
    return True


def contains(item: Any, container: Any) -> bool:
    """item in container, where a member that only equals the item as True does 1 is none."""
    if isinstance(container, (list, tuple)):
        return any(equal(item, member) for member in container)
    if isinstance(container, (set, frozenset, dict)):
        return item in container and any(equal(item, member) for member in container)
    return item in container


def matches(value: Any, expected: Any, tolerance: float = 0.0) -> bool:
    """Whether a value is what a test of JSON's kind expects: strictly equal, where an expected list may be a tuple.

    tolerance: absolute and relative, of floats (and of ints against floats) at any depth · nan is nan
    """
    if isinstance(expected, list) and isinstance(value, (list, tuple)):
        return len(value) == len(expected) and all(
            matches(mine, theirs, tolerance) for mine, theirs in zip(value, expected, strict=True)
        )
    if isinstance(expected, tuple) and isinstance(value, tuple):
        return matches(list(value), list(expected), tolerance)
    if isinstance(expected, dict) and isinstance(value, dict):
        keys = {key: key for key in value}
        return len(value) == len(expected) and all(
            key in keys and equal(keys[key], key) and matches(value[key], item, tolerance)
            for key, item in expected.items()
        )
    if isinstance(expected, float) and isinstance(value, float) and math.isnan(expected):
        return math.isnan(value)
    return equal(value, expected) or _close(value, expected, tolerance)


def _close(value: Any, expected: Any, tolerance: float) -> bool:
    kinds = {type(value), type(expected)}
    if not tolerance or float not in kinds or not kinds <= {int, float}:
        return False
    try:
        return math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an int beyond every float
        return False


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "in": contains,
    "not in": lambda left, right: not contains(left, right),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
}
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
}


class Comparisons(ast.NodeTransformer):
    """`a == b` becomes `name(a, "==", b)`, and so every comparison. All operands are evaluated, also of a chain.

    On the way the names that the source reads and those that it binds anywhere are gathered.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.read: set[str] = set()
        self.bound: set[str] = set()
        self.acts = False  # whether anything is asserted, called or raised at all

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        arguments: list[ast.expr] = [node.left]
        for sign, right in zip(node.ops, node.comparators, strict=True):
            arguments += [ast.copy_location(ast.Constant(_SIGNS[type(sign)]), node), right]
        function = ast.copy_location(ast.Name(id=self._name, ctx=ast.Load()), node)
        return ast.copy_location(ast.Call(func=function, args=arguments, keywords=[]), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        (self.read if isinstance(node.ctx, ast.Load) else self.bound).add(node.id)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.Assert() | ast.Call() | ast.Raise():
                self.acts = True
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.bound.add(name)
            case ast.arg(arg=name):
                self.bound.add(name)
            case ast.alias():
                self.bound.add((node.asname or node.name).partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self.bound.add(name)
        return super().generic_visit(node)
