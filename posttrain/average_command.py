"""`posttrain average`: weights of checkpoints averaged, and what came of it."""

from collections import Counter
from pathlib import Path
from typing import Any

from posttrain.averaging import ema, interpolate, mean, slerp
from posttrain.errors import UserError

TAKES = {"mean": (), "slerp": ("init", "weight"), "interpolate": ("init", "eta"), "ema": ("rate",)}
EXAMPLES = {"init": "runs/sft", "eta": "0.3", "rate": "0.1"}
NEEDS = {"mean": (), "slerp": ("init",), "interpolate": ("init", "eta"), "ema": ("rate",)}


def run(how: str, folders: list[str], out: str, *, dtype: str | None = None, **settings: Any) -> None:
    """Average and say where the result is. Raises UserError for options that `how` does not take, or lacks."""
    given = {name: value for name, value in settings.items() if value is not None}
    if missing := [f"--{name} (such as --{name} {EXAMPLES[name]})" for name in NEEDS[how] if name not in given]:
        raise UserError(f"{how} needs {' and '.join(missing)}")
    if odd := [f"--{name}" for name in given if name not in TAKES[how]]:
        raise UserError(f"{how} takes no {' or '.join(odd)}: leave it out")
    if how == "mean":
        written = [mean(folders, out, dtype=dtype)]
    elif how == "slerp":
        written = [slerp(given["init"], folders, out, weight=given.get("weight"), dtype=dtype)]
    elif how == "ema":
        written = [ema(folders, out, given["rate"], dtype=dtype)]
    else:
        if len(folders) > 1:
            raise UserError(f"interpolate takes one folder beside --init, not {len(folders)}")
        etas = given["eta"]
        places = [Path(out)] if len(etas) == 1 else [Path(out) / f"eta-{eta:g}" for eta in etas]
        written = [
            interpolate(given["init"], folders[0], eta, place, dtype=dtype)
            for eta, place in zip(etas, places, strict=True)
        ]
    for note in _notes(how, folders):
        print(f"note: {note}")
    for folder in written:
        print(f"{folder}: {how} of {len(folders)} folder{'s' if len(folders) > 1 else ''}")


def _notes(how: str, folders: list[str]) -> list[str]:
    """What is allowed, and rarely meant."""
    if how in ("mean", "ema") and len(folders) == 1:
        return [f"of one folder the {how} is its own weights, unchanged"]
    counts = Counter(str(Path(folder).expanduser().resolve()) for folder in folders)
    return [f"{folder} is given {count} times, and counts so often" for folder, count in counts.items() if count > 1]
