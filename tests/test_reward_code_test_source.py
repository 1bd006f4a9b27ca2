"""Test scripts whose tests wait for a runner: they are run, and none passes because nobody called it."""

import pytest

from posttrain.errors import UserError
from posttrain.reward.code import run_tests
from posttrain.reward.code_tests import Sources, read_tests
from posttrain.reward.sandbox import Sandbox
from tests.sandboxes import need_bubblewrap

FUNCTIONS = (
    "from solution import add\n\n"
    "def test_one():\n    assert add(1, 2) == 3\n\n"
    "def test_two():\n    assert add(0, 0) == 0\n"
)
CLASS = (
    "import unittest\nclass TestAdd(unittest.TestCase):\n    def setUp(self):\n        self.due = 3\n"
    "    def test_one(self):\n        self.assertEqual(add(1, 2), self.due)\n"
)
PLAIN_CLASS = (
    "class TestAdd:\n    def setup_method(self):\n        self.due = 3\n    def test_one(self):\n"
    "        assert add(1, 2) == self.due\n"
)


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("tests", "wrong"),
    [
        (FUNCTIONS, [False, True]),
        ([FUNCTIONS], [False]),
        (
            ["import math", "def test_one():\n    assert add(1, 2) == math.sqrt(9)", "assert add(0, 0) == 0"],
            [False, True],
        ),
        (FUNCTIONS + "\ntest_one()\n", [False, True]),
        (FUNCTIONS + "\nif __name__ == '__main__':\n    test_one()\n    test_two()\n", [False]),
        (FUNCTIONS + "\nassert add(2, 2) == 4\n", [False, False, True]),
        (CLASS, [False]),
        (CLASS + "\nif __name__ == '__main__':\n    unittest.main()\n", [False]),
        (PLAIN_CLASS, [False]),
        ("if __name__ == '__main__':\n    assert add(1, 2) == 3\n", [False]),
        ("from solution import add as plus\nassert plus(1, 2) == 3\n", [False]),
        ("def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)\n", [False]),
    ],
)
def test_what_a_runner_would_call_is_called(sandbox, tests, wrong):
    right = run_tests("```python\ndef add(a, b): return a + b\n```", tests, "add", sandbox=sandbox)
    assert right.status == "passed" and len(right.results) == len(wrong)
    zero = run_tests("```python\ndef add(a, b): return 0\n```", tests, "add", sandbox=sandbox)
    assert zero.status == "failed" and zero.results == wrong


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("def verify():\n    assert add(1, 2) == 3\n", "define, and call nothing"),
        (["def verify():\n    assert add(1, 2) == 3\n"], "none of the tests holds an assert"),
        ("def test_add(a, b):\n    assert add(a, b) == 3\n", "test_add takes parameters"),
        ("class TestAdd:\n    def test_add(self, a):\n        assert add(a, 1) == 3\n", "test_add takes parameters"),
    ],
)
def test_tests_that_nothing_would_run_are_refused(tests, said):
    with pytest.raises(UserError, match=f"row 7: .*{said}"):
        read_tests(tests, "add", "row 7")


def test_a_set_up_is_no_test():
    """MBPP's: imports, classes and values that the asserts stand on, with words of tests in them."""
    setup = ["import math", "class Node:\n    def fail(self):\n        raise ValueError", "root = build(3)"]
    assert read_tests([*setup, "assert depth(root) == 2"]) == Sources(["assert depth(root) == 2"], setup)


def test_a_tree_that_the_set_up_builds_from_the_program(sandbox):
    tests = ["root = Node(1)\nroot.left = Node(2)", "assert depth(root) == 2"]
    program = (
        "class Node:\n    def __init__(self, data):\n        self.data, self.left, self.right = data, None, None\n"
        "def depth(node):\n    return 0 if node is None else 1 + max(depth(node.left), depth(node.right))\n"
    )
    assert run_tests(program, tests, sandbox=sandbox).passed
    assert run_tests(program.replace("1 + ", ""), tests, sandbox=sandbox).results == [False]
