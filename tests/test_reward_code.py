"""The code verifier: programs in replies, every form of tests, strict comparison, feedback, TRL's signature."""

import json
import time

import pytest

from posttrain.errors import UserError
from posttrain.reward.code import code_reward, run_all, run_tests, same_output
from posttrain.reward.code_extraction import complete_program, extract_program, prompt_stub
from posttrain.reward.code_tests import Calls, Programs, Sources, read_tests
from posttrain.reward.sandbox import Limits, Sandbox
from posttrain.reward.sandbox.strict import matches
from tests.sandboxes import need_bubblewrap

SQUARE = "def f(x):\n    return x * x\n"


def fenced(program: str, language: str = "python") -> str:
    return f"Here it is:\n```{language}\n{program}\n```\nIt squares."


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=2) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        (fenced("x = 1"), "x = 1\n"),
        (fenced("x = 1", "py"), "x = 1\n"),
        (fenced("x = 1", "Python"), "x = 1\n"),
        (fenced("x = 1", ""), "x = 1\n"),
        (fenced("x = 1").replace("```", "~~~"), "x = 1\n"),
        (fenced("ls", "bash") + fenced("x = 1"), "x = 1\n"),
        (fenced("f(2)") + fenced(SQUARE), SQUARE + "\n"),
        (fenced(SQUARE) + fenced("def f(x): return 0"), SQUARE + "\n"),
        (fenced("example", "") + fenced("x = 1"), "x = 1\n"),
        ("```python\nx = 1", "x = 1"),
        ("```python\nx = '```'\ny = 2\n```", "x = '```'\ny = 2\n"),
        ("def f(x): return 1", "def f(x): return 1"),
        ("<think>\n```python\nwrong\n```\n</think>" + fenced("x = 1"), "x = 1\n"),
        ("<think>\n```python\nwrong\n```\n", None),
        (fenced("ls", "bash"), None),
        ("", None),
        ("  \n", None),
        (fenced(""), None),
    ],
)
def test_the_program_in_a_reply(reply, program):
    assert extract_program(reply, "f") == program


STUB = (
    'from typing import List\n\n\ndef helper(x):\n    return x + 1\n\n\ndef f(x: List[int]) -> int:\n    """Sum."""\n'
)


@pytest.mark.parametrize(
    "reply",
    [
        "    return sum(x)",
        "return sum(x)",
        "total = 0\n    for y in x:\n        total += y\n    return total",
        "total = 0\nfor y in x:\n    total += y\nreturn total",
        "for y in x:\n    pass\nreturn sum(x)",
        "def f(x: List[int]):\n    return sum(x) + helper(1) - 2",
        "from __future__ import annotations\ndef f(x):\n    return sum(x)",
    ],
)
@pytest.mark.parametrize("wrap", [str, fenced])
@pytest.mark.parametrize("prompt", [STUB, [{"role": "user", "content": fenced(STUB)}]])
def test_a_reply_may_go_on_where_the_prompt_ends(sandbox, reply, wrap, prompt):
    assert run_tests(wrap(reply), ["assert f([1, 2, 3]) == 6"], "f", prompt=prompt, sandbox=sandbox).passed


def test_a_prompt_without_code_gives_none():
    assert prompt_stub("Write f.", "f") is None and prompt_stub(None, "f") is None and prompt_stub(STUB, None) is None
    assert complete_program(SQUARE, None, "f") == SQUARE


CHECK = "def check(candidate):\n    assert candidate(3) == 9\n    assert f(2) == 4\n"


@pytest.mark.parametrize(
    ("tests", "count"),
    [
        (CHECK, 1),
        (CHECK + "check(f)\n", 1),
        ([CHECK], 1),
        (["assert f(3) == 9", "assert f(0) == 0"], 2),
        (["import math", "assert f(3) == math.isqrt(81)"], 1),
        ("assert f(3) == 9\nassert f(0) == 0\n", 2),
        ("x = f(3)\nassert x == 9\n", 1),
        ([{"input": [3], "output": 9}, {"input": (0,), "output": 0}], 2),
        ([{"input": {"x": 3}, "output": 9}], 1),
        ({"inputs": [[3], [0]], "outputs": [9, 0], "fn_name": "f"}, 2),
        ({"inputs": [[3], [0]], "outputs": [[9], [0]], "fn_name": "f"}, 2),
        ({"inputs": [[3]], "outputs": [9]}, 1),
        ([{"input": "3", "output": "9", "testtype": "functional"}], 1),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_form_of_tests_of_a_function(sandbox, tests, count, as_json):
    tests = json.dumps(tests) if as_json else tests
    right = run_tests(fenced(SQUARE), tests, "f", sandbox=sandbox)
    wrong = run_tests(fenced("def f(x): return x + 2"), tests, "f", sandbox=sandbox)
    assert right.results == [True] * count and right.passed, right
    assert not wrong.passed and wrong.status == "failed" and wrong.share < 1


@pytest.mark.parametrize(
    "tests",
    [
        [{"input": "3\n", "output": "9\n"}, {"input": "4", "output": "16"}],
        {"inputs": ["3\n", "4\n"], "outputs": ["9\n", "16\n"]},
        {"inputs": [["3"], ["4"]], "outputs": [["9"], ["16"]]},
        [{"input": "3\n", "output": "9\n", "testtype": "stdin"}, {"input": "4", "output": "16", "testtype": "stdin"}],
    ],
)
def test_every_form_of_tests_of_a_program(sandbox, tests):
    assert run_tests(fenced("print(int(input()) ** 2)"), tests, sandbox=sandbox).results == [True, True]
    assert run_tests(fenced("print(int(input()) * 3)"), tests, sandbox=sandbox).results == [True, False]


@pytest.mark.parametrize("tests", [None, "", "  ", [], {}, {"inputs": [], "outputs": []}, "[]"])
def test_no_tests(sandbox, tests):
    assert read_tests(tests, "f") is None
    assert code_reward([fenced(SQUARE)], [tests], ["f"], sandbox=sandbox) == [None]


@pytest.mark.parametrize(
    ("tests", "entry_point", "said"),
    [
        (CHECK, None, "no entry_point"),
        (3, None, "type int"),
        (["x = 1"], None, "none of the tests holds an assert"),
        ("x = 1", None, "without any assert"),
        ([{"input": [1]}], "f", "`input` and `output`"),
        ([{"input": [1], "output": 1}], None, "no entry_point"),
        ([{"input": {1}, "output": 1}], "f", "list of the arguments"),
        ([{"input": [1], "type": "function_call", "output": 1}], None, "no entry_point"),
        ([{"args": [1]}], "f", "`input` and `output`"),
        ([{"input": "1", "output": 1}], None, "texts"),
        ({"inputs": [1], "outputs": []}, None, "same length"),
        (["assert 1", 2], None, "assert lines"),
        ([{"input": "{", "output": "1", "testtype": "functional"}], "f", "not JSON"),
    ],
)
def test_tests_that_cannot_be_read_are_named(tests, entry_point, said):
    with pytest.raises(UserError, match=f"^row 7: .*{said}"):
        read_tests(tests, entry_point, "row 7")


def test_kinds_of_tests():
    assert isinstance(read_tests(CHECK, "f"), Sources)
    assert read_tests([{"input": "1", "output": "2"}]) == Programs(["1"], ["2"])
    assert read_tests([{"input": [1], "output": 2}], "f") == Calls("f", [[1]], [[2]])


@pytest.mark.parametrize(
    ("pair", "entry_point", "kind"),
    [
        ({"input": "a", "output": "a!"}, "f", Calls("f", [["a"]], [["a!"]])),
        ({"input": "a", "output": "a!"}, None, Programs(["a"], ["a!"])),
        ({"input": "a", "output": "a!", "type": "stdin_stdout"}, "f", Programs(["a"], ["a!"])),
        ({"stdin": "a", "stdout": "a!"}, "f", Programs(["a"], ["a!"])),
        ({"input": 3, "output": 9}, "f", Calls("f", [[3]], [[9]])),
        ({"input": None, "output": 9}, "f", Calls("f", [[None]], [[9]])),
        ({"args": [3, 4], "expected": 9}, "f", Calls("f", [[3, 4]], [[9]])),
        ({"args": [3], "kwargs": {"b": 4}, "expected": 9}, "f", Calls("f", [{"args": [3], "kwargs": {"b": 4}}], [[9]])),
        ({"input": [3], "expected_output": 9}, "f", Calls("f", [[3]], [[9]])),
        ({"type": "function_call", "fn_name": "g", "input": [1], "output": 1}, None, Calls("g", [[1]], [[1]])),
        ({"type": "function_call", "fn_name": "g", "input": [1], "output": [1]}, None, Calls("g", [[1]], [[[1], 1]])),
        (
            {"type": "function_call", "fn_name": "g", "input": "1\n[2]", "output": "3"},
            "h",
            Calls("h", [[1, [2]]], [[3]]),
        ),
    ],
)
def test_pairs_by_their_names_and_the_entry_point(pair, entry_point, kind):
    assert read_tests([pair], entry_point) == kind


def test_a_check_that_is_called_needs_no_entry_point(sandbox):
    tests = "def check(candidate):\n    assert candidate(3) == 9\n\ncheck(square)\n"
    for text in (tests, [tests]):
        assert run_tests(fenced("def square(x): return x * x"), text, sandbox=sandbox).passed
        assert not run_tests(fenced("def square(x): return x"), text, sandbox=sandbox).passed


ADD = "def add(a, b):\n    return a + b\n"
HELPER = "def plus(a, b):\n    return a + b\n"
BY_HELPER = "def add(a, b):\n    return plus(a, b)\n"


def in_list(program: str, margin: str = "   ") -> str:
    lines = "".join(f"{margin}{line}\n" if line else "\n" for line in program.split("\n"))
    return f"1. code:\n{margin}```python\n{lines}{margin}```\n2. done"


@pytest.mark.parametrize("entry_point", [None, "add"])
@pytest.mark.parametrize(
    "reply",
    [
        in_list(ADD),
        in_list(ADD, "\t"),
        "1. ```python\n   def add(a, b):\n       return a + b\n   ```",
        "- ```py\n  def add(a, b):\n      return a + b\n  ```\n- so",
        "```python\n    def add(a, b):\n        return a + b\n```",
        fenced(HELPER) + fenced(BY_HELPER),
        fenced(BY_HELPER) + fenced(HELPER),
        fenced("import operator as o") + fenced("plus = o.add") + fenced(BY_HELPER) + fenced("print(add(1, 2))"),
        fenced("x = add(1, 2)\nprint(x)") + fenced("def add(a, b):\n    x = a + b\n    return x"),
        fenced("add(1, 2)  # 3") + fenced(ADD),
        fenced("def subtract(a, b): return a - b") + fenced(ADD),
        f"Here's the function you asked for:\n\n{ADD}\nIt adds the two numbers. That is all!",
        f"Sure!\n{HELPER}\nand then the function itself:\n{BY_HELPER}\nDone.",
        f"The helper comes first.\n\nfrom operator import add as plus\n{BY_HELPER}\n- Time complexity: O(1)",
        'DOC = """\nThis is the text of a module and no prose.\n"""\n' + ADD,
        "print('Here is the function')  # that you have asked for\n" + ADD,
        *(
            fenced(ADD, tag)
            for tag in ("{python}", "python3.11", "Python 3", "{.python}", "python:add.py", "py3", "ipython")
        ),
        "```python title='add.py'\n" + ADD + "```",
        "````python\n" + ADD + "````",
        fenced(ADD).replace("\n", "\r\n"),
        "```python\n" + ADD,
    ],
)
def test_the_program_is_found_and_whole(sandbox, reply, entry_point):
    found = run_tests(reply, ["assert add(1, 2) == 3"], entry_point, sandbox=sandbox)
    assert found.passed, found


@pytest.mark.parametrize("tag", ["javascript", "pycon", "pyx", "python-repl", "text"])
def test_blocks_of_other_languages_are_no_programs(tag):
    assert extract_program(fenced(ADD, tag), "add") is None


def test_a_program_that_reads_stdin_is_the_block_that_runs():
    assert extract_program(fenced(HELPER) + fenced("print(plus(1, int(input())))")) == (
        f"{HELPER}\n\nprint(plus(1, int(input())))\n"
    )


@pytest.mark.parametrize(
    "unit",
    ["~~~", "```", "~~~`", "``` `", "~", "`", "```python\n", "```\nx = 1\n```\n", "\\'", "'\"", "a ", "def ", " ",
     "\t\n", '"""', "import ", "x = 1\n~~~\n", "1. ", "<think>", "from a "],
)  # fmt: skip
def test_the_program_of_a_hostile_reply_is_looked_for_in_linear_time(unit):
    began = time.process_time()
    for text in (unit * (100_000 // len(unit)), "```python\n" + unit * (100_000 // len(unit)), unit * 30_000 + "`"):
        extract_program(text, "f")
        extract_program(text)
        prompt_stub(text, "f")
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    ("value", "expected", "tolerance", "same"),
    [
        (1, 1, 0, True),
        (1, 1.0, 0, True),
        (True, 1, 0, False),
        (1, True, 0, False),
        ((1, [2]), [1, [2]], 0, True),
        ([1], (1,), 0, False),
        ((1,), (1,), 0, True),
        ([True], [1], 0, False),
        ({"a": (1,)}, {"a": [1]}, 0, True),
        ({1: True}, {1: 1}, 0, False),
        ({True: 1}, {1: 1}, 0, False),
        ({1}, {1}, 0, True),
        ({1}, [1], 0, False),
        (float("nan"), float("nan"), 0, True),
        (float("nan"), 1.0, 0, False),
        (0.1 + 0.2, 0.3, 0, False),
        (0.1 + 0.2, 0.3, 1e-9, True),
        ([0.1 + 0.2], [0.3], 1e-9, True),
        (True, 1.0, 1e-9, False),
        (10**400, 1.0, 1e-9, False),
        (2, 3, 0.9, False),
        ("1", 1, 1, False),
        (None, None, 0, True),
        ("", None, 0, False),
    ],
)
def test_values_are_compared_strictly(value, expected, tolerance, same):
    assert matches(value, expected, tolerance) is same


@pytest.mark.parametrize(
    ("printed", "due", "tolerance", "same"),
    [
        ("1\n2\n", "1\n2", 0, True),
        ("1  \n2\n\n\n", "1\n2", 0, True),
        ("1\r\n2\r\n", "1\n2\n", 0, True),
        ("1\x0c2", "1\n2", 0, False),
        (" 1", "1", 0, False),
        ("1 2", "1\n2", 0, False),
        ("1\n\n2", "1\n2", 0, False),
        ("0.30000001", "0.3", 0, False),
        ("0.30000001", "0.3", 1e-6, True),
        ("x 0.3", "y 0.3", 1e-6, False),
        ("1 2", "1", 1e-6, False),
        ("nan", "1", 1e-6, False),
        ("", "", 0, True),
        ("", "1", 0, False),
    ],
)
def test_outputs_are_compared_line_by_line(printed, due, tolerance, same):
    assert same_output(printed, due, tolerance) is same


def test_a_function_that_works_in_place_is_judged_by_its_argument(sandbox):
    tests = [{"input": [[3, 1, 2]], "output": [1, 2, 3]}]
    assert run_tests(fenced("def f(x): x.sort()"), tests, "f", sandbox=sandbox).passed
    assert not run_tests(fenced("def f(x): x.append(4)"), tests, "f", sandbox=sandbox).passed
    assert not run_tests(
        fenced("def f(x): return None"), [{"input": [0], "output": False}], "f", sandbox=sandbox
    ).passed
    assert run_tests(fenced("def f(x): x.sort()"), [{"input": [[1]], "output": None}], "f", sandbox=sandbox).passed


def test_methods_of_a_class(sandbox):
    program = fenced("class Solution:\n    def square(self, x): return x * x")
    for name in ("Solution.square", "square"):
        assert run_tests(program, [{"input": [3], "output": 9}], name, sandbox=sandbox).passed
    assert run_tests(program, ["assert Solution().square(3) == 9"], sandbox=sandbox).passed


def test_feedback_shows_the_first_failure_and_no_path(sandbox):
    calls = [{"input": [1], "output": 1}, {"input": [3], "output": 9}]
    said = run_tests(fenced("def f(x): return x"), calls, "f", sandbox=sandbox).feedback
    assert said.startswith("1 of 2 tests passed") and "Arguments: (3,)\nExpected: 9\nGot: 3" in said
    said = run_tests(fenced("def f(x):\n    return 1 / 0"), ["assert f(1) == 1"], "f", sandbox=sandbox).feedback
    assert (
        "assert f(1) == 1" in said
        and "ZeroDivisionError" in said
        and "line 2, in f" in said
        and "/" not in said.replace("1 / 0", "").replace("~~^~~", "")
    )
    said = run_tests(fenced("print(input())"), [{"input": "3\n", "output": "9\n"}], sandbox=sandbox).feedback
    assert "Input:\n3" in said and "Expected output:\n9" in said and "Got:\n3" in said
    said = run_tests(fenced("def f(x) return"), calls, "f", sandbox=sandbox).feedback
    assert "SyntaxError" in said and "line 1" in said
    assert "block" in run_tests("", calls, "f", sandbox=sandbox).feedback
    "".join(said).encode()


def test_fraction_and_all(sandbox):
    replies = [fenced(SQUARE), fenced("def f(x): return x"), "no program", fenced("def f(x): return -1")]
    tests = [["assert f(0) == 0", "assert f(1) == 1", "assert f(2) == 4", "assert f(3) == 9"]] * 4
    assert code_reward(replies, tests, ["f"] * 4, sandbox=sandbox) == [1.0, 0.0, 0.0, 0.0]
    assert code_reward(replies, tests, ["f"] * 4, mode="fraction", sandbox=sandbox) == [1.0, 0.5, 0.0, 0.0]


def test_inputs_that_no_sandbox_takes_are_the_row_s_fault(sandbox):
    with pytest.raises(UserError, match="row 0: input 0: not a plain value: object"):
        code_reward([fenced(SQUARE)], [[{"input": [object()], "output": 1}]], ["f"], sandbox=sandbox)


def test_with_stop_nothing_is_run_after_a_failure(sandbox):
    tests = [{"input": f"{x}\n", "output": f"{x}\n"} for x in range(40)]
    (outcome,) = run_all([fenced("x = int(input())\nprint(x if x < 2 else 0)")], [tests], sandbox=sandbox)
    assert not outcome.passed and sum(outcome.results) == 2 and len(outcome.results) == 40


def test_messages_columns_and_logs(sandbox):
    replies = [
        [{"role": "assistant", "content": fenced(SQUARE)}],
        fenced("def f(:"),
        fenced("def f(x):\n while 1: pass"),
    ]
    metrics, extras = {}, {}
    rewards = code_reward(
        replies,
        tests=[CHECK] * 3,
        entry_point=["f"] * 3,
        prompts=["Write f."] * 3,
        limits=Limits(cpu_seconds=0.5),
        sandbox=sandbox,
        log_metric=metrics.__setitem__,
        log_extra=extras.__setitem__,
        trainer_state=None,
        completion_ids=[[1]] * 3,
    )
    assert rewards == [1.0, 0.0, 0.0]
    assert extras == {"code_status": ["passed", "compile_error", "timeout"]}
    third = pytest.approx(1 / 3)
    assert metrics == {
        "code/passed": third, "code/compile_error": third, "code/timeout": third, "code/memory": 0, "code/no_code": 0,
        "code/bad_tests": 0, "code/unavailable": 0,
    }  # fmt: skip


def test_tests_at_fault_give_no_verdict_and_a_warning(sandbox):
    with pytest.warns(UserWarning, match="completion 1: its row's tests are at fault"):
        assert code_reward([fenced(SQUARE)] * 2, [["assert f(1) == 1"], ["assert f(1) ="]], sandbox=sandbox) == [
            1.0,
            None,
        ]


def test_bad_columns_are_named():
    with pytest.raises(UserError, match="column `tests`"):
        code_reward(["x"])
    with pytest.raises(UserError, match="tests has 1 entries for 2"):
        code_reward(["x", "y"], [["assert 1"]])
    with pytest.raises(UserError, match="mode must be"):
        code_reward(["x"], [["assert 1"]], mode="most")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"limits": 3}, "limits must be a mapping"),
        ({"limits": {"wall_second": 2}}, "did you mean 'wall_seconds'"),
        ({"limits": {"processes": "many"}}, "processes must be a number"),
        ({"limits": {"processes": 1.5}}, "processes must be a whole number"),
        ({"limits": {"cpu_seconds": float("nan")}}, "cpu_seconds must be above 0"),
        ({"sandbox": "docker"}, "sandbox must be bubblewrap or process"),
        ({"sandbox": {}}, "sandbox must be bubblewrap or process"),
        ({"tolerance": -1}, "tolerance must be"),
        ({"tolerance": "1e-6"}, "tolerance must be"),
    ],
)
def test_bad_settings_are_named(settings, said):
    with pytest.raises(UserError, match=said):
        code_reward(["x"], [["assert 1"]], **settings)


def test_settings_as_a_file_gives_them():
    need_bubblewrap()
    loop, tests = fenced("def f(x):\n while 1: pass"), [["assert f(1) == 1"]]
    began = time.monotonic()
    assert code_reward([loop], tests, limits={"wall_seconds": 0.5}, sandbox="bubblewrap") == [0.0]
    assert time.monotonic() - began < 8


def test_a_program_may_end_by_exit(sandbox):
    tests = [{"input": "", "output": "3"}]
    for end in ("exit()", "quit()", "exit(0)", "import sys; sys.exit()", "raise SystemExit"):
        assert run_tests(fenced(f"print(3)\n{end}"), tests, sandbox=sandbox).passed
    for end in ("exit(1)", "quit('no')"):
        assert run_tests(fenced(f"print(3)\n{end}"), tests, sandbox=sandbox).status == "error"


def test_an_object_can_turn_no_0_into_none(sandbox):
    blank = fenced("class Y:\n    def put(s, x): pass\n    def sort(s, key=None): return 1\ndef f(x): return Y()")
    tests = ["f(1)[1:] == [2]", "f(1).sort(key=lambda v: v)", "f(1).put(open('/dev/null'))", "f(1)(open('/dev/null'))"]
    rows = [[f"assert {test}"] for test in tests]
    assert code_reward([blank] * 4, rows, sandbox=sandbox) == [0.0] * 4


def test_a_bad_row_is_named_before_anything_runs(sandbox):
    with pytest.raises(UserError, match="^row 1: "):
        code_reward([fenced(SQUARE)] * 2, [["assert f(1) == 1"], 3], sandbox=sandbox)


def test_without_a_sandbox_nothing_is_judged(monkeypatch):
    from posttrain.reward.sandbox import check_isolation, pool

    check_isolation.cache_clear()
    pool._make_default.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    try:
        with pytest.raises(UserError, match="apt install bubblewrap"):
            run_all([], [])
    finally:
        check_isolation.cache_clear()
        pool._make_default.cache_clear()


@pytest.mark.parametrize(
    "reply", ["", "```python\n```", "I cannot.", "```python\nassert True\n```", "passed", "\ud800", "\0"]
)
@pytest.mark.parametrize(
    "tests", [CHECK, ["assert f(3) == 9"], [{"input": [3], "output": 9}], [{"input": "3", "output": "9"}]]
)
def test_nothing_is_worth_nothing(sandbox, reply, tests):
    assert not run_tests(reply, tests, "f", sandbox=sandbox).passed


def test_the_expected_values_are_never_where_the_program_is(sandbox, monkeypatch):
    """Every byte that goes to a program's job, for each form of tests: none holds what is due."""
    from posttrain.reward.sandbox import job as jobs

    sent: list[tuple[dict, bytes]] = []
    orders: dict[int, dict] = {}
    create, send = jobs.Job.__init__, jobs.Job.send

    def remember(job, one, limits, order, *args, **kwargs):
        orders[id(job)] = order
        create(job, one, limits, order, *args, **kwargs)

    monkeypatch.setattr(jobs.Job, "__init__", remember)
    monkeypatch.setattr(jobs.Job, "send", lambda job, m: (sent.append((orders[id(job)], m)), send(job, m))[1])
    due = 987654321
    program = fenced(f"def f(x): return {due - 5} + x - 0")
    for tests in (
        f"def check(c):\n    assert c(5) == {due}",
        [f"assert f(5) == {due}"],
        [{"input": [5], "output": due}],
    ):
        assert run_tests(program, tests, "f", sandbox=sandbox).passed
    assert run_tests(
        fenced(f"print({due - 5} + int(input()))"), [{"input": "5", "output": str(due)}], sandbox=sandbox
    ).passed
    messages = [message for order, message in sent if order["mode"] != "tests"]
    assert len(messages) >= 8 and not [message for message in messages if str(due).encode() in message]
    assert any(str(due).encode() in message for order, message in sent if order["mode"] == "tests")
