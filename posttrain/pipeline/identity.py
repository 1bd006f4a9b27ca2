"""What a stage's result depends on, as a value to hash: settings and the contents of the files that they name.

YAML counts as what it says and Python as its syntax tree, so that comments change nothing.
"""

import ast
import glob
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import yaml

import posttrain
from posttrain.stage import SAMPLES_A_FILE

# Settings that change what is shown or kept, and not what is learnt.
WITHOUT_EFFECT = (
    "logging_", "save_steps", "save_strategy", "save_total_limit", "report_to", "run_name", "disable_tqdm", "progress",
    "dataloader_num_workers", "dataloader_pin_memory",
)  # fmt: skip
# Of an accelerate config: where, and not how.
ADDRESSES = ("machine_rank", "main_process_ip", "main_process_port", "deepspeed_hostfile", "gpu_ids")


def stage_identity(action: str, settings: dict[str, Any], launch: str | None, inputs: dict[str, str]) -> dict[str, Any]:
    """The value that a stage's key is the hash of.

    settings: with $stage for other stages' folders · inputs: {stage: key} of those
    """
    kept = {key: value for key, value in settings.items() if not key.startswith(WITHOUT_EFFECT)}
    found: dict[str, Any] = {"posttrain": posttrain.__version__, "action": action, "inputs": inputs}
    found["settings"] = {key: contents(value) for key, value in sorted(kept.items())}
    if launch:
        setting = yaml.safe_load(Path(launch).read_text(encoding="utf-8")) or {}
        found["launch"] = {key: value for key, value in setting.items() if key not in ADDRESSES}
    return found


def key_of(identity: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:10]


def contents(value: Any, folder: Path = Path()) -> Any:
    """A setting, and beside every path in it (relative to `folder`, or to here) the digest of what lies there."""
    if isinstance(value, dict):
        return {str(key): contents(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [contents(one, folder) for one in value]
    if not isinstance(value, str) or "\n" in value or len(value) > 1024:
        return value
    paths = _paths(value, folder)
    return {"named": value, "holds": [_digest(path) for path in paths]} if paths else value


def _paths(value: str, folder: Path) -> list[Path]:
    name = os.path.expanduser(value)
    if ".py:" in name:  # a function of a user's own, FILE.py:function
        name = name.rpartition(":")[0]
    for candidate in (folder / name, Path(name)):
        if name and candidate.exists():
            return [candidate]
    return [Path(path) for path in sorted(glob.glob(str(folder / name)))] if "*" in name else []


def _digest(path: Path) -> Any:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return _sha([f"{file.relative_to(path)}:{_file_digest(file)}" for file in files])
    if path.suffix in (".yaml", ".yml"):
        return contents(yaml.safe_load(path.read_text(encoding="utf-8")), path.parent)
    if path.suffix == ".py":
        return _sha([ast.dump(ast.parse(path.read_text(encoding="utf-8")))])
    return _file_digest(path)


def _file_digest(path: Path) -> str:
    """Of a file up to 64 MB the whole; of a larger one its size and samples all through it."""
    size, digest = path.stat().st_size, hashlib.sha256()
    digest.update(str(size).encode())
    with path.open("rb") as stream:
        if size <= 1 << 26:
            digest.update(stream.read())
        else:
            for part in range(SAMPLES_A_FILE):
                stream.seek(size * part // SAMPLES_A_FILE)
                digest.update(stream.read(1 << 16))
    return digest.hexdigest()


def _sha(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
