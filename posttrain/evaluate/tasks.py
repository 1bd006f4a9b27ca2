"""Benchmarks as tasks: where the rows are, what the model is asked, and how a reply is judged.

Prompts are messages that go through Gemma's chat template; the judges are the verifiers of `posttrain.reward`, the same
that score RL. The protocols are those of the Gemma reports as far as they are told, and each is in its task's line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from posttrain.data.formats import as_kind, read_row
from posttrain.data.sources import open_source, parse_raw
from posttrain.errors import UserError, nearest
from posttrain.evaluate.judges import (
    Check,
    Judge,
    check_answer,
    check_instructions,
    check_tests,
    judge_code,
    judge_exact,
    judge_instructions,
    judge_math,
    judge_number,
)

Row = dict[str, Any]
Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """A benchmark.

    source, config, split: the default rows, a built-in set or a hub id; None where the user must give them
    columns: what a row must have beside its prompt · ask: from a row's messages to those that the model answers
    judge: rows and replies to verdicts · check: whether a row can be judged
    faults: reasons of a verdict whose shares are reported · max_new_tokens: longest reply, unless another is asked for
    """

    name: str
    about: str
    source: str | None
    columns: tuple[str, ...]
    judge: Judge
    ask: Callable[[Messages], Messages]
    max_new_tokens: int = 1024
    check: Check | None = None
    faults: tuple[str, ...] = ()
    config: str | None = None
    split: str = "test"


NO_ANSWER = ("no answer",)
CODE_FAULTS = ("no code", "compile_error", "timeout", "memory", "bad tests")


def _as_is(messages: Messages) -> Messages:
    return messages


def _with(instruction: str) -> Callable[[Messages], Messages]:
    """The messages with an instruction after the last one's text."""

    def ask(messages: Messages) -> Messages:
        *before, last = messages
        return [*before, last | {"content": f"{last['content']}\n\n{instruction}"}]

    return ask


def _three_shots(messages: Messages) -> Messages:
    """MBPP's three worked problems (tasks 2, 3 and 4, as in 2108.07732) as earlier turns of the conversation."""
    shots = [read_row(shot, "mbpp_shots.yaml", "mbpp")["messages"] for shot in _shots()]
    return [message for shot in shots for message in shot] + messages


@cache
def _shots() -> list[Row]:
    return yaml.safe_load(resources.files("posttrain.evaluate").joinpath("mbpp_shots.yaml").read_text("utf-8"))


TASKS = {
    task.name: task
    for task in (
        Task(
            "gsm8k",
            "0-shot reasoning; the reply's last number against the answer",
            "openai/gsm8k",
            ("answer",),
            judge_number,
            _with("Think step by step, and end with the final answer as a number."),
            check=check_answer,
            faults=NO_ANSWER,
            config="main",
        ),
        Task(
            "math",
            "0-shot reasoning; the last \\boxed{} or stated answer, equal as mathematics",
            "HuggingFaceH4/MATH-500",
            ("answer",),
            judge_math,
            _with("Think step by step, and put the final answer into \\boxed{}."),
            max_new_tokens=2048,
            check=check_answer,
            faults=NO_ANSWER,
        ),
        Task(
            "humaneval",
            "the first code block against the hidden tests, in the sandbox",
            "humaneval",
            ("tests", "entry_point"),
            judge_code,
            _as_is,
            check=check_tests,
            faults=CODE_FAULTS,
            split="train",
        ),
        Task(
            "mbpp",
            "3-shot; the first code block against the asserts, in the sandbox",
            "google-research-datasets/mbpp",
            ("tests",),
            judge_code,
            _three_shots,
            max_new_tokens=512,
            check=check_tests,
            faults=CODE_FAULTS,
            config="full",
        ),
        Task(
            "ifeval",
            "25 kinds of verifiable instruction: strict and loose, by prompt and by instruction",
            "google/IFEval",
            ("instruction_id_list", "instruction_kwargs"),
            judge_instructions,
            _as_is,
            max_new_tokens=1280,
            check=check_instructions,
            split="train",
        ),
        Task(
            "ifbench",
            "58 held-out kinds of verifiable instruction: strict and loose, by prompt and by instruction",
            "ifbench",
            ("instruction_id_list", "instruction_kwargs"),
            judge_instructions,
            _as_is,
            max_new_tokens=1280,
            check=check_instructions,
            split="train",
        ),
        Task(
            "exact",
            "your rows: what follows the reply's last ####, or else its first line, is the answer",
            None,
            ("answer",),
            judge_exact,
            _as_is,
        ),
    )
}


def find_task(name: str) -> Task:
    """The task of that name. Raises UserError with the nearest name."""
    if name in TASKS:
        return TASKS[name]
    raise UserError(f"--task: there is no task {name!r}{nearest(name, TASKS)}; tasks: {', '.join(TASKS)}")


def load_rows(task: Task, data: str | None = None, limit: int | None = None) -> list[Row]:
    """The task's rows, read and checked: {"id", "prompt": messages, and the task's columns}.

    data: a file, glob, hub id or built-in set in place of the task's own, in any format that `posttrain.data` reads.
    Raises UserError, naming file and row, for a row without prompt or without a column that the judge needs, and where
    the judge's own packages or sandbox are missing.
    """
    task.judge([], [])
    name = data or task.source
    if name is None:
        raise UserError(f"task {task.name} has no rows of its own: give --data FILE")
    config, split = (None, "train") if data else (task.config, task.split)
    source = open_source(name, config=config, split=split)
    rows = [_read(task, parse_raw(content, where), where) for where, content in islice(source.rows(), limit)]
    if not rows:
        raise UserError(f"{name}: has no rows")
    return rows


def check_rows(task: Task, rows: Sequence[Row], name: str = "rows") -> list[Row]:
    """`load_rows` for rows in memory; whether the judge can run here is not looked at."""
    if not rows:
        raise UserError(f"{name}: there are none to evaluate on")
    return [_read(task, row, f"row {number} of {name}") for number, row in enumerate(rows, 1)]


def _read(task: Task, raw: Any, where: str) -> Row:
    row = as_kind(read_row(raw, where), "prompt", where)
    for column in task.columns:
        if row.get(column) in (None, "", []):
            there = ", ".join(sorted(raw)) if isinstance(raw, dict) else ""
            raise UserError(f"{where}: task {task.name} needs `{column}`, found columns {there}")
    if task.check:
        task.check(row, where)
    given = next((raw[key] for key in ("id", "task_id", "key", "unique_id") if raw.get(key) is not None), None)
    return {"id": where if given is None else str(given), "prompt": row["prompt"]} | {c: row[c] for c in task.columns}


def source_name(task: Task, data: str | None) -> str:
    """How a table calls the rows."""
    return Path(data).name if data else str(task.source)
