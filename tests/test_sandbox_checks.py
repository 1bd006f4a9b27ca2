"""Tests that are source themselves, run beside a program in another job: what passes, and the verdicts."""

import pytest

from posttrain.reward.sandbox import Limits, Sandbox
from tests.sandboxes import need_bubblewrap


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        yield sandbox


def passed(sandbox, source, *tests, **kwargs):
    return [verdict.passed for verdict in sandbox.check(source, tests, **kwargs)]


def test_each_test_has_its_verdict_and_names_are_the_program_s(sandbox):
    source = "LIMIT = 3\ndef f(x): return x + 1\ndef g(x): return [x] * LIMIT"
    tests = ["assert f(1) == 2", "assert f(1) == 3", "assert g(f(0)) == [1, 1, 1]", "assert LIMIT == 3", "assert h(1)"]
    verdicts = sandbox.check(source, tests)
    assert [verdict.status for verdict in verdicts] == ["passed", "failed", "passed", "passed", "error"]
    assert verdicts[1].message == "2 == 3 is false" and "assert f(1) == 3" in verdicts[1].traceback


@pytest.mark.parametrize(
    ("value", "claim"),
    [
        ("True", "f() == 1"),
        ("1", "f() == True"),
        ("[True]", "f() == [1]"),
        ("{True: 0}", "f() == {1: 0}"),
        ("{1: True}", "f() == {1: 1}"),
        ("{True}", "f() == {1}"),
        ("(1, [False])", "f() == (1, [0])"),
        ("True", "f() in (1, 2)"),
        ("1", "f() in {True, 5}"),
        ("[1, 2]", "f() == (1, 2)"),
        ("True", "0 <= f() == 1"),
        ("None", "f() == 0"),
        ("object()", "f() == f()"),
        ("object()", "f() != 7 and f()"),
        ("object()", "not f()"),
        ("'1'", "f() == 1"),
    ],
)
def test_what_python_holds_to_be_equal_is_not_always(sandbox, value, claim):
    assert passed(sandbox, f"def f(): return {value}", f"assert {claim}") == [False]


@pytest.mark.parametrize(
    ("value", "claim"),
    [
        ("1", "f() == 1.0"),
        ("True", "f() == True"),
        ("True", "f() is True"),
        ("True", "f()"),
        ("False", "f() != 0"),
        ("1", "f() not in (True, 2)"),
        ("[1, (2, {3: {4}})]", "f() == [1, (2, {3: {4}})]"),
        ("3", "1 < f() <= 3 != 4"),
        ("'abc'", "'b' in f()"),
        ("0.30000000000000004", "abs(f() - 0.3) < 1e-9"),
        ("(x for x in 'ab')", "list(f()) == ['a', 'b']"),
        ("range(3)", "sorted(f(), reverse=True) == [2, 1, 0]"),
        ("range(3)", "len(f()) == 3 and f()[1] == 1"),
    ],
)
def test_what_is_right_passes(sandbox, value, claim):
    assert passed(sandbox, f"def f(): return {value}", f"assert {claim}") == [True]


def test_exceptions_are_what_tests_expect(sandbox):
    source = (
        "class Own(KeyError): pass\ndef f(kind):\n    if kind: raise {'own': Own, 'value': ValueError}[kind]('no', 3)"
    )
    test = "try:\n    f({!r})\n    assert False\nexcept {} as error:\n    assert error.args == ('no', 3)"
    tests = [test.format("value", "ValueError"), test.format("own", "KeyError"), test.format("value", "KeyError")]
    assert passed(sandbox, source, *tests) == [True, True, False]


def test_an_early_end_of_iteration_ends_no_loop_of_the_tests(sandbox):
    assert passed(sandbox, "def f(x): raise StopIteration", "assert all(map(f, [1, 2, 3]))") == [False]


def test_work_in_place_is_seen_where_nothing_is_returned(sandbox):
    tests = ["x = [3, 1, 2]\nf(x)\nassert x == [1, 2, 3]"]
    assert passed(sandbox, "def f(x): x.sort()", *tests) == [True]
    cheat = "def f(x):\n    x.clear()\n    return []"
    assert passed(sandbox, cheat, "x = [2, 1]\nassert f(x) == sorted(x)") == [False]


def test_objects_stay_where_they_are_and_can_be_used(sandbox):
    source = (
        "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def sum(self): return self.a + self.b\n"
        "def longest(pairs): return max(pair.sum() for pair in pairs)\n"
    )
    tests = [
        "assert longest([Pair(1, 2), Pair(5, 6)]) == 11",
        "pair = Pair(1, 2)\npair.a = 5\nassert pair.sum() == 7 and pair.a == 5",
        "assert Pair(1, 2) == Pair(1, 2)",
    ]
    assert passed(sandbox, source, *tests) == [True, True, False]


def test_state_persists_through_a_check(sandbox):
    source = "count = 0\ndef f():\n    global count\n    count += 1\n    return count"
    assert passed(
        sandbox,
        source,
        "check(candidate)",
        setup=["def check(c):\n    assert [c(), c(), c()] == [1, 2, 3]"],
        entry_point="f",
    ) == [True]


def test_the_prompt_s_helpers_are_not_the_program_s_to_replace(sandbox):
    """HumanEval/32 checks find_zero with the prompt's poly: a program that redefines it must not win by that."""
    prelude = "def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\n"
    cheat = prelude + "def find_zero(xs): return 7.0\ndef poly(xs, x): return 0.0"
    setup = ["def check(candidate):\n    assert abs(poly([1, 2], candidate([1, 2]))) < 1e-4"]
    assert passed(sandbox, cheat, "check(candidate)", setup=setup, entry_point="find_zero", prelude=prelude) == [False]
    good = prelude + "def find_zero(xs): return -xs[0] / xs[1]"
    assert passed(sandbox, good, "check(candidate)", setup=setup, entry_point="find_zero", prelude=prelude) == [True]


def test_the_program_s_own_built_in_names(sandbox):
    assert passed(sandbox, "def sum(a, b): return a * b", "assert sum(2, 3) == 6") == [True]
    cheat = "def f(x): return 0\ndef abs(x): return 0"
    assert passed(sandbox, cheat, "assert abs(f(5) - 5) < 1e-9") == [False]


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def g(): pass", "not_found"),
        ("def f(x): 1 / 0", "error"),
        ("def f(x) pass", "compile_error"),
        ("import os\ndef f(x): os._exit(0)", "error"),
        ("def f(x):\n    while True: pass", "timeout"),
        ("import sys\ndef f(x): sys.exit(0)", "error"),
        ("def f(x): raise ImportError('numpy')", "error"),
        ("def f(x): raise MemoryError", "memory"),
    ],
)
def test_verdicts_say_what_befell_the_program(sandbox, source, status):
    limits = Limits(cpu_seconds=0.5, wall_seconds=3)
    verdicts = sandbox.check(source, ["assert f(1) == 1", "assert f(2) == 2"], entry_point="f", limits=limits)
    assert [v.passed for v in verdicts] == [False, False] and verdicts[0].status == status


def test_a_crash_costs_the_tests_after_it_and_no_others(sandbox):
    source = "import os\ndef f(x): return x if x < 2 else os._exit(0)"
    assert passed(sandbox, source, "assert f(1) == 1", "assert f(2) == 2", "assert f(1) == 1") == [True, False, False]


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) =",
        "import no_such_module\nassert f(1)",
        "'assert f(1) == 2'",
        "x = 1",
        "assert f(open('/dev/null'))",
        "import itertools\nassert f(itertools.count())",
    ],
)
def test_tests_at_fault_are_told_from_programs_at_fault(sandbox, test):
    assert sandbox.check("def f(x): return x", [test])[0].status == "tests"


def test_tests_that_do_not_end_are_ended(sandbox):
    verdicts = sandbox.check(
        "def f(): return 1", ["while f(): pass", "assert f() == 1"], limits=Limits(cpu_seconds=0.5)
    )
    assert [verdict.status for verdict in verdicts] == ["timeout", "timeout"]
    assert passed(sandbox, "def f(): return 1", "assert f() == 1") == [True]


def test_stop_leaves_the_rest_out(sandbox):
    verdicts = sandbox.check("def f(): return 1", ["assert f() == 2", "assert f() == 1"], stop=True)
    assert [verdict.passed for verdict in verdicts] == [False, False] and "not run" in verdicts[1].message
