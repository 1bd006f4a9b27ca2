"""Hostile programs (tests/attacks, one a file): none passes, none escapes, none hangs, and the next good one passes.

Each is a function `f` that is to return its argument's square, or (program_*) a program that is to print it. What it
finds that it should not it returns as text that begins with ESCAPED. It is called, and run against `check(candidate)`,
in the one worker that the good programs use before and after.
"""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from posttrain.reward.code import run_tests
from posttrain.reward.sandbox import Limits, Sandbox
from posttrain.reward.sandbox.strict import matches
from tests.sandboxes import GOOD, need_bubblewrap

ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.py"))
NUMBERS = [1, 2, 3, 7]
# Enough for each to do its worst, and little enough for a hundred of them.
TIGHT = Limits(
    cpu_seconds=0.5, wall_seconds=1.0, memory_bytes=512 << 20, processes=16, output_bytes=1 << 20, file_bytes=16 << 20
)
CHECK = "def check(candidate):\n" + "".join(f"    assert candidate({x}) == {x * x}\n" for x in NUMBERS)
PROGRAMS = [{"input": f"{x}\n", "output": f"{x * x}\n"} for x in NUMBERS]
PORT = 47_321  # known to the attacks
HANG = 40.0  # seconds: each run ends within its limits and the worker's patience, on a busy machine too


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def visitors():
    """Connections and datagrams that reach this machine while the attacks run."""
    found = []
    listeners = [socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX)]
    for listener, address in zip(listeners, [("127.0.0.1", PORT)] * 2 + ["\0posttrain-listener"], strict=True):
        listener.bind(address)
    for listener in (listeners[0], listeners[2]):
        listener.listen()
        threading.Thread(target=lambda s=listener: found.append(s.accept()), daemon=True).start()
    threading.Thread(target=lambda: found.append(listeners[1].recv(9)), daemon=True).start()
    yield found
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_it_neither_passes_nor_escapes_nor_hangs(path, sandbox, visitors):
    source, program = path.read_text(), path.stem.startswith("program_")
    began = time.monotonic()
    results = sandbox.run(source, None if program else "f", [f"{x}\n" if program else [x] for x in NUMBERS], TIGHT)
    outcome = run_tests(source, PROGRAMS if program else CHECK, None if program else "f", sandbox=sandbox, limits=TIGHT)
    assert time.monotonic() - began < HANG
    assert not outcome.passed and outcome.status not in ("tests", "no tests", "no code", "unavailable"), outcome
    assert len(results) == len(NUMBERS)
    for result in results:
        assert type(result.value) in (type(None), bool, int, float, str, bytes, list, tuple, dict, set, frozenset)
        said = result.stdout[:1000] + result.message + (result.value if type(result.value) is str else "")
        assert "ESCAPED" not in said + outcome.feedback
    if not program:
        assert not all(matches(result.value, x * x) for result, x in zip(results, NUMBERS, strict=True))
    assert run_tests(GOOD, CHECK, "f", sandbox=sandbox).passed
    assert sandbox.run(GOOD, "f", [[5]])[0].value == 25
    assert not visitors and not os.path.exists("/tmp/posttrain-escaped")


def test_there_are_enough_of_them():
    assert len(ATTACKS) >= 100
