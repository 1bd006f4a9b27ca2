"""Whether a reply's program is right, by tests that it never sees: the verifier for code, for RL and for evaluation.

    run_tests("```python\\ndef f(x): return x + 1\\n```", ["assert f(1) == 2"])     ->  Outcome(status="passed", …)
    code_reward(completions, tests, entry_point)                                  ->  [1.0, 0.0, None, …]

The program is found (code_extraction), the tests are read (code_tests), both go to the sandbox, and what comes back is
compared here, strictly: True is not 1. See posttrain.reward.sandbox for what a program can and cannot do.
"""

import math
import reprlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from posttrain.errors import UserError
from posttrain.reward.code_extraction import complete_program, extract_program, prompt_stub, stub_prelude
from posttrain.reward.code_test_source import names_used
from posttrain.reward.code_tests import Calls, Programs, Sources, Tests, read_tests
from posttrain.reward.completions import Completion, check_lengths, completion_texts
from posttrain.reward.sandbox import Limits, Result, Sandbox, Verdict, default_sandbox
from posttrain.reward.sandbox.strict import matches

SHOWN = 600  # characters of an input, an output or a traceback in the feedback
LOGGED = ("compile_error", "timeout", "memory", "no code", "tests", "unavailable")
_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = SHOWN
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = 40


@dataclass(frozen=True)
class Outcome:
    """Of one reply.

    status   passed, or what befell the first test that did not pass: failed (a wrong answer) · error · compile_error ·
             not_found · timeout · memory · output · killed; "no code" in the reply; "no tests" in the row; "tests" that
             are themselves at fault (not Python, or an import that the sandbox lacks); unavailable (the sandbox)
    results  passed or not, a test · feedback: for a next turn, about the first test that failed; it shows that test
    """

    status: str
    program: str | None = None
    results: list[bool] = field(default_factory=list)
    feedback: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every test did."""
        return self.status == "passed"

    @property
    def share(self) -> float:
        """Of the tests that passed."""
        return sum(self.results) / len(self.results) if self.results else 0.0


def run_tests(
    reply: str,
    tests: Any,
    entry_point: str | None = None,
    *,
    prompt: Any = None,
    sandbox: Sandbox | None = None,
    limits: Limits | None = None,
    tolerance: float = 0.0,
    stop: bool = False,
    where: str = "tests",
) -> Outcome:
    """Run a reply's (or a bare source's) program on tests.

    tests: see code_tests.py · entry_point: the function that they call; `Class.method` is a method of a new object
    prompt: text or messages with an unfinished program (HumanEval's), which gives imports and helpers, and is what a
    reply that is only a function's body continues · tolerance: absolute and relative, of numbers in outputs and values
    stop: no test is run after one that failed (the rest count as failed); after a time-out none is in any case
    where: what begins an error message. Raises UserError for tests that cannot be read, or without the sandbox.

    stdout is compared line by line, without white space at the ends of lines and of the whole. A value is compared
    strictly by type, but where a list is due a tuple will do (JSON has no tuples), and for a function that returns
    None where a value is due its first argument counts, as judges do for functions that work in place.
    """
    read = read_tests(tests, entry_point, where)
    if read is None:
        return Outcome("no tests")
    program = extract_program(reply, entry_point, _names(read))
    if program is None:
        return Outcome("no code", feedback="There is no program in the reply: put it into a ```python block.")
    stub = prompt_stub(prompt, entry_point)
    work = _Work(complete_program(program, stub, entry_point), sandbox or default_sandbox(), limits, tolerance, stop)
    try:
        reports = work.run(read, entry_point, stub_prelude(stub, entry_point) if stub and entry_point else "")
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return _outcome(program, reports)


def _names(tests: Tests) -> list[str]:
    """What the tests use of the program, to find it by."""
    if isinstance(tests, Sources):
        return names_used([*tests.setup, *tests.tests])
    return [tests.name] if isinstance(tests, Calls) else []


@dataclass(frozen=True)
class _Report:
    """Of one test: its verdict, and what to say about it."""

    status: str
    said: str
    seconds: float = 0.0


@dataclass
class _Work:
    program: str
    sandbox: Sandbox
    limits: Limits | None
    tolerance: float
    stop: bool

    def run(self, tests: Tests, entry_point: str | None, prelude: str) -> list[_Report]:
        if isinstance(tests, Sources):
            verdicts = self.sandbox.check(
                self.program,
                tests.tests,
                setup=tests.setup,
                entry_point=entry_point,
                prelude=prelude,
                stop=self.stop,
                limits=self.limits,
            )
            return [_of_verdict(v, test) for v, test in zip(verdicts, tests.tests, strict=True)]
        if isinstance(tests, Programs):
            return self._in_slices(None, tests.inputs, tests.outputs, self._of_program)
        return self._in_slices(tests.name, tests.inputs, tests.alternatives, self._of_call)

    def _in_slices(
        self, call: str | None, inputs: list[Any], due: list[Any], judge: Callable[[Any, Any, Result], _Report]
    ) -> list[_Report]:
        """All inputs at once, or with `stop` one, then four, then sixteen …, up to a slice in which one failed."""
        reports: list[_Report] = []
        size = 1 if self.stop else len(inputs)
        while len(reports) < len(inputs):
            at = slice(len(reports), len(reports) + size)
            results = self.sandbox.run(self.program, call, inputs[at], self.limits)
            reports += map(judge, inputs[at], due[at], results)
            size *= 4
            if self.stop and any(report.status != "passed" for report in reports):
                reports += [_Report("failed", "not run")] * (len(inputs) - len(reports))
        return reports

    def _of_program(self, given: str, due: str, result: Result) -> _Report:
        if result.ok and same_output(result.stdout, due, self.tolerance):
            return _Report("passed", "", result.seconds)
        return _of_result(
            result, f"Input:\n{_clip(given)}\nExpected output:\n{_clip(due)}", f"\n{_clip(result.stdout)}"
        )

    def _of_call(self, given: Any, due: list[Any], result: Result) -> _Report:
        values = [result.value]
        if result.value is None and None not in due and result.arguments:
            values = result.arguments[:1]
        if result.ok and any(matches(values[0], one, self.tolerance) for one in due):
            return _Report("passed", "", result.seconds)
        arguments = given if isinstance(given, dict) else tuple(given)
        said = f"Arguments: {_show(arguments)}\nExpected: {_show(due[-1])}"
        return _of_result(result, said, f" {_show(values[0])}")


def _of_result(result: Result, said: str, got: str) -> _Report:
    if result.ok:
        return _Report("failed", f"{said}\nGot:{got}", result.seconds)
    return _Report(
        result.status, "\n".join(filter(None, (said, result.message, _clip(result.traceback)))), result.seconds
    )


def _of_verdict(verdict: Verdict, test: str) -> _Report:
    shown = "" if test == "check(candidate)" else f"Test: {_clip(test)}"
    text = "\n".join(filter(None, (shown, verdict.message, _clip(verdict.traceback))))
    return _Report(verdict.status, text, verdict.seconds)


def _outcome(program: str, reports: list[_Report]) -> Outcome:
    results = [report.status == "passed" for report in reports]
    seconds = sum(report.seconds for report in reports)
    if all(results):
        return Outcome("passed", program, results, f"All {len(results)} tests passed.", seconds)
    first = reports[results.index(False)]
    feedback = f"{sum(results)} of {len(results)} tests passed. The first that failed ({first.status}):\n{first.said}"
    feedback = feedback.encode("utf-8", "replace").decode()  # half characters would be refused in a next turn
    return Outcome(first.status, program, results, feedback, seconds)


def same_output(printed: str, due: str, tolerance: float = 0.0) -> bool:
    """Whether two outputs agree line by line, white space at the ends of lines and of the whole aside.

    tolerance: with one, words that are numbers in both may differ by so much, absolute or relative.
    """
    lines = [[line.rstrip() for line in text.rstrip().split("\n")] for text in (printed, due)]
    if lines[0] == lines[1] or not tolerance:
        return lines[0] == lines[1]
    mine, theirs = ([line.split() for line in text] for text in lines)
    return list(map(len, mine)) == list(map(len, theirs)) and all(
        _same_word(word, other, tolerance)
        for line, other_line in zip(mine, theirs, strict=True)
        for word, other in zip(line, other_line, strict=True)
    )


def _same_word(mine: str, theirs: str, tolerance: float) -> bool:
    try:
        return mine == theirs or math.isclose(float(mine), float(theirs), rel_tol=tolerance, abs_tol=tolerance)
    except ValueError:
        return False


def run_all(
    replies: Sequence[str],
    tests: Sequence[Any],
    entry_points: Sequence[str | None] | None = None,
    *,
    prompts: Sequence[Any] | None = None,
    sandbox: Sandbox | None = None,
    limits: Limits | None = None,
    tolerance: float = 0.0,
    stop: bool = True,
) -> list[Outcome]:
    """`run_tests` of many replies, every worker of the sandbox busy; by default no further than each one's first
    failure. With no replies it only makes sure that there is a sandbox. Raises UserError, naming the row."""
    pool = sandbox or default_sandbox()
    names = entry_points or [None] * len(replies)
    for i, (row, name) in enumerate(zip(tests, names, strict=True)):
        read_tests(row, name, f"row {i}")  # before anything runs

    def run(i: int) -> Outcome:
        prompt = prompts[i] if prompts else None
        return run_tests(
            replies[i],
            tests[i],
            names[i],
            prompt=prompt,
            sandbox=pool,
            limits=limits,
            tolerance=tolerance,
            stop=stop,
            where=f"row {i}",
        )

    return pool.map(run, range(len(replies)))


def code_feedback(
    replies: Sequence[str],
    public_tests: Sequence[Any],
    entry_points: Sequence[str | None] | None = None,
    **settings: Any,
) -> list[tuple[str, str]]:
    """(status, what to say in a next turn) of each reply by the tests that a person would be shown (RLEF, 2410.02089).

    settings: as of `run_all`. The text shows the first public test that failed, and is empty where all passed.
    """
    outcomes = run_all(replies, public_tests, entry_points, **settings)
    return [(outcome.status, "" if outcome.passed else outcome.feedback) for outcome in outcomes]


def code_reward(
    completions: Sequence[Completion],
    tests: Sequence[Any] | None = None,
    entry_point: Sequence[str | None] | None = None,
    *,
    prompts: Sequence[Any] | None = None,
    turns_without_code: Sequence[int | None] | None = None,
    mode: Literal["all", "fraction", "rlef"] = "all",
    tolerance: float = 0.0,
    limits: Limits | Mapping[str, float] | None = None,
    sandbox: Sandbox | str | None = None,
    log_metric: Callable[[str, float], None] | None = None,
    log_extra: Callable[[str, list], None] | None = None,
    **kwargs: Any,
) -> list[float | None]:
    """1.0 for each completion whose program passes all tests of its row, else 0.0 (in mode rlef −1); None where the row
    has no tests or they are themselves at fault, or where the sandbox could not run it for want of processes or memory.

    completions, prompts: texts or message lists (TRL hands both over) · tests, entry_point: the rows' columns
    mode: "all", as pass@k and RLEF (2410.02089) have it: a share of the tests can be had by constants that fit the
    easy ones; "fraction": the share of tests passed, where the signal is otherwise too rare; each test is then run;
    "rlef": RLEF's own numbers, 1 or −1, less 0.2 for each turn before the last in which there was no program
    turns_without_code: how many such turns there were, as `FeedbackTrainer` counts them
    limits: 10 s and 1 GiB a test, unless given; a mapping of some of the fields of Limits will do
    sandbox: None: the process's own (see default_sandbox), or that by the name of its isolation: bubblewrap, process
    Logs code/passed, the shares of compile_error, timeout, memory, no_code, bad_tests and unavailable, and the column
    `code_status`.
    Raises UserError for a column that is missing or cannot be read, and where no sandbox can be had.
    """
    if tests is None:
        raise UserError("code_reward needs a column `tests` with each row's tests")
    read_settings(mode, tolerance, limits, sandbox)
    check_lengths(completions, tests=tests, entry_point=entry_point, prompts=prompts)
    outcomes = run_all(
        completion_texts(completions),
        tests,
        entry_point,
        prompts=prompts,
        sandbox=default_sandbox(sandbox) if isinstance(sandbox, str) else sandbox,  # type: ignore[arg-type]
        limits=Limits.of(limits),
        tolerance=tolerance,
        stop=mode == "all",
    )
    _log(outcomes, log_metric, log_extra)
    values = [_reward(outcome, mode) for outcome in outcomes]
    if mode != "rlef" or turns_without_code is None:
        return values
    return [v if v is None else v - 0.2 * (n or 0) for v, n in zip(values, turns_without_code, strict=True)]


def read_settings(mode: Any = "all", tolerance: Any = 0.0, limits: Any = None, sandbox: Any = None) -> None:
    """Refuses settings of `code_reward` that it could not work with. Raises UserError, naming the setting."""
    if mode not in ("all", "fraction", "rlef"):
        raise UserError(f"mode must be all, fraction or rlef, not {mode!r:.40}")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < math.inf:
        raise UserError(f"tolerance must be a number from 0, not {tolerance!r:.40}")
    if not (sandbox is None or isinstance(sandbox, Sandbox) or sandbox in ("bubblewrap", "process")):
        raise UserError(f"sandbox must be bubblewrap or process, not {sandbox!r:.40}")
    Limits.of(limits)


def _reward(outcome: Outcome, mode: str) -> float | None:
    if outcome.status in ("no tests", "tests", "unavailable"):
        return None
    if mode == "fraction":
        return outcome.share
    return float(outcome.passed) if mode == "all" else 2.0 * outcome.passed - 1


def _log(outcomes: list[Outcome], log_metric: Any, log_extra: Any) -> None:
    judged = [outcome for outcome in outcomes if outcome.status != "no tests"]
    if log_metric:
        log_metric("code/passed", sum(outcome.passed for outcome in judged) / max(len(judged), 1))
        for status in LOGGED:
            name = "bad_tests" if status == "tests" else status.replace(" ", "_")
            log_metric(f"code/{name}", sum(one.status == status for one in judged) / max(len(judged), 1))
    if log_extra:
        log_extra("code_status", [outcome.status for outcome in outcomes])
    bad = next((i for i, outcome in enumerate(outcomes) if outcome.status == "tests"), None)
    if bad is not None:
        warnings.warn(f"completion {bad}: its row's tests are at fault: {outcomes[bad].feedback[-300:]}", stacklevel=3)


def _show(value: Any) -> str:
    try:
        return _short.repr(value)
    except ValueError:  # an int of more digits than Python will print
        return "a number of very many digits"


def _clip(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} … {text[-SHOWN // 2 :]}"
