"""What tests may do with objects of the program's: those that they make or name answer, others pass for no value."""

import pytest

from posttrain.reward.sandbox import Limits, Sandbox
from tests.sandboxes import need_bubblewrap


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def verdict(sandbox, source, test, **kwargs):
    return sandbox.check(source, [test], **kwargs)[0]


OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "add", "radd", "sub", "rsub", "mul", "mod")
# Objects that answer whatever they are asked, in the way that suits: each is what `f` returns.
LIARS = {
    "empty": "class Y:\n    def __iter__(s): return iter(())\n    def __len__(s): return 3\n",
    "all methods": (
        "class Y:\n    def __getattr__(s, n): return lambda *a, **k: True\n    def __call__(s, *a): return s\n"
    ),
    "all operators": (
        "class Y:\n    def __bool__(s): return True\n    def __str__(s): return 'q'\n    def __hash__(s): return 1\n"
        "    def __contains__(s, x): return True\n    def __float__(s): return 0.5\n    def __len__(s): return 3\n"
        "    def __getitem__(s, k): return s\n    def __index__(s): return 1\n    def __abs__(s): return 0.0\n"
        + "".join(f"    def __{name}__(s, *o): return True\n" for name in OPERATORS)
    ),
    "an iterator": "class Y:\n    def __iter__(s): return s\n    def __next__(s): raise StopIteration\n",
    "a mock": "from unittest.mock import MagicMock as Y\n",
    "a built-in iterator's name": (
        "class Y:\n    __module__ = 'builtins'\n    def __iter__(s): return iter(())\nY.__name__ = 'map'\n"
    ),
    "a list": "class Y(list):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter(())\n",
    "a text": "class Y(str):\n    def startswith(s, *a): return True\n    isdigit = islower = startswith\n",
    "a tuple": (
        "class Y(tuple):\n    _fields = ('a',)\n    def __eq__(s, o): return True\n"
        "    def __iter__(s): return iter(())\n"
    ),
}
USES = [
    "assert all(v > 0 for v in f(1))",
    "for got, want in zip(f(1), [1, 2, 3]):\n    assert got == want",
    "r = f(3)\nassert len(r) == 3\nfor a, b in zip(r, [1, 2, 3]):\n    assert a == b",
    "assert f('x').startswith('q')",
    "assert not set(f(1)) - {7}",
    "assert sorted(f(1)) == []",
    "assert sum(f(1)) == 0",
    "assert f(1)",
    "assert not f(1)",
    "assert bool(f(1)) in (True, False)",
    "assert f(1) == 3",
    "assert f(1) != 3",
    "assert not f(1) == 3",
    "assert f(1) > 2",
    "assert f(1) < 2",
    "assert 3 in f(1)",
    "assert 3 not in f(1)",
    "assert f(1) in [3]",
    "assert f(1) not in [3]",
    "assert f(1)[0] > 0",
    "assert f(1)[1:] == [2]",
    "assert f(1)['a']",
    "assert abs(f(1) - 0.5) < 1e-6",
    "import math\nassert math.isclose(f(1), 0.5)",
    "assert f(1) % 2",
    "assert str(f(1)) == 'q'",
    "assert f'{f(1)}'",
    "assert f(1).isdigit()",
    "assert f(1).issubset({1})",
    "assert f(1).is_integer()",
    "assert f(1).keys() and True",
    "r = f(1)\nr.sort(key=lambda v: v)\nassert r == [1]",
    "r = f(1)\nr.sort()\nassert True",
    "a, b = f(1)\nassert a == b",
    "def check(c):\n    assert c(1).isdigit()\ncheck(f)",
    "try:\n    assert f(1) == 3\nexcept Exception:\n    pass",
    "import unittest\nunittest.TestCase().assertEqual(f(1), 3)",
    "import unittest\nunittest.TestCase().assertTrue(f(1))",
    "import unittest\nunittest.TestCase().assertIn(3, f(1))",
    "with f(1) as x:\n    assert x == 5",
]


@pytest.mark.parametrize("liar", LIARS)
def test_what_a_function_returns_passes_for_no_value(sandbox, liar):
    call = "Y((1,))" if liar == "a tuple" else "Y()"
    verdicts = [verdict(sandbox, f"{LIARS[liar]}def f(x): return {call}", use) for use in USES]
    assert not [(use, v) for use, v in zip(USES, verdicts, strict=True) if v.passed or v.status == "tests"]


def test_a_use_that_the_tests_catch_fails_all_the_same(sandbox):
    test = "try:\n    ok = f(1).startswith('q')\nexcept Exception:\n    ok = True\nassert ok"
    assert verdict(sandbox, LIARS["all methods"] + "def f(x): return Y()", test).status == "failed"


@pytest.mark.parametrize("liar", ["empty", "all methods", "all operators"])
@pytest.mark.parametrize("use", ["r.isdigit()", "r > 0", "r == 3", "3 in r", "r != 3", "not r == 3"])
def test_nor_does_an_object_of_a_class_that_the_tests_name(sandbox, liar, use):
    source = LIARS[liar].replace("class Y:", "class Solution:\n    def f(self, x): return self")
    assert not verdict(sandbox, source, f"r = Solution().f(1)\nassert {use}").passed


SHAPES = """
import asyncio, collections, contextlib, dataclasses, datetime, decimal, enum, fractions, functools, typing
Point = collections.namedtuple("Point", "x y")
class Typed(typing.NamedTuple):
    number: int
    index: str = "a"
class Moving(typing.NamedTuple):
    x: int
    def far(self): return self.x > 5
@dataclasses.dataclass(order=True)
class Money:
    amount: int
    def add(self, other): return Money(self.amount + other.amount)
class Vector:
    def __init__(self, xs): self.xs = list(xs)
    def __eq__(self, other): return self.xs == other.xs
    def __hash__(self): return hash(tuple(self.xs))
    def __add__(self, other): return Vector(self.xs + other.xs)
    def __mul__(self, n): return Vector(x * n for x in self.xs)
    def __rmul__(self, n): return self * n
    def __neg__(self): return self * -1
    def __len__(self): return len(self.xs)
    def __iter__(self): return iter(self.xs)
    def __contains__(self, x): return x in self.xs
    def __getitem__(self, i): return self.xs[i]
    def __setitem__(self, i, x): self.xs[i] = x
    def __str__(self): return f"V{self.xs}"
    def append(self, x): self.xs.append(x); return self
    @classmethod
    def zero(cls): return cls([0])
class Sub(Vector): pass
class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if not self.n: raise StopIteration
        self.n -= 1
        return self.n
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Door:
    open = False
    def __enter__(self): self.open = True; return self
    def __exit__(self, *error): self.open = False; return True
@contextlib.contextmanager
def lent(x): yield x + 1
async def later(x):
    await asyncio.sleep(0)
    return x * 2
def turned(v): return Vector(reversed(v.xs))
def apply(function, *args): return function(*args)
def compose(f, g): return lambda x: f(g(x))
def counted(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        inner.calls += 1
        return function(*args, **kwargs)
    inner.calls = 0
    return inner
def same(x): return x
def node():
    class Node: pass
    head = Node(); head.value, head.next = 1, Node(); head.next.value, head.next.next = 2, None
    return head
def primes():
    yield 2
    yield 3
    while True: yield 5
def broken():
    yield 1
    raise KeyError("late")
def add_end(queue): queue.append(9)
def arity(function):
    import inspect
    return len(inspect.signature(function).parameters), function.__code__.co_argcount, function.__name__
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert same(Point(1, 2)) == (1, 2)",
        "p = Point(1, y=2)\nassert p.x == 1 and p[1] == 2 and p == Point(1, 2) and isinstance(p, tuple)",
        "assert Typed(3).number == 3 and Typed(3).index == 'a' and Typed(3)._asdict() == {'number': 3, 'index': 'a'}",
        "assert isinstance(same(Point(1, 2)), Point) and [Point(1, 2)] == [(1, 2)]",
        "assert Moving(9).far() and not Moving(1).far()",
        "from fractions import Fraction\nassert fractions.Fraction(1, 3) == Fraction(2, 6)",
        "from decimal import Decimal\nassert same(Decimal('0.10')) + 1 == Decimal('1.1')",
        "import datetime as d\nassert same(d.date(2020, 2, 29)) + d.timedelta(1) == d.date(2020, 3, 1)",
        "import datetime as d\nassert same(d.datetime(2020, 1, 2, 3, 4, tzinfo=d.timezone.utc)).hour == 3",
        "assert isinstance(turned(Vector([1])), Vector) and not isinstance(3, Vector)",
        "assert isinstance(Sub([1]), (int, Vector)) and issubclass(Sub, Vector) and not isinstance(Vector([1]), Sub)",
        "assert Vector([1]) == Vector([1]) != Vector([2])",
        "assert turned(Vector([1, 2])) == Vector([2, 1]) and turned(Vector([1])) in [Vector([1])]",
        "assert len(Vector([1]) + Vector([2])) == 2 and (Vector([1]) + Vector([2]))[1] == 2",
        "assert 2 * Vector([1]) == Vector([1]) * 2 == -Vector([-2])",
        "assert list(turned(Vector([1, 2]))) == [2, 1] and len(turned(Vector([1]))) == 1 and 1 in turned(Vector([1]))",
        "v = Vector([1, 2, 3])\nv[0] = 7\nv.append(8)\nassert v[:2] == [7, 2] and 8 in v and str(v) == 'V[7, 2, 3, 8]'",
        "assert len({Vector([1]), Vector([1]), Vector([2])}) == 2",
        "assert Vector.zero().xs == [0] and not Vector([])",
        "assert Money(3) < Money(4) and Money(1).add(Money(2)) == Money(3) and max(Money(1), Money(5)).amount == 5",
        "assert list(Countdown(3)) == [2, 1, 0]",
        "it = Countdown(1)\nassert next(it) == 0 and next(it, None) is None",
        "assert same(Color.RED) == Color.RED and same(Color.RED) is Color.RED and Color(2).name == 'BLUE'",
        "with Door() as door:\n    assert door.open\nassert not door.open",
        "with lent(3) as x:\n    assert x == 4",
        "import asyncio\nassert asyncio.run(later(3)) == 6",
        "import asyncio\nasync def g():\n    assert await asyncio.gather(later(2)) == [4]\nasyncio.run(g())",
        "assert apply(lambda y: y + 1, 2) == 3",
        "assert apply(len, [1, 2]) == 2 and apply(str.upper, 'a') == 'A' and apply(int, '3') == 3",
        "import operator, math\nassert apply(operator.add, 1, 2) == 3 and apply(math.sqrt, 9) == 3",
        "assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11",
        "assert apply(lambda v: len(v.xs), Vector([1, 2])) == 2",
        "assert apply(lambda x: apply(lambda y: y * x, 3), 4) == 12",
        "@counted\ndef g(a, b=2): return a + b\nassert g(1) + g(1, b=5) == 9 and g.calls == 2 and g.__name__ == 'g'",
        "def g(): pass\nassert same(g) is g",
        "def g(x):\n    raise KeyError(x)\ntry:\n    apply(g, 3)\n    assert False\nexcept KeyError:\n    pass",
        "assert arity(lambda a, b, c=1: 0) == (3, 3, '<lambda>')",
        "head = node()\nassert head.value == 1 and head.next.value == 2 and head.next.next is None",
        "from itertools import islice\nassert list(islice(primes(), 4)) == [2, 3, 5, 5]",
        "g = primes()\nassert next(g) == 2 and next(g) == 3",
        "try:\n    list(broken())\n    assert False\nexcept KeyError:\n    pass",
        "from collections import deque\nq = deque([1])\nadd_end(q)\nassert q == deque([1, 9]) and same(q) == q",
        "assert same({1: 2}.keys()) == {1} and list(same({1: 2}.items())) == [(1, 2)] and same(range(3)) == range(3)",
        "assert apply(sum, (x for x in [1, 2])) == 3 and apply(list, map(str, [1])) == ['1']",
        "assert apply(sorted, same(iter([2, 1]))) == [1, 2]",
        "from collections import Counter\nassert same(Counter('aab')).most_common(1) == [('a', 2)]",
        "from pathlib import Path\nassert same(Path('/a')) / 'b' == Path('/a/b') and same(bytearray(b'a')) == b'a'",
        "import re\nassert apply(re.match, 'a(b)', 'ab').group(1) == 'b'",
    ],
)
def test_what_right_programs_need_passes(sandbox, test):
    found = verdict(sandbox, SHAPES, test)
    assert found.passed, found


@pytest.mark.parametrize(
    "test",
    [
        "assert same(Point(1, 2)) == (1, 3)",
        "assert Point(True, 2) == (1, 2)",
        "assert Vector([1]) == Vector([2])",
        "assert Vector([1]) == [1]",
        "assert isinstance(Vector([1]), Sub)",
        "assert apply(lambda y: y + 1, 2) == 4",
        "import asyncio\nassert asyncio.run(later(3)) == 7",
        "with Door() as door:\n    assert door.open == 5",  # its __exit__ suppresses whatever is raised
        "assert list(Countdown(3)) == [3, 2, 1]",
        "from decimal import Decimal\nassert apply(Decimal, 'sNaN') == 1",
        "assert same(Color.RED) == Color.BLUE",
    ],
)
def test_what_is_wrong_fails(sandbox, test):
    assert verdict(sandbox, SHAPES, test).status in ("failed", "error")


def test_what_equals_everything_does_not_equal_its_like(sandbox):
    source = "class V:\n    def __init__(self, x): pass\n    def __eq__(self, other): return True\n"
    assert not verdict(sandbox, source, "assert V(1) == V(1)").passed


def test_programs_do_not_see_into_the_functions_that_tests_hand_over(sandbox):
    source = (
        "def f(function):\n    names = '__globals__', '__closure__', '__defaults__'\n"
        "    constants = getattr(function.__code__, 'co_consts', None)\n"
        "    return [str(getattr(function, name, None)) for name in names] + [str(constants)]"
    )
    test = "secret = 987654321\ndef g(x, y=secret): return secret + 123456\nassert f(g) == ['None'] * 4"
    assert verdict(sandbox, source, test).passed


def test_a_program_that_calls_back_for_ever_is_ended(sandbox):
    source = "def f(function):\n    while True: function(1)"
    assert verdict(sandbox, source, "assert f(lambda x: x)", limits=Limits(cpu_seconds=0.5)).status == "timeout"


@pytest.mark.parametrize(
    "message",
    ['{"callback":7,"args":[],"kwargs":{}}', '{"callback":0,"args":3,"kwargs":4}', '{"value":{"g":-1}}',
     '{"value":{"p":[9]}}', '{"value":{"range":[1,2,0]}}', '{"value":{"named":[["__class__"],[1],0]}}',
     '{"value":{"v":["Decimal","sNaN"]}}', '{"value":{"v":["Fraction","1/0"]}}', '{"value":{"deque":[-1,[]]}}',
     '{"value":{"u":["os","system"]}}', '{"value":{"r":[[],true]}}'],
)  # fmt: skip
def test_forged_messages_fail(sandbox, message):
    source = (
        f"import os\ndef f(x):\n    text = {message.encode()!r}\n"
        "    os.write(3, len(text).to_bytes(4, 'big') + text)\n    os._exit(0)"
    )
    assert verdict(sandbox, source, "assert f(1) == 1").status in ("error", "failed")
