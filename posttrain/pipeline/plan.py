"""What `posttrain run` will do: every stage's key, folder, command and needs, and whether it is finished already.

A run's folder:  pipeline.json        the plan of the last `posttrain run`
                 NAME-KEY/            what a stage writes; KEY hashes settings, code version, inputs (`identity`)
                 NAME                 a link to the newest of them that is finished
                 configs/ logs/       NAME-KEY.yaml, NAME-KEY.log: what a stage was told, and what it said
                 done/NAME-KEY.json   the mark of a finished stage, and what it cost
"""

import contextlib
import glob
import io
import json
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from posttrain.errors import UserError
from posttrain.pipeline.identity import key_of, stage_identity
from posttrain.pipeline.spec import COMMANDS, REFERENCE, Stage, read_pipeline, replace_references
from posttrain.recipe_settings import TRAINING, check_settings
from posttrain.stage import STAGE
from posttrain.tracking import write_whole

FORMAT, PLAN = 1, "pipeline.json"
CPU_ONLY = ("data build", "student", "average", "export")
FILES = (".jsonl", ".json", ".csv", ".parquet", ".yaml", ".yml", ".gz")  # that data and rewards are given as


@dataclass
class Planned:
    """A stage with its place in a run.

    identity: what `key` hashes · told: {file below the run's folder: contents} that `command` reads
    """

    stage: Stage
    key: str
    identity: dict[str, Any]
    run: Path
    command: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.stage.name}-{self.key}"

    @property
    def folder(self) -> Path:
        return self.run / self.label

    @property
    def log(self) -> Path:
        return self.run / "logs" / f"{self.label}.log"

    @property
    def mark(self) -> Path:
        return self.run / "done" / f"{self.label}.json"

    @property
    def finished(self) -> bool:
        """Marked, or killed between writing `stage.json`, which is a stage's last act, and the mark."""
        return (self.folder.is_dir() and self.mark.exists()) or (self.folder / STAGE).exists()

    @property
    def launch(self) -> dict[str, Any]:
        """The accelerate config that the stage runs under; {} of a command."""
        path = self.stage.launch or _inner_launch(self.stage)
        return (yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}) if path else {}

    @property
    def typed(self) -> str:
        """The command as a person would type it."""
        text = shlex.join(self.command[2:])
        for module, program in (("accelerate.commands.launch", "accelerate launch"), ("posttrain.cli", "posttrain")):
            text = program + text.removeprefix(module) if text.startswith(module) else text
        return text

    @property
    def machines(self) -> int:
        return int(self.launch.get("num_machines") or 1)

    @property
    def gpus(self) -> int | None:
        """GPUs that it takes on a machine; None where that is for whoever runs it to say."""
        if self.stage.action in CPU_ONLY or self.launch.get("use_cpu"):
            return 0
        if not self.launch:
            return None
        return int(self.launch.get("num_processes") or 1) // self.machines


def make_plan(pipeline: str | Path, run: Path, *, elsewhere: bool = False) -> list[Planned]:
    """Every stage of the pipeline, in an order that can be run. Raises UserError for whatever is wrong, with its place:
    the settings are read by the recipes' own parsers.

    elsewhere: it will run on another machine, so that only unknown settings count as wrong here
    """
    planned: dict[str, Planned] = {}
    for stage in read_pipeline(pipeline):
        keys = {name: planned[name].key for name in stage.needs}
        identity = stage_identity(stage.action, stage.settings, stage.launch, keys)
        one = planned[stage.name] = Planned(stage, key_of(identity), identity, run)
        settings = replace_references(stage.settings, lambda name: str(planned[name].folder))
        with _named(f"{pipeline}: stage {stage.name}"):
            if stage.is_recipe:
                _tell_recipe(one, settings, elsewhere)
            else:
                _tell_command(one, settings)
    return list(planned.values())


def check_run_folder(run: Path) -> dict[str, Any]:
    """The plan that the folder holds, {} if none. Raises UserError for a folder that is something else."""
    path = run / PLAN
    if not path.exists():
        if run.is_file() or (run.is_dir() and any(p.name != ".lock" for p in run.iterdir())):
            raise UserError(f"{run} is not a pipeline's run folder: choose another --out")
        return {}
    try:
        before = json.loads(path.read_text())
    except ValueError:
        raise UserError(f"{path} cannot be read: choose another --out, or move it away to plan anew") from None
    if before.get("format") != FORMAT:
        raise UserError(
            f"{run} was written by another version of posttrain (format {before.get('format')}, this one writes "
            f"{FORMAT}): go on with that version, or choose another --out"
        )
    return before


def write_plan(plan: list[Planned], pipeline: str | Path, run: Path) -> None:
    """pipeline.json and the files that the stages are told their settings by."""
    for folder in ("configs", "logs", "done"):
        (run / folder).mkdir(parents=True, exist_ok=True)
    for one in plan:
        for name, text in one.told.items():
            write_whole(run / name, text)
    stages = {
        one.stage.name: {
            "key": one.key,
            "folder": one.folder.name,
            "action": one.stage.action,
            "needs": list(one.stage.needs),
            "command": one.typed,
            "identity": one.identity,
        }
        for one in plan
    }
    content = {"format": FORMAT, "pipeline": str(pipeline), "stages": stages}
    write_whole(run / PLAN, json.dumps(content, indent=2, default=str) + "\n")


def undone(plan: list[Planned]) -> list[str]:
    """Of stages that train on what quantisation-aware training has made, which undoes it: a line each."""
    rounded = {one.stage.name for one in plan if one.stage.action == "it_qat"}
    said = []
    for one in plan:
        model = REFERENCE.fullmatch(str(one.stage.settings.get("model", "")))
        name = model and (model["braced"] or model["plain"])
        if name in rounded and one.stage.action in TRAINING and one.stage.action != "it_qat":
            said.append(f"{one.stage.name} trains on after {name}, without rounding, which undoes it: put {name} last")
    return said


def reason(one: Planned, before: dict[str, Any]) -> str:
    """Why a stage is run, or is not. before: the run's last plan"""
    if one.finished:
        return "finished"
    if one.folder.exists():
        return "goes on"
    last = before.get("stages", {}).get(one.stage.name)
    if not last or last["key"] == one.key:
        return "new"
    old, now = dict(last["identity"]), dict(one.identity)
    inputs = old.pop("inputs"), now.pop("inputs")
    changed = _differences(old, now)
    after = [name for name in sorted(inputs[1]) if inputs[0].get(name) != inputs[1][name]]
    return "; ".join([*changed, *([f"after {', '.join(after)}"] if after else [])])


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = []
    for part in sorted(before.keys() | now.keys()):
        old, new = before.get(part), now.get(part)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            keys = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
            found += [f"{key} {_said(old.get(key))} → {_said(new.get(key))}" for key in keys]
        else:
            found.append(f"{part} {_said(old)} → {_said(new)}")
    return found


def _said(value: Any) -> str:
    text = str(value["named"] if isinstance(value, dict) and "named" in value else value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _tell_recipe(one: Planned, settings: dict[str, Any], elsewhere: bool) -> None:
    """The recipe's settings in a YAML of their own, read once here so that what is wrong is said before work starts."""
    name = f"configs/{one.label}.yaml"
    header = f"# Stage {one.stage.name}, launched as recipes/{one.stage.action}.py.\n"
    one.told[name] = header + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    try:
        _check_files(settings)
        check_settings(one.stage.action, settings)
    except UserError as error:
        if not elsewhere or str(error).startswith("unknown key"):
            raise
    launch = ["--config_file", one.stage.launch] if one.stage.launch else []
    module = ["--module", f"posttrain.recipes.{one.stage.action}", "--config", str(one.run / name)]
    one.command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet", *launch, *module]
    one.command += ["--output_dir", str(one.folder)]


def _check_files(settings: dict[str, Any]) -> None:
    for key in ("train", "eval", "reward", "benchmark_data"):
        value = settings.get(key)
        if isinstance(value, str) and Path(value).suffix in FILES and "*" not in value and not Path(value).exists():
            raise UserError(f"`{key}`: no such file: {value}")


def _tell_command(one: Planned, settings: dict[str, Any]) -> None:
    """The words of `posttrain …`; a spec that stands in the pipeline itself goes into a file."""
    from posttrain.cli import parser

    if one.machines > 1:
        raise UserError(
            f"{one.stage.action} launches its members itself, on one machine: give its spec a `launch` of one machine, "
            "or make every member a stage of its own"
        )
    words = one.stage.action.split()
    for place in COMMANDS[one.stage.action]:
        value = settings.pop(place)
        if isinstance(value, dict):
            name = f"configs/{one.label}.yaml"
            one.told[name] = yaml.safe_dump(_from_here(value), sort_keys=False, allow_unicode=True)
            value = str(one.run / name)
        words += [str(part) for part in value] if isinstance(value, list) else [str(value)]
    for key, value in settings.items():
        option = f"--{key.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else []
        else:
            words += [option, *(str(part) for part in (value if isinstance(value, list) else [value]))]
    words += ["--out", str(one.folder)]
    if one.stage.action == "student":  # the only one that would take what a kill left for another model
        words.append("--overwrite")
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser().parse_args(words)
    except SystemExit:
        raise UserError(said.getvalue().strip().splitlines()[-1]) from None
    one.command = [sys.executable, "-m", "posttrain.cli", *words]


def _from_here(value: Any) -> Any:
    """A mixture that stands in the pipeline: its `from` counts from here, and not from the file it is written to."""
    if isinstance(value, list):
        return [_from_here(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _from_here(one) for key, one in value.items()}
    origin = found.get("from")
    if isinstance(origin, str) and (Path(origin).exists() or glob.glob(origin)):
        found["from"] = str(Path(origin).absolute())
    return found


def _inner_launch(stage: Stage) -> str | None:
    """The accelerate config in the spec of `warm` and `warp`, which launch recipes themselves."""
    spec = stage.settings.get("spec")
    if stage.action not in ("warm", "warp"):
        return None
    if isinstance(spec, str) and Path(spec).is_file():
        spec = yaml.safe_load(Path(spec).read_text(encoding="utf-8"))
    return spec.get("launch") if isinstance(spec, dict) else None


@contextlib.contextmanager
def _named(where: str) -> Any:
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def free_bytes(run: Path) -> int:
    """Room on the run's disk."""
    there = next(path for path in (run.absolute(), *run.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
