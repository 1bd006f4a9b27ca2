"""`posttrain warm`: reward models of several runs, averaged (WARM, 2401.12187), and what the mean is worth."""

import json
import shlex
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from posttrain.averaging import greedy_mean, mean
from posttrain.data.mixture import load_splits
from posttrain.errors import UserError
from posttrain.evaluate.preferences import HELD_OUT, metrics_of, pair_records, rights
from posttrain.evaluate.statistics import compare_pairs
from posttrain.members import Members, read_members
from posttrain.pairs import encode_pairs
from posttrain.reward import RewardModel
from posttrain.stage import CONFIG, STAGE
from posttrain.tracking import read_lines, write_whole

AVERAGES = ("mean", "greedy")


def run(spec: str, out: str, *, commands: bool = False) -> None:
    """Train what is not trained yet, average, score the mean on the members' held-out pairs, and print the table.

    commands: only print the members' launch commands. Raises UserError as `read_members` does, and for a failure.
    """
    members, settings = read_members(spec, "it_reward_model", out, {"average": "mean"})
    if settings["average"] not in AVERAGES:
        raise UserError(f"{spec}: `average` must be one of {', '.join(AVERAGES)}, not {settings['average']!r}")
    _share_the_head(members)
    if commands:
        for number in range(1, len(members.settings) + 1):
            print(shlex.join(members.command(number)))
        return
    folders = members.run()
    report(members, _average(members, folders, settings["average"]))


def _share_the_head(members: Members) -> None:
    """All members begin from the first one's head, unless they say otherwise."""
    for settings in members.settings[1:]:
        settings.setdefault("score_head", str(members.folder(1)))


def _average(members: Members, folders: list[Path], how: str) -> Path:
    out = members.out / "warm"
    if (out / STAGE).exists():
        return out
    if how == "mean":
        return mean(folders, out)
    return greedy_mean(folders, out, lambda folder: fmean(rights(_held_out(members, folder))))[0]


def report(members: Members, warm: Path) -> None:
    """A table of members and mean on the same pairs, and `warm.json` beside them."""
    records = {folder.name: read_lines(folder / HELD_OUT) for folder in members.folders}
    records["warm"] = _held_out(members, warm)
    same = ("source", "chosen_length", "rejected_length")
    pairs = {tuple(tuple(line[key] for key in same) for line in lines) for lines in records.values()}
    if len(pairs) != 1:
        raise UserError(
            f"{members.out}: the members hold out other pairs: give all the same `eval`, `eval_rows` and `eval_seed`"
        )
    found: dict[str, Any] = {name: metrics_of(lines) for name, lines in records.items()}
    table = Table("", "pairs right [95 % interval]", "loss", "calibration error", "correlation with length")
    for name, figures in found.items():
        share = "{accuracy:.3f} [{accuracy_low:.3f}, {accuracy_high:.3f}]".format(**figures)
        rest = (f"{figures[key]:.3f}" for key in ("loss", "calibration_error", "length_correlation"))
        table.add_row(name, share, *rest)
    ours = [rights(lines) for name, lines in records.items() if name != "warm"]
    average = [sum(column) / len(column) for column in zip(*ours, strict=True)]
    found["warm_less_members"] = compare_pairs(average, rights(records["warm"]))
    write_whole(members.out / "warm.json", json.dumps(found, indent=2) + "\n")
    console = Console()
    console.print(table)
    difference = found["warm_less_members"]
    console.print(
        f"The mean of {len(ours)} less its members' mean accuracy: {difference['difference']:+.3f} "
        f"[{difference['low']:+.3f}, {difference['high']:+.3f}]. The reward model is in {warm}",
        soft_wrap=True,
        markup=False,
    )


def _held_out(members: Members, folder: Path) -> list[dict[str, Any]]:
    """The folder's rewards on the pairs that the first member holds out."""
    config = yaml.safe_load((members.folder(1) / CONFIG).read_text())["config"]
    wanted = {key: config[key] for key in ("train", "eval", "eval_rows", "limit")}
    rows = load_splits(**wanted, seed=config["eval_seed"], kind="preference").test
    if rows is None:
        raise UserError(f"{members.out}: nothing was held out: set `eval_rows` above 0")
    model = RewardModel(folder)
    pairs = encode_pairs(rows, model.tokenizer, config["max_length"], name="held-out pairs")[0].sort("length")
    return pair_records(model.score_ids(pairs["chosen_ids"]), model.score_ids(pairs["rejected_ids"]), pairs)
