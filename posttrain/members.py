"""Several runs of one recipe that differ in a few settings: what WARM and WARP average.

A spec is YAML: `config` (the recipe's, which all share), `launch` (an accelerate config; optional), `all` (settings of
every member, over what `config` says; optional) and `members`, a mapping of recipe settings each. Members run one after
another; a finished one is never run again, one that was cut off goes on, and on other machines the printed commands do
the same.
"""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from posttrain.errors import UserError, nearest
from posttrain.stage import STAGE
from posttrain.tracking import write_whole
from posttrain.yaml_file import read_mapping

MEMBERS = "members.json"


@dataclass
class Members:
    """Runs of `recipe` into `out`/member-1, …, which all hold out the same rows, whatever their seeds.

    settings: of each, beside what `config` says
    """

    recipe: str
    config: str
    launch: str | None
    settings: list[dict[str, Any]]
    out: Path

    def folder(self, number: int) -> Path:
        return self.out / f"member-{number}"

    @property
    def folders(self) -> list[Path]:
        return [self.folder(number) for number in range(1, len(self.settings) + 1)]

    def command(self, number: int) -> list[str]:
        launch = ["--config_file", self.launch] if self.launch else []
        settings = {"eval_seed": 0, **self.settings[number - 1]}
        options = [word for key, value in settings.items() for word in _option(key, value)]
        recipe = ["--module", f"posttrain.recipes.{self.recipe}", "--config", self.config]
        return ["accelerate", "launch", "--quiet", *launch, *recipe, "--output_dir", str(self.folder(number)), *options]

    def run(self) -> list[Path]:
        """Run what is not finished; the folders. Raises UserError for a member that fails, and says how to go on."""
        self._remember()
        for number, folder in enumerate(self.folders, 1):
            if (folder / STAGE).exists():
                continue
            print(f"member {number} of {len(self.settings)}: {shlex.join(self.command(number))}", flush=True)
            command = [sys.executable, "-m", "accelerate.commands.launch", *self.command(number)[2:]]
            code = subprocess.run(command).returncode
            if code:
                raise UserError(
                    f"member {number} failed (exit code {code}; its last words are above). Mend it and run the same "
                    "command again: finished members are kept, and this one goes on from its last checkpoint"
                )
        return self.folders

    def _remember(self) -> None:
        """Refuse a folder whose members were begun with other settings."""
        shared = yaml.safe_load(Path(self.config).read_text(encoding="utf-8"))
        stated = json.dumps({"recipe": self.recipe, "config": shared, "members": self.settings}, indent=2, default=str)
        path = self.out / MEMBERS
        if path.exists() and path.read_text() != stated:
            raise UserError(f"{self.out} holds members of other settings (see {path}): choose another --out")
        self.out.mkdir(parents=True, exist_ok=True)
        write_whole(path, stated)


def read_members(path: str | Path, recipe: str, out: str | Path, extra: dict[str, Any]) -> tuple[Members, dict]:
    """A spec's members, and the values of its further keys (`extra`: {key: default}).

    Raises UserError that names file and key for whatever is wrong with it.
    """
    spec = read_mapping(path, "a spec holds `config` and `members`")
    known = ("config", "launch", "all", "members", *extra)
    for key in spec:
        if key not in known:
            raise UserError(f"{path}: unknown key {key!r}{nearest(str(key), known)}; known are {', '.join(known)}")
    for key in ("config", "launch"):
        if (key == "config" or spec.get(key)) and not Path(str(spec.get(key))).is_file():
            raise UserError(f"{path}: `{key}`: no such file: {spec.get(key)}")
    members = spec.get("members")
    if not isinstance(members, list) or not members or not all(isinstance(m, dict) for m in members):
        raise UserError(f"{path}: `members` must be a list of settings, such as [{{seed: 1}}, {{seed: 2}}]")
    shared = spec.get("all") or {}
    if not isinstance(shared, dict):
        raise UserError(f"{path}: `all` must be a mapping of settings, found {type(shared).__name__}")
    for name, settings in (("all", shared), *((f"member {number}", one) for number, one in enumerate(members, 1))):
        for key, value in settings.items():
            if key in ("output_dir", "config") or isinstance(value, dict):
                raise UserError(f"{path}: {name}: {key!r} cannot be set here")
    members = [shared | member for member in members]
    values = {key: spec.get(key, default) for key, default in extra.items()}
    return Members(recipe, str(spec["config"]), spec.get("launch"), members, Path(out).expanduser()), values


def _option(key: str, value: Any) -> list[str]:
    """A setting as the recipe's command line has it."""
    if isinstance(value, list):
        return [f"--{key}", *map(_text, value)]
    return [f"--{key}={_text(value)}"]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
