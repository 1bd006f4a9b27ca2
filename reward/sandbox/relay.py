"""Tests in one job, the program in another, and this process between them: it passes messages on and keeps the clocks.

    tester → us   b"c" + a request to the program: passed on as it is, and so is the answer
                  b"v" + JSON: the verdict of one test

The program's answers go to the tester unread but for their length, since the tester checks them itself; only the
tester's verdicts are read here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from posttrain.reward.sandbox.calls import load_job
from posttrain.reward.sandbox.job import Job
from posttrain.reward.sandbox.limits import Limits, Result, Status
from posttrain.reward.sandbox.worker import Worker, WorkerLost


@dataclass(frozen=True)
class Verdict:
    """Of one test. status: passed · failed (an assertion) · tests (they themselves are at fault) · or a Result's."""

    passed: bool
    status: Literal["passed", "failed", "tests"] | Status
    message: str = ""
    traceback: str = field(default="", repr=False)
    seconds: float = 0.0


def run_tests(
    worker: Callable[[str], Worker], source: str, order: dict, limits: Limits, stop: bool = False
) -> list[Verdict]:
    """One Verdict a test of `order` (see tester.py); limits are of each test, program and tests together.

    A program that ends or runs out of time fails that test and those after it, which are not run; with `stop` so does
    every failure.
    """
    tests = Job(worker("tests"), limits, {"mode": "tests"} | order, calls=len(order["tests"]) + 1)
    try:
        program, loaded = load_job(worker("program"), source, limits, calls=len(order["tests"]) + 1)
        try:
            if loaded.status != "ok":
                return [_from_result(loaded)] * len(order["tests"])
            return _relay(tests, program, len(order["tests"]), stop)
        finally:
            program.close()
    finally:
        tests.close()


def _relay(tests: Job, program: Job, count: int, stop: bool) -> list[Verdict]:
    verdicts: list[Verdict] = []
    while len(verdicts) < count:
        verdict = _one_test(tests, program)
        verdicts.append(verdict)
        if tests.lost or program.lost:
            raise WorkerLost("it ended during a test")
        if not verdict.passed and (stop or tests.over or program.over):
            status: Status | Literal["failed"] = "timeout" if verdict.status == "timeout" else "failed"
            verdicts += [Verdict(False, status, "not run: an earlier test failed")] * (count - len(verdicts))
    return verdicts


def _one_test(tests: Job, program: Job) -> Verdict:
    """Pass messages on until the verdict, or until either job ends."""
    tests.begin()
    program.begin()
    try:
        while (message := tests.receive()) is not None:
            if message[:1] == b"v":
                return _read_verdict(message[1:], tests.seconds)
            program.send(message[1:])
            answer = program.receive()
            if answer is None:
                return _ended(program, "", tests.seconds)
            tests.send(answer)
        return _ended(tests, "the tests: ", tests.seconds)
    finally:
        tests.end()
        program.end()


def _ended(job: Job, whose: str, seconds: float) -> Verdict:
    if job.lost:
        return Verdict(False, "killed", "its worker is lost", "", seconds)
    status, message = job.verdict()
    return Verdict(False, status, whose + message, "", seconds)


def _read_verdict(text: bytes, seconds: float) -> Verdict:
    said = json.loads(text)
    status = "memory" if said.get("message", "").startswith("MemoryError") else said["status"]
    return Verdict(said["passed"] is True, status, said.get("message", ""), said.get("traceback", ""), seconds)


def _from_result(result: Result) -> Verdict:
    return Verdict(False, result.status, result.message, result.traceback, result.seconds)
