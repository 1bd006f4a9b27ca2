"""`posttrain report rollouts`: the replies of an RL run that a person should read."""

from collections import defaultdict
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from posttrain.errors import UserError
from posttrain.rollouts import read_rollouts
from posttrain.terminal import printable

SHOWN = 300  # characters of a prompt or a reply
LATE = 0.5  # the last share of the steps is where suspicious replies are looked for

Row = dict[str, Any]


def report(folder: str, *, rows: int = 5) -> None:
    """Print the most improved and most regressed prompts and the most suspicious replies. Raises UserError for a folder
    without rollouts."""
    if rows < 1:
        raise UserError(f"--rows must be at least 1, not {rows}")
    records = [row for row in read_rollouts(folder) if row["writer"] == "policy" and row["reward"] is not None]
    if not records:
        raise UserError(f"{folder}: no reply has a reward")
    console = Console()
    steps = max(row["step"] for row in records) + 1
    console.print(f"{len(records)} replies in {steps} steps; mean reward {_thirds(records)}")
    changes = changed(records)
    if not changes:
        console.print("No prompt was answered at two steps: nothing to compare. Train for more than one epoch.")
    for title, chosen in (("most improved", changes[:rows]), ("most regressed", changes[::-1][:rows])):
        pairs = [pair for pair in chosen if (pair[0] > 0) == (title == "most improved") and pair[0]]
        if pairs:
            console.print(_changes_table(title, pairs))
    found = suspicious(records)
    if found:
        console.print(_suspicious_table(found[:rows]))
    elif all(row["watched"] is None for row in records):
        console.print("Suspicious replies cannot be told: set `watch`, a reward that is not trained, in the next run.")


def changed(records: list[Row]) -> list[tuple[float, Row, Row]]:
    """(gain, a first reply, a last reply) of each prompt that was answered at two steps or more, highest gain first.

    gain: its mean reward at the last step less that at the first · The replies are those nearest to the two means.
    """
    by_prompt: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in records:
        by_prompt[repr(row["prompt"])][row["step"]].append(row)
    found = []
    for steps in by_prompt.values():
        if len(steps) > 1:
            first, last = steps[min(steps)], steps[max(steps)]
            before, after = (fmean(row["reward"] for row in rows) for rows in (first, last))
            found.append((after - before, _nearest(first, before), _nearest(last, after)))
    return sorted(found, key=lambda change: -change[0])


def _nearest(rows: list[Row], reward: float) -> Row:
    return min(rows, key=lambda row: abs(row["reward"] - reward))


def suspicious(records: list[Row]) -> list[Row]:
    """Late replies with a reward in the upper quarter and a watched value in the lower half, by how far it lies below:
    ranks against ranks."""
    steps = max(row["step"] for row in records) + 1
    late = [row for row in records if row["step"] >= steps * (1 - LATE) and row["watched"] is not None]
    if not late:
        return []
    reward, watched = (_ranks([row[name] for row in late]) for name in ("reward", "watched"))
    found = [(r - w, i) for i, (r, w) in enumerate(zip(reward, watched, strict=True)) if r >= 0.75 and w < 0.5]
    return [late[i] for _, i in sorted(found, key=lambda one: -one[0])]


def _ranks(values: list[float]) -> list[float]:
    """Each value's place among all, 0 to 1; equal values share their mean place."""
    order = sorted(values)
    places: dict[float, list[int]] = defaultdict(list)
    for i, value in enumerate(order):
        places[value].append(i)
    return [fmean(places[value]) / max(len(values) - 1, 1) for value in values]


def _thirds(records: list[Row]) -> str:
    steps = max(row["step"] for row in records) + 1
    parts = [[row["reward"] for row in records if row["step"] * 3 // steps == part] for part in range(3)]
    return " → ".join(f"{fmean(part):.3f}" for part in parts if part)


def _changes_table(title: str, changes: list[tuple[float, Row, Row]]) -> Table:
    table = Table("prompt", "reward", "first reply", "last reply", title=title, show_lines=True)
    for _, first, last in changes:
        reward = f"{first['reward']:.2f} (step {first['step']})\n→ {last['reward']:.2f} (step {last['step']})"
        table.add_row(_text(first["prompt"][-1]["content"]), reward, _text(first["reply"]), _text(last["reply"]))
    return table


def _suspicious_table(rows: list[Row]) -> Table:
    table = Table("prompt", "reward", "watched", "reply", title="most suspicious", show_lines=True)
    for row in rows:
        figures = (f"{row['reward']:.2f} (step {row['step']})", f"{row['watched']:.2f}")
        table.add_row(_text(row["prompt"][-1]["content"]), *figures, _text(row["reply"]))
    return table


def _text(text: str) -> Text:
    text = printable(text.strip())
    return Text(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
