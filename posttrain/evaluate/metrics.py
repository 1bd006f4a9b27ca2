"""From records to figures, each with its 95 % interval; and two models' records to a paired comparison."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from posttrain.errors import UserError
from posttrain.evaluate.records import Record
from posttrain.evaluate.statistics import compare_pairs, mean_interval, pass_at_k, wilson_interval

INSTRUCTION_FIGURES = ("prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose")


def summarise(records: Sequence[Record], faults: Sequence[str] = ()) -> dict[str, float]:
    """Figures of one task (see `row_figures`) with their intervals; and how the replies were.

    faults: values of a verdict's `why` whose shares are reported as well
    The interval is Wilson's where rows are right or wrong, and a bootstrap over rows where they are graded.
    """
    replies = [reply for record in records for reply in record["replies"]]
    figures: dict[str, float] = {"rows": len(records)}
    parts = [row_figures(record) for record in records]
    for name in parts[0]:
        values, weights = zip(*(part[name] for part in parts), strict=True)
        figures |= _with_interval(name, values, weights)
    figures["stop_rate"] = fmean(reply["stopped"] for reply in replies)
    figures["reply_tokens"] = fmean(reply["tokens"] for reply in replies)
    for fault in faults:
        figures[fault.replace(" ", "_")] = fmean(reply.get("why") == fault for reply in replies)
    return figures


def row_figures(record: Record) -> dict[str, tuple[float, int]]:
    """A row's part of each figure of its task, as {name: (value, weight)}, over the row's replies.

    accuracy is the share of right replies (pass@1), beside pass@k for k replies. Of instruction following there are
    four: prompt level asks for all of a row's instructions, instruction level counts each instruction once.
    """
    replies = record["replies"]
    if "strict" in replies[0]:
        return {name: _following(replies, name) for name in INSTRUCTION_FIGURES}
    k, right = len(replies), sum(reply["correct"] == 1 for reply in replies)
    figures = {"accuracy": (fmean(reply["correct"] for reply in replies), 1)}
    return figures | ({f"pass@{k}": (pass_at_k(k, right, k), 1)} if k > 1 else {})


def compare_records(first: Sequence[Record], second: Sequence[Record], task: str) -> dict[str, dict[str, float]]:
    """{figure: the second model against the first on the same rows}; see `statistics.compare_pairs`.

    Beside it `first` and `second`, the two values. Raises UserError, naming the first difference, where the rows or the
    number of replies are not the same.
    """
    if len(first) != len(second):
        raise UserError(f"{task}: {len(first)} rows against {len(second)}: evaluate both on the same rows")
    for one, other in zip(first, second, strict=True):
        if one["prompt"] != other["prompt"]:
            raise UserError(f"{task}: row {one['index'] + 1} asks something else ({one['id']} against {other['id']})")
    parts = [[row_figures(record) for record in records] for records in (first, second)]
    names = [list(sides[0]) for sides in parts]
    if names[0] != names[1]:
        raise UserError(f"{task}: {', '.join(names[0])} against {', '.join(names[1])}: evaluate both with the same --k")
    outcomes = {}
    for name in names[0]:
        values = [[part[name][0] for part in side] for side in parts]
        weights = [part[name][1] for part in parts[0]]
        means = [fmean(one, weights) for one in values]
        outcomes[name] = {"first": means[0], "second": means[1]} | compare_pairs(values[0], values[1], weights)
    return outcomes


def _following(replies: Sequence[dict[str, Any]], name: str) -> tuple[float, int]:
    """(share that is followed, weight) of a row's replies for one of the four figures."""
    level, _, rule = name.partition("_")
    lists = [reply[rule] for reply in replies]
    if level == "prompt":
        return fmean(all(one) for one in lists), 1
    return fmean(fmean(one) for one in lists), len(lists[0])


def _with_interval(name: str, values: Sequence[float], weights: Sequence[int]) -> dict[str, float]:
    if set(values) <= {0.0, 1.0} and set(weights) == {1}:
        mean, (low, high) = fmean(values), wilson_interval(round(sum(values)), len(values))
    else:
        mean, low, high = mean_interval(values, weights)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}
