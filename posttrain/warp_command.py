"""`posttrain warp`: rounds of several RL runs, merged by SLERP and drawn back by LITI (WARP, 2406.16768 Alg. 1)."""

import gc
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from posttrain.averaging import interpolate, mean, slerp
from posttrain.data.mixture import load_splits
from posttrain.errors import UserError
from posttrain.evaluate.front import front_point, reply_logps, write_rollouts
from posttrain.gemma import load_model, resolve_source
from posttrain.members import Members, read_members
from posttrain.reward.spec import build_reward, check_columns, required_columns
from posttrain.stage import CONFIG, STAGE
from posttrain.tracking import write_whole

FRONT = (0.3, 0.5, 0.8, 1.0)
EXTRA: dict[str, Any] = {"model": None, "rounds": 1, "eta": 0.3, "front": list(FRONT), "rows": 64}


def run(spec: str, out: str, *, commands: bool = False) -> None:
    """Train, merge and go on, round by round; at the end the front (1−η)·θ_sft + η·θ_slerp, scored on held-out prompts.

    commands: only print the first unfinished round's launch commands. Raises UserError as `read_members` does.
    """
    members, settings = read_members(spec, "it_rl", out, EXTRA)
    _check(spec, members, settings)
    folder = Path(out).expanduser()
    start = _once(folder / "start", lambda path: mean([resolve_source(settings["model"])], path, dtype="float32"))
    begin, rounds = start, []
    for number in range(1, settings["rounds"] + 1):
        one = _round(members, folder / f"round-{number}", begin, number)
        rounds.append(one)
        if commands and not all((path / STAGE).exists() for path in one.folders):
            print("\n".join(shlex.join(one.command(m)) for m in range(1, len(one.settings) + 1)))
            return
        paths = one.run()
        merged = _once(one.out / "slerp", lambda path, start=begin, paths=paths: slerp(start, paths, path))
        begin = _once(
            one.out / "liti", lambda path, start=begin, m=merged: interpolate(start, m, settings["eta"], path)
        )
    front = {
        f"eta {eta:g}": _once(
            folder / "front" / f"eta-{eta:g}", lambda path, e=eta: interpolate(start, merged, e, path)
        )
        for eta in settings["front"]
    }
    others = {f"member {m}": path for m, path in enumerate(rounds[-1].folders, 1)}
    report(folder, start, {"start": start, **others, **front}, rounds[-1], settings["rows"])


def _check(spec: str, members: Members, settings: dict[str, Any]) -> None:
    if len(members.settings) < 2:
        raise UserError(f"{spec}: WARP merges two members or more")
    if not settings["model"]:
        raise UserError(f"{spec}: `model`: name the checkpoint that RL begins from, such as runs/sft")
    if not isinstance(settings["rounds"], int) or settings["rounds"] < 1:
        raise UserError(f"{spec}: `rounds` must be at least 1, not {settings['rounds']!r}")
    etas = [settings["eta"], *settings["front"]]
    if not all(isinstance(eta, int | float) and 0 <= eta <= 2 for eta in etas):
        raise UserError(f"{spec}: `eta` and `front` must be shares from 0, such as 0.3")


def _round(members: Members, folder: Path, begin: Path, number: int) -> Members:
    """The members of one round: from its start, in an order of prompts of their own.

    Weights are kept in float32: of an RL run's small steps bf16 would leave nothing to merge.
    """
    settings = [
        {"seed": m, **given, "model": str(begin), "save_dtype": "float32"}
        for m, given in enumerate(members.settings, 1)
    ]
    for given in settings:
        given["seed"] += 1000 * (number - 1)
    return Members(members.recipe, members.config, members.launch, settings, folder)


def _once(folder: Path, make: Any) -> Path:
    return folder if (folder / STAGE).exists() else make(folder)


def report(folder: Path, start: Path, models: dict[str, Path], last: Members, rows: int) -> None:
    """Reward and KL to the start of every model on the same held-out prompts: a table, and `warp.json`."""
    config = yaml.safe_load((last.folder(1) / CONFIG).read_text())["config"]
    found: dict[str, dict[str, float]] = {}
    for name, point in _points(models, start, config, rows):
        found[name] = point
        write_whole(folder / "warp.json", json.dumps(found, indent=2) + "\n")
    table = Table("", "reward [95 % interval]", "KL to the start, nats a reply", "reply, tokens")
    for name, point in found.items():
        cells = (f"{point[k]:.3f} [{point[f'{k}_low']:.3f}, {point[f'{k}_high']:.3f}]" for k in ("reward", "kl"))
        table.add_row(name, *cells, f"{point['reply_tokens']:.0f}")
    console = Console()
    console.print(table)
    console.print(f"The models are in {folder / 'front'}: take the one whose KL you can afford.", soft_wrap=True)


def _points(
    models: dict[str, Path], start: Path, config: dict[str, Any], rows: int
) -> Iterator[tuple[str, dict[str, float]]]:
    reward = build_reward(config["reward"])
    wanted, held = {"kind": "prompt", "columns": required_columns(reward)}, config["eval_seed"]
    splits = load_splits(config["train"], config["eval"], eval_rows=rows, limit=config["limit"], seed=held, **wanted)
    if splits.test is None:
        raise UserError(f"{config['train']}: no prompts are held out: set `rows` above 0")
    check_columns(reward, splits.test.column_names, config["train"])
    written = {}
    for name, path in models.items():
        policy, tokenizer = load_model(path)
        settings = {"max_new_tokens": config["max_completion_length"], "batch_size": rows}
        written[name] = write_rollouts(policy, tokenizer, list(splits.test), reward, **settings)
        del policy
        gc.collect()
    first, _ = load_model(start)
    for name, rollouts in written.items():
        yield name, front_point(rollouts, reply_logps(first, rollouts))
