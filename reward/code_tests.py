"""A row's tests, in any of the forms that data sets have, read into one of three kinds.

    Sources    source of tests: HumanEval's `check(candidate)`, MBPP's assert lines, a script of asserts, pytest's
               functions and unittest's classes (see code_test_source.py)
    Programs   stdin and the stdout that is due
    Calls      arguments and the value that is due

Forms:  "def check(candidate): …"  ·  ["assert f(1) == 2", …]  ·  [{"input": "3\\n", "output": "6\\n"}, …]
        [{"input": [3], "output": 6}, …] with an entry point  ·  APPS's {"inputs", "outputs", "fn_name"?}
        LiveCodeBench's {"input", "output", "testtype": "functional"} and {…, "type": "function_call", "fn_name"}, whose
        texts are JSON, an argument a line  ·  the JSON text of any of these

Of pairs the input may also be called stdin or args (with kwargs), the output stdout, expected or expected_output. Where
there is an entry point an input that is a text or a number is its one argument, unless the pair is of stdin by its
names, or by a `type` or `testtype` that begins with "stdin"; without one, a text is what a program reads.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.code_test_source import defines_only, split_script

_CHECK = re.compile(r"^def check\(", re.M)
_CHECKED = re.compile(r"^check\(\w", re.M)
_GIVEN = ("input", "stdin", "args")
_DUE = ("output", "stdout", "expected", "expected_output")
_TESTS = re.compile(r"\bassert|\bcheck\(|\braises?\b")


@dataclass(frozen=True)
class Sources:
    """tests: each its own verdict · setup: what all of them need, run once before."""

    tests: list[str]
    setup: list[str]


@dataclass(frozen=True)
class Programs:
    """inputs: texts for stdin · outputs: what is then due on stdout."""

    inputs: list[str]
    outputs: list[str]


@dataclass(frozen=True)
class Calls:
    """alternatives: for each call the values that are right (APPS may wrap the one value in a list)."""

    name: str
    inputs: list[Any]
    alternatives: list[list[Any]]


Tests = Sources | Programs | Calls


def read_tests(tests: Any, entry_point: str | None = None, where: str = "tests") -> Tests | None:
    """The row's tests; None where it has none. Raises UserError, beginning with `where`, for a form not known."""
    if isinstance(tests, str):
        return _read_text(tests, entry_point, where)
    if isinstance(tests, Mapping):
        return _read_apps(tests, entry_point, where) if tests else None
    if tests is None:
        return None
    if not isinstance(tests, Sequence) or isinstance(tests, bytes):
        raise UserError(
            f"{where}: tests are of type {type(tests).__name__}; give source, a list, or inputs and outputs"
        )
    items = list(tests)
    if not items:
        return None
    if all(isinstance(item, str) for item in items):
        return _read_lines(items, entry_point, where)
    if all(isinstance(item, Mapping) for item in items):
        return _read_pairs(items, entry_point, where)
    raise UserError(
        f"{where}: a list of tests holds assert lines or {{'input', 'output'}} pairs, found {items[0]!r:.60}"
    )


def _read_text(text: str, entry_point: str | None, where: str) -> Tests | None:
    if not text.strip():
        return None
    if text.lstrip()[0] in '[{"':
        try:
            return read_tests(json.loads(text), entry_point, where)
        except json.JSONDecodeError:
            pass  # a script may begin with a list, or with a docstring
    if _CHECK.search(text) and (entry_point or not _CHECKED.search(text)):
        if not entry_point:
            raise UserError(f"{where}: tests define check(candidate), and no entry_point names the candidate")
        return Sources(["check(candidate)"], [text])
    lines = [line for line in text.splitlines() if line.strip()]
    if all(line.startswith("assert ") for line in lines):
        return Sources(lines, [])
    if not _TESTS.search(text):
        raise UserError(f"{where}: tests are source without any assert: {text.strip()!r:.60}")
    script, calls = split_script(text, where)
    if not defines_only(script):
        return Sources([script, *calls], [])
    if not calls:
        raise UserError(f"{where}: the tests define, and call nothing: {text.strip()!r:.60}")
    return Sources(calls, [script])


def _read_lines(lines: list[str], entry_point: str | None, where: str) -> Tests | None:
    if any(_CHECK.search(line) for line in lines):
        return _read_text("\n".join(lines), entry_point, where)
    tests, setup = [], []
    for line in filter(str.strip, lines):
        script, calls = split_script(line, where)
        if calls or (_TESTS.search(line) and not defines_only(script)):
            tests.append("\n".join([script, *calls]))
        else:
            setup.append(line)
    if not tests:
        raise UserError(f"{where}: none of the tests holds an assert: {lines[0]!r:.60}")
    return Sources(tests, setup)


def _read_pairs(pairs: list[Mapping], entry_point: str | None, where: str) -> Tests:
    inputs, outputs = [_one_of(pair, _GIVEN, where) for pair in pairs], [_one_of(pair, _DUE, where) for pair in pairs]
    kinds = {str(pair.get("testtype") or pair.get("type") or "") for pair in pairs}
    named = pairs[0].get("fn_name")
    name = entry_point or named or pairs[0].get("func_name")
    if kinds <= {"functional", "function_call", "call"}:
        dues = [_json(due, where) for due in outputs]
        return _calls(
            name, [_json_lines(text, where) for text in inputs], _alternatives(dues, named is not None), where
        )
    by_name = all("stdin" in pair or "stdout" in pair for pair in pairs)
    if (not name and isinstance(inputs[0], str)) or by_name or all(kind.startswith("stdin") for kind in kinds):
        return _programs(inputs, outputs, where)
    arguments = [[given] if isinstance(given, str | int | float | None) else given for given in inputs]
    return _calls(name, arguments, _alternatives(outputs, named is not None), where)


def _one_of(pair: Mapping, names: tuple[str, ...], where: str) -> Any:
    """What a pair gives under one of the names."""
    for name in names:
        if name in pair:
            return (
                {"args": pair["args"], "kwargs": pair["kwargs"]} if name == "args" and "kwargs" in pair else pair[name]
            )
    raise UserError(f"{where}: each test needs `input` and `output`, found {sorted(map(str, pair))}")


def _alternatives(outputs: Sequence[Any], wrapped: bool) -> list[list[Any]]:
    """For each call the values that are right; wrapped: each may stand in a list of one, where all do."""
    wrapped = wrapped and all(isinstance(due, list) and len(due) == 1 for due in outputs)
    return [[due, due[0]] if wrapped else [due] for due in outputs]


def _read_apps(tests: Mapping, entry_point: str | None, where: str) -> Tests | None:
    inputs, outputs = tests.get("inputs"), tests.get("outputs")
    if not isinstance(inputs, Sequence) or not isinstance(outputs, Sequence) or len(inputs) != len(outputs):
        raise UserError(
            f"{where}: tests need `inputs` and `outputs` of the same length, found {sorted(map(str, tests))}"
        )
    if not inputs:
        return None
    name = tests.get("fn_name") or (entry_point if not all(isinstance(i, str) for i in inputs) else None)
    if not name:
        return _programs([_joined(given) for given in inputs], [_joined(due) for due in outputs], where)
    arguments = [_json_lines(given, where) if isinstance(given, str) else given for given in inputs]
    return _calls(name, arguments, _alternatives(outputs, True), where)


def _programs(inputs: Sequence[Any], outputs: Sequence[Any], where: str) -> Programs:
    for text in (*inputs, *outputs):
        if not isinstance(text, str):
            raise UserError(
                f"{where}: a program's input and output are texts, found {text!r:.60}; is entry_point missing?"
            )
    return Programs(list(inputs), list(outputs))


def _calls(name: str | None, inputs: Sequence[Any], alternatives: list[list[Any]], where: str) -> Calls:
    if not name:
        raise UserError(f"{where}: tests are calls, and no entry_point names the function")
    for given in inputs:
        if not isinstance(given, list | tuple | Mapping):
            raise UserError(f"{where}: `input` must be the list of the arguments, found {given!r:.60}")
    return Calls(name, [_arguments(given) for given in inputs], alternatives)


def _arguments(given: Any) -> Any:
    """A list of arguments, or keyword arguments; {"args", "kwargs"} is what the sandbox itself takes."""
    if isinstance(given, Mapping) and not given.keys() <= {"args", "kwargs"}:
        return {"kwargs": dict(given)}
    return dict(given) if isinstance(given, Mapping) else list(given)


def _joined(text: Any) -> Any:
    """APPS gives some texts as lists of lines."""
    return "\n".join(map(str, text)) if isinstance(text, list) else text


def _json_lines(text: Any, where: str) -> list[Any]:
    return [_json(line, where) for line in text.splitlines() if line.strip()] if isinstance(text, str) else text


def _json(text: Any, where: str) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise UserError(f"{where}: not JSON: {text!r:.60}") from None
