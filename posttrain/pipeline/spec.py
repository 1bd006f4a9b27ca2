"""A pipeline's YAML: its stages, what each runs, and whose outputs it takes.

launch: accelerate_configs/cpu.yaml        # of every recipe; a stage may have its own
stages:
  sft:
    recipe: it_sft                         # a recipe, or `command: eval`, a command of `posttrain`
    config: recipes/configs/demo_270m_cpu.yaml
    with: {max_steps: 40}                  # over what `config` says
  score:
    command: eval
    with: {model: $sft, task: gsm8k}       # $sft: the folder that stage sft writes; $$ is a dollar
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posttrain.errors import UserError, nearest
from posttrain.recipe_settings import RECIPES
from posttrain.yaml_file import read_mapping

# The commands that write a folder, and what they take by place rather than by name.
COMMANDS: dict[str, tuple[str, ...]] = {
    "data build": ("spec",),
    "student": (),
    "average": ("how", "folders"),
    "warm": ("spec",),
    "warp": ("spec",),
    "eval": (),
    "export": (),
}
KEYS = ("recipe", "command", "config", "launch", "with", "slurm")
NAME = re.compile(r"[A-Za-z]\w*")
REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<plain>[A-Za-z]\w*))")


@dataclass(frozen=True)
class Stage:
    """One node of the graph.

    action: a recipe's name or a command's · settings: of `config` and `with` · needs: the stages that `settings` name
    """

    name: str
    action: str
    settings: dict[str, Any]
    launch: str | None
    needs: tuple[str, ...]
    slurm: dict[str, Any]

    @property
    def is_recipe(self) -> bool:
        return self.action in RECIPES


def read_pipeline(path: str | Path) -> list[Stage]:
    """The stages, each after those that it needs. Raises UserError that names file, stage and key."""
    spec = read_mapping(path, "a pipeline is a mapping")
    for key in spec:
        if key not in ("launch", "stages", "slurm"):
            known = ("launch", "stages", "slurm")
            raise UserError(f"{path}: unknown key {key!r}{nearest(key, known)}; known are {', '.join(known)}")
    given = spec.get("stages")
    if not isinstance(given, dict) or not given:
        raise UserError(f"{path}: `stages` must be a mapping of names to stages")
    stages = {str(name): _stage(path, str(name), stage, given, spec) for name, stage in given.items()}
    return _in_order(path, stages)


def replace_references(value: Any, find: Callable[[str], str]) -> Any:
    """The value with every $stage in its texts replaced by what `find` says of that name."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda m: "$" if m["dollar"] else find(m["braced"] or m["plain"]), value)
    if isinstance(value, list):
        return [replace_references(one, find) for one in value]
    if isinstance(value, dict):
        return {key: replace_references(one, find) for key, one in value.items()}
    return value


def _stage(path: str | Path, name: str, stage: Any, stages: dict[str, Any], spec: dict[str, Any]) -> Stage:
    where = f"{path}: stage {name}"
    if not NAME.fullmatch(name):
        raise UserError(f"{where}: a name is letters, digits and underscores, and begins with a letter")
    if not isinstance(stage, dict):
        raise UserError(f"{where}: a stage is a mapping with `recipe` or `command`, found {type(stage).__name__}")
    for key in stage:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key {key!r}{nearest(key, KEYS)}; known are {', '.join(KEYS)}")
    action = _action(where, stage)
    for key in ("with", "slurm"):
        if not isinstance(stage.get(key, {}), dict):
            raise UserError(f"{where}: `{key}` must be a mapping")
    launch = (stage.get("launch") or spec.get("launch")) if action in RECIPES else None
    for key, file in (("config", stage.get("config")), ("launch", launch)):
        if file is not None and not Path(str(file)).is_file():
            raise UserError(f"{where}: `{key}`: no such file: {file}")
    settings = read_mapping(stage["config"], "a recipe's config is a mapping") if stage.get("config") else {}
    for key in ("output_dir", "overwrite", "out", "config"):
        if key in stage.get("with", {}):
            raise UserError(f"{where}: `{key}` cannot be set here: each stage has a folder of its own in the run's")
    # Only `with` refers to stages: a recipe's own YAML may hold dollars.
    settings = {k: replace_dollars(v) for k, v in settings.items() if k not in ("output_dir", "overwrite")}
    settings |= stage.get("with", {})
    needs: list[str] = []

    def find(reference: str) -> str:
        if reference not in stages:
            raise UserError(
                f"{where}: no stage is called {reference!r}{nearest(reference, stages)}; write $$ for a dollar"
            )
        needs.append(reference)
        return reference

    replace_references(settings, find)
    slurm = {**(spec.get("slurm") or {}), **stage.get("slurm", {})}
    return Stage(name, action, settings, launch, tuple(dict.fromkeys(needs)), slurm)


def replace_dollars(value: Any) -> Any:
    """A text that stands as it is: its dollars doubled."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [replace_dollars(one) for one in value]
    return {key: replace_dollars(one) for key, one in value.items()} if isinstance(value, dict) else value


def _action(where: str, stage: dict[str, Any]) -> str:
    if ("recipe" in stage) == ("command" in stage):
        raise UserError(f"{where}: give either `recipe` ({', '.join(RECIPES)}) or `command` ({', '.join(COMMANDS)})")
    kind = "recipe" if "recipe" in stage else "command"
    action, known = str(stage[kind]), RECIPES if kind == "recipe" else tuple(COMMANDS)
    if action not in known:
        raise UserError(f"{where}: unknown {kind} {action!r}{nearest(action, known)}; known are {', '.join(known)}")
    if kind == "command":
        for key in ("config", "launch"):
            if key in stage:
                raise UserError(f"{where}: `{key}` is a recipe's; a command's options stand in `with`")
        for place in COMMANDS[action]:
            if place not in stage.get("with", {}):
                raise UserError(f"{where}: `with` must have `{place}`, which `posttrain {action}` takes")
    return action


def _in_order(path: str | Path, stages: dict[str, Stage]) -> list[Stage]:
    """Depth first, in the file's order. Raises UserError that shows the cycle, if there is one."""
    ordered: dict[str, Stage] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            cycle = " → ".join((*above[above.index(name) :], name))
            raise UserError(f"{path}: the stages need each other in a circle: {cycle}")
        if name not in ordered:
            for needed in stages[name].needs:
                visit(needed, (*above, name))
            ordered[name] = stages[name]

    for name in stages:
        visit(name, ())
    return list(ordered.values())
