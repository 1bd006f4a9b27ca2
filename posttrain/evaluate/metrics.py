"""From records to figures, each with its 95 % interval; and two models' records to a paired comparison."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from posttrain.errors import UserError
from posttrain.evaluate.records import Record
from posttrain.evaluate.statistics import compare_pairs, mean_interval, pass_at_k, wilson_interval

INSTRUCTION_FIGURES = ("prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose")
# Shares that are reported where they occur: verdicts' `why`.
FAULTS = ("no answer", "compile_error", "timeout", "memory")


def summarise(records: Sequence[Record]) -> dict[str, float]:
    """Figures of one task: accuracy (pass@1), pass@k, or the four of instruction following; and how the replies were.

    accuracy is the mean over rows of the share of right replies: for one reply a row with Wilson's interval, for more
    with a bootstrap over rows. Instruction level counts each instruction once, prompt level asks for all of a row's.
    """
    replies = [reply for record in records for reply in record["replies"]]
    figures: dict[str, float] = {"rows": len(records)}
    if all("strict" in reply for reply in replies):
        for name in INSTRUCTION_FIGURES:
            values, weights = zip(*(_following(record, name) for record in records), strict=True)
            figures |= _with_interval(name, values, weights)
    else:
        figures |= _with_interval("accuracy", [row_score(record) for record in records])
        k = min(len(record["replies"]) for record in records)
        if k > 1:
            figures |= _with_interval(f"pass@{k}", [_pass_at(record, k) for record in records])
    figures["stop_rate"] = fmean(reply["stopped"] for reply in replies)
    figures["reply_tokens"] = fmean(reply["tokens"] for reply in replies)
    for fault in FAULTS:
        if share := fmean(reply.get("why") == fault for reply in replies):
            figures[fault.replace(" ", "_")] = share
    return figures


def row_score(record: Record) -> float:
    """A row's part of the task's first figure: the mean over its replies."""
    return fmean(reply["correct"] for reply in record["replies"])


def compare_records(first: Sequence[Record], second: Sequence[Record], task: str) -> dict[str, float]:
    """The second model against the first on the same rows; see `statistics.compare_pairs`.

    Raises UserError, naming the first difference, where the rows are not the same.
    """
    if len(first) != len(second):
        raise UserError(f"{task}: {len(first)} rows against {len(second)}: evaluate both on the same rows")
    for one, other in zip(first, second, strict=True):
        if one["prompt"] != other["prompt"]:
            raise UserError(f"{task}: row {one['index'] + 1} asks something else ({one['id']} against {other['id']})")
    scores = [[row_score(record) for record in records] for records in (first, second)]
    means = {"first": fmean(scores[0]), "second": fmean(scores[1]), "rows": len(first)}
    return means | compare_pairs(*scores)


def _following(record: Record, name: str) -> tuple[float, int]:
    """(share that is followed, weight) of a row for one of the four figures, over its replies."""
    level, _, rule = name.partition("_")
    lists = [reply[rule] for reply in record["replies"]]
    if level == "prompt":
        return fmean(all(one) for one in lists), 1
    return fmean(fmean(one) for one in lists), len(lists[0])


def _pass_at(record: Record, k: int) -> float:
    replies = record["replies"]
    return pass_at_k(len(replies), sum(reply["correct"] == 1 for reply in replies), k)


def _with_interval(name: str, values: Sequence[float], weights: Sequence[float] | None = None) -> dict[str, float]:
    shares = set(values) <= {0.0, 1.0} and set(weights or ()) <= {1}
    if shares:
        mean, interval = fmean(values), wilson_interval(round(sum(values)), len(values))
    else:
        mean, *rest = mean_interval(values, weights)
        interval = (rest[0], rest[1])
    return {name: mean, f"{name}_low": interval[0], f"{name}_high": interval[1]}


def first_figure(figures: dict[str, Any]) -> str:
    """The name of the figure that stands for the task."""
    return "accuracy" if "accuracy" in figures else INSTRUCTION_FIGURES[0]
