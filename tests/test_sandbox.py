"""The sandbox as a pool: results of every kind, limits, threads, forks, lost workers, and nothing left behind."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from posttrain.errors import UserError
from posttrain.reward.sandbox import Limits, Sandbox
from tests.sandboxes import GOOD, need_bubblewrap

QUICK = Limits(cpu_seconds=0.5, wall_seconds=2.0)


def workers(sandbox):
    """The processes of a sandbox, the inner ones too."""
    outer = [psutil.Process(worker.pid) for slot in sandbox._slots for worker in slot._workers.values()]
    return outer + [child for process in outer for child in process.children(recursive=True)]


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=2) as sandbox:
        yield sandbox


def test_functions_are_called_and_values_come_back(sandbox):
    results = sandbox.run(
        "def add(a, b=1):\n    return a + b", "add", [[1, 2], ["a", "b"], {"args": [1], "kwargs": {"b": 5}}]
    )
    assert [(result.status, result.value) for result in results] == [("ok", 3), ("ok", "ab"), ("ok", 6)]


@pytest.mark.parametrize(
    "expression",
    [
        "None", "True", "0", "-7", "2**100", "-(2**64)", "0.1", "float('inf')", "float('-inf')", "'é\\ud800'",
        "b'\\x00'",
        "[]", "[1, [2]]", "(1,)", "()", "{'a': (1, 2)}", "{1: {2: 3}, (1, 2): None}", "{1, 2}", "frozenset({'a'})",
        "{frozenset({1}): {(1, (2,))}}", "1j", "complex(float('inf'), -0.0)", "True, 1, 1.0",
    ],
)  # fmt: skip
def test_plain_values_survive_with_their_types(sandbox, expression):
    (result,) = sandbox.run(f"def f():\n    return {expression}", "f", [[]])
    expected = {"f": None}
    code = compile(f"value = {expression}", "test", "exec")
    __import__("types").FunctionType(code, expected)()
    assert result.ok and repr(result.value) == repr(expected["value"])


@pytest.mark.parametrize(
    "expression", ["Counter('aab')", "OrderedDict(a=2, b=1)", "defaultdict(int, {'a': 2, 'b': 1})"]
)
def test_the_dicts_of_collections_are_dicts(sandbox, expression):
    (result,) = sandbox.run(f"from collections import *\ndef f():\n    return {expression}", "f", [[]])
    assert type(result.value) is dict and result.value == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    "expression", ["object()", "f", "range(3)", "(x for x in [1])", "type('I', (int,), {})(4)", "[f]"]
)
def test_what_is_not_plain_is_an_error(sandbox, expression):
    (result,) = sandbox.run(f"def f():\n    return {expression}", "f", [[]])
    assert result.status == "error" and "not a plain value" in result.message and result.value is None


def test_programs_read_stdin_and_print(sandbox):
    results = sandbox.run("print(int(input()) * 2)", None, ["21\n", "4", "x"])
    assert [(result.status, result.stdout) for result in results] == [("ok", "42\n"), ("ok", "8\n"), ("error", "")]
    assert "ValueError" in results[2].stderr and "ValueError" in results[2].message


def test_a_program_is_main_and_its_threads_are_waited_for(sandbox):
    source = (
        "import atexit, threading, time\natexit.register(print, 'last')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "if __name__ == '__main__':\n    print('main')\n"
    )
    assert sandbox.run(source, None, [""])[0].stdout == "main\nthread\nlast\n"


@pytest.mark.parametrize(
    ("ending", "status"), [("sys.exit()", "ok"), ("sys.exit(3)", "error"), ("sys.exit('no')", "error")]
)
def test_exit_codes_of_programs(sandbox, ending, status):
    assert sandbox.run(f"import sys\nprint(1)\n{ending}", None, [""])[0].status == status


@pytest.mark.parametrize(
    ("source", "call", "status"),
    [
        ("def f(:", "f", "compile_error"),
        ("\0", "f", "compile_error"),
        ("x = '\ud800'", "f", "compile_error"),
        ("(" * 5000, "f", "compile_error"),
        ("raise ValueError(1)", "f", "error"),
        ("def g(): pass", "f", "not_found"),
        ("f = 3", "f", "not_found"),
        ("class Solution: pass", "Solution.f", "not_found"),
        ("def f(): 1 / 0", "f", "error"),
        ("import no_such_module", "f", "error"),
        ("def f():\n  while True: pass", "f", "timeout"),
        ("import time\ndef f(): time.sleep(60)", "f", "timeout"),
        ("while True: pass", "f", "timeout"),
        ("def f(): return bytearray(1 << 40)", "f", "memory"),
        ("def f():\n  while True: print('x' * 10000)", "f", "output"),
        ("import os\ndef f(): os.kill(os.getpid(), 9) or os._exit(3)", "f", "error"),
        ("import ctypes\ndef f(): ctypes.string_at(0)", "f", "killed"),
    ],
)
def test_every_misfortune_has_its_status(sandbox, source, call, status):
    results = sandbox.run(source, call, [[], []], QUICK)
    assert [result.status for result in results] == [status, status]
    assert results[0].message


def test_tracebacks_show_the_program_and_no_folder_of_this_machine(sandbox):
    (result,) = sandbox.run("import json\ndef f():\n    return json.loads('{')", "f", [[]])
    assert "solution.py" in result.traceback and "return json.loads" in result.traceback
    assert sys.base_prefix not in result.traceback and "/tmp" not in result.traceback


def test_methods_have_a_new_object_each(sandbox):
    source = "class Solution:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1; return self.n"
    for call in ("Solution.up", "up"):
        assert [result.value for result in sandbox.run(source, call, [[], []])] == [1, 1]


def test_state_lives_from_call_to_call_and_not_from_job_to_job(sandbox):
    source = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)"
    for _ in range(2):
        assert [result.value for result in sandbox.run(source, "f", [[1], [2], [3]])] == [1, 2, 3]


def test_work_in_place_shows_in_the_arguments(sandbox):
    (result,) = sandbox.run("def f(x, n):\n    x.sort()", "f", [[[3, 1, 2], 5]])
    assert result.value is None and result.arguments == [[1, 2, 3], 5]
    (result,) = sandbox.run("def f(x):\n    x.sort()\n    return 1", "f", [[[3, 1, 2]]])
    assert result.arguments is None


def test_calls_after_one_that_ended_the_process_go_on_in_a_new_one(sandbox):
    source = "import os\ndef f(x):\n    return x if x else os._exit(0)"
    assert [result.status for result in sandbox.run(source, "f", [[1], [0], [2]])] == ["ok", "error", "ok"]


def test_time_is_each_call_s_own(sandbox):
    """Four calls of 0.3 s under a limit of 0.5 s each."""
    source = "import time\ndef f():\n    end = time.process_time() + 0.3\n    while time.process_time() < end: pass"
    assert [
        result.status for result in sandbox.run(source, "f", [[]] * 4, Limits(cpu_seconds=0.5, wall_seconds=10))
    ] == ["ok"] * 4


def test_what_calls_print_is_theirs(sandbox):
    results = sandbox.run("print('loading')\ndef f(x):\n    print(x)", "f", [["a"], ["b"]])
    assert [result.stdout for result in results] == ["a\n", "b\n"]


@pytest.mark.parametrize("inputs", ["abc", [3], [{"a": 1}], [[object()]], None])
def test_inputs_that_cannot_be_sent_are_the_caller_s_fault(sandbox, inputs):
    with pytest.raises(UserError):
        sandbox.run(GOOD, "f", inputs)


def test_no_input_is_no_result(sandbox):
    assert sandbox.run(GOOD, "f", []) == [] and sandbox.run(GOOD, None, []) == []


def test_runs_are_the_same_every_time(sandbox):
    source = "def f():\n    return str({'a', 'b', 'c', 'd'})"
    assert len({sandbox.run(source, "f", [[]])[0].value for _ in range(5)}) == 1


def test_many_threads_and_batches(sandbox):
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda x: sandbox.run(GOOD, "f", [[x]])[0].value, range(24)))
    assert values == [x * x for x in range(24)]
    assert [r[0].value for r in sandbox.run_many([(GOOD, "f", [[x]]) for x in range(8)])] == [x * x for x in range(8)]
    assert sandbox.submit(GOOD, "f", [[3]]).result()[0].value == 9


def test_awaited(sandbox):
    async def several():
        return await asyncio.gather(*(sandbox.run_async(GOOD, "f", [[x]]) for x in range(6)))

    assert [results[0].value for results in asyncio.run(several())] == [0, 1, 4, 9, 16, 25]


def test_a_worker_that_is_killed_is_replaced():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        sandbox.run(GOOD, "f", [[1]])
        workers(sandbox)[0].kill()
        assert sandbox.run(GOOD, "f", [[4]])[0].value == 16


def test_a_worker_that_dies_during_a_job_is_replaced_and_the_job_run_again():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        sandbox.run(GOOD, "f", [[1]])
        running = workers(sandbox)
        future = sandbox.submit("import time\ndef f(x):\n    time.sleep(1)\n    return x", "f", [[7]])
        time.sleep(0.4)
        running[1].kill()
        assert future.result()[0].value == 7


def test_a_stopped_worker_is_given_up(monkeypatch):
    need_bubblewrap()
    monkeypatch.setattr("posttrain.reward.sandbox.job.GRACE_SECONDS", 1.0)
    with Sandbox(workers=1) as sandbox:
        sandbox.run(GOOD, "f", [[1]])
        for process in workers(sandbox)[:2]:
            process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert sandbox.run(GOOD, "f", [[4]], QUICK)[0].value == 16
        assert time.monotonic() - began < 20


def test_a_forked_child_has_workers_of_its_own(sandbox):
    assert sandbox.run(GOOD, "f", [[2]])[0].value == 4
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if sandbox.run(GOOD, "f", [[6]])[0].value == 36 else 2
            sandbox.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert sandbox.run(GOOD, "f", [[3]])[0].value == 9


def test_workers_outlive_the_thread_that_first_used_them(sandbox):
    """The kernel ends a child with the thread that started it, where it is asked to."""
    with Sandbox(workers=1) as one:
        thread = threading.Thread(target=one.run, args=(GOOD, "f", [[1]]))
        thread.start()
        thread.join()
        before = one._slots[0].worker("program").pid
        assert one.run(GOOD, "f", [[2]])[0].value == 4
        assert one._slots[0].worker("program").pid == before


def test_nothing_is_left_behind():
    need_bubblewrap()
    daemon = "import os, time\ndef f(x):\n    os.fork() or (os.setsid(), os.fork(), time.sleep(1000))\n    return x"
    with Sandbox(workers=2) as sandbox:  # what is made once a process is made before we count
        sandbox.run(GOOD, "f", [[1]])
    gc.collect()
    me = psutil.Process()
    before = len(me.children(recursive=True)), me.num_fds(), set(os.listdir("/tmp"))
    with Sandbox(workers=2, limits=QUICK) as sandbox:
        sandbox.run_many([(daemon, "f", [[1]]), (GOOD, "f", [[1]]), ("def f(:", "f", [[1]])] * 8)
        sandbox.run_many(
            [("while True: pass", "f", [[1]]), ("print(1)", None, ["", ""])],
        )
        sandbox.check(GOOD, ["assert f(2) == 4", "assert f(2) == 5"])
    gc.collect()
    time.sleep(0.3)
    assert (len(me.children(recursive=True)), me.num_fds()) == before[:2]
    assert not {name for name in set(os.listdir("/tmp")) - before[2] if name.startswith("job-")}


def test_a_worker_holds_nothing_of_a_job_when_the_next_begins():
    """After a hundred children's worth of work a worker is bubblewrap, its child, and no more."""
    need_bubblewrap()
    spawn = (
        "import os, time\ndef f(x):\n    for _ in range(10):\n        if os.fork() == 0: time.sleep(1000)\n    return x"
    )
    with Sandbox(workers=1) as sandbox:
        for _ in range(10):
            assert sandbox.run(spawn, "f", [[1]])[0].value == 1
        sandbox.run(GOOD, "f", [[1]])
        time.sleep(0.5)
        assert len(workers(sandbox)) == 2


@pytest.mark.parametrize("ending", ["", "sandbox.close()", "os.kill(os.getpid(), 9)", "raise SystemExit(1)"])
def test_workers_end_with_the_process(ending):
    need_bubblewrap()
    script = (
        "import os, psutil\nfrom posttrain.reward.sandbox import Sandbox\nsandbox = Sandbox(workers=1)\n"
        "sandbox.run('def f(): pass', 'f', [[]])\n"
        f"print(*[c.pid for c in psutil.Process().children(recursive=True)], flush=True)\n{ending}"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    pids = [int(pid) for pid in done.stdout.split()]
    assert pids
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, pids))


def test_a_closed_sandbox_says_so():
    need_bubblewrap()
    sandbox = Sandbox(workers=1)
    sandbox.close()
    sandbox.close()
    with pytest.raises(UserError, match="closed"):
        sandbox.run(GOOD, "f", [[1]])


@pytest.mark.parametrize("name", ["cpu_seconds", "wall_seconds", "memory_bytes", "processes", "output_bytes"])
def test_limits_are_above_zero(name):
    with pytest.raises(UserError, match=f"{name} must be above 0"):
        Limits(**{name: 0})


def test_one_worker_or_more():
    with pytest.raises(UserError, match="at least one"):
        Sandbox(workers=0)
