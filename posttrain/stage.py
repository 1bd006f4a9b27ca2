"""A stage's run folder: what went in, what came out, and whether it may go on.

output_dir/  config.yaml     the resolved configuration
             log.jsonl       every logged record     samples.jsonl, benchmark.jsonl  replies by evaluation
             checkpoint-N/   for resuming; `complete` is written last
             *.safetensors, config.json, tokenizer …, README.md: the finished model
             adapter/        what LoRA has trained, which is merged into it
             stage.json      written last: a folder with it is a finished stage
"""

import hashlib
import json
import os
import platform
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml

import posttrain
from posttrain.errors import UserError
from posttrain.tracking import BENCHMARK, IDENTITY, LOG, SAMPLES, write_whole

COMPLETE, CONFIG, STAGE, TRAINED = "complete", "config.yaml", "stage.json", ".trained"
SAMPLES_A_FILE = 256  # reads of 64 kB over a file of weights
# What may differ between a run and its continuation, beside every key that begins so.
_FREE_KEYS = {
    "output_dir",
    "overwrite",
    "max_steps",
    "num_train_epochs",
    "report_to",
    "run_name",
    "resume_from_checkpoint",
}
_FREE_PREFIXES = (
    "logging_",
    "save_",
    "eval_",
    "sample_",
    "benchmark",
    "log_",
    "disable_tqdm",
    "dataloader_",
    "hub_",
    "push_",
    "trackio_",
)
# … but these decide which rows are trained, and when.
_HELD_KEYS = {"eval_rows", "eval_seed", "dataloader_drop_last"}


def open_run(
    folder: Path, config: dict[str, Any], inputs: dict[str, Any], *, overwrite: bool, main: bool
) -> Path | None:
    """Prepare the run folder and return the checkpoint to resume from, or None to begin.

    config: the resolved configuration · inputs: fingerprints of model and data (`fingerprint`).
    Raises UserError for a finished run and for a checkpoint that another configuration or other data made, naming the
    keys that differ. `main`: only this process writes; the others must wait for it before and after.
    """
    if overwrite and main:
        _clear(folder)
    if (folder / STAGE).exists():
        raise UserError(
            f"{folder} holds a finished run: choose another --output_dir, or --overwrite true to begin anew"
        )
    checkpoint = None if overwrite else latest_checkpoint(folder)
    saved = folder / CONFIG
    if checkpoint and saved.exists():
        before = yaml.safe_load(saved.read_text())
        _check_same(before.get("config", {}), config, folder, free=True)
        _check_same(before.get("inputs", {}), inputs, folder, free=False)
    if main:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / TRAINED, ignore_errors=True)  # of a run that was killed while it wrote the model
        write_whole(saved, yaml.safe_dump({"config": config, "inputs": inputs}, sort_keys=True))
    return checkpoint


def latest_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end; one that a kill cut short has no `complete` mark."""
    found = [path for path in folder.glob("checkpoint-*") if (path / COMPLETE).exists()]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def fingerprint(path: str | os.PathLike) -> str:
    """SHA-256 of a file; of a folder, of its config and of samples all through its weights (54 GB take a second)."""
    path = Path(path).expanduser()
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(path.glob("*.safetensors")):
            digest.update(f"{file.name}:{file.stat().st_size}".encode())
            with file.open("rb") as stream:  # every layer is touched: an adapter changes all but the embedding
                for part in range(SAMPLES_A_FILE):
                    stream.seek(file.stat().st_size * part // SAMPLES_A_FILE)
                    digest.update(stream.read(1 << 16))
        path = path / ("config.json" if (path / "config.json").exists() else "adapter_config.json")
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def rounded_form(folder: Path) -> str | None:
    """What it_qat.py has trained the model of a folder for; None of others."""
    try:
        return json.loads((folder / STAGE).read_text())["config"].get("quantise")
    except (OSError, ValueError, KeyError, AttributeError):
        return None


@contextmanager
def written_whole(folder: Path, doing: str) -> Iterator[Path]:
    """The name of a folder beside `folder` to write into, which takes its place once the block has ended well.

    `folder` is free, or empty. What a killed process left beside it is cleared away; an error leaves nothing.
    """
    staging = folder.with_name(f".{folder.name}.{doing}")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        yield staging
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():
            folder.rmdir()
        os.replace(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_room(folder: Path, need: float) -> None:
    """Raises UserError where the disk of `folder`, which need not be there yet, has no room for `need` bytes."""
    parent = next(path for path in folder.absolute().parents if path.exists())
    if shutil.disk_usage(parent).free < need:
        raise UserError(f"{parent}: not enough room for {need / 1e9:.1f} GB of weights")


def finish_stage(folder: Path, stage: str, record: dict[str, Any], started: float) -> None:
    """Write `stage.json`, the mark of a finished stage: what went in, what came out, what it cost."""
    record = {
        "stage": stage,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_seconds": round(time.monotonic() - started, 1),
        "peak_memory_bytes": peak_memory(),
        "versions": versions(),
        **record,
    }
    write_whole(folder / STAGE, json.dumps(record, indent=2, default=float) + "\n")


def peak_memory() -> dict[str, int]:
    """Highest use by this process so far, in bytes: resident host memory, and CUDA memory where it is used."""
    scale = 1 if platform.system() == "Darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale}
    if torch.cuda.is_available():
        peak["cuda"] = torch.cuda.max_memory_allocated()
    return peak


def versions() -> dict[str, str]:
    """Versions of the code and of what it stands on."""
    names = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "deepspeed", "wandb")
    return {"posttrain": posttrain.__version__, "python": platform.python_version()} | {n: version(n) for n in names}


def _check_same(before: dict, now: dict, folder: Path, *, free: bool) -> None:
    differing = [
        key
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key) and not (free and _is_free(key))
    ]
    if differing:
        changes = ", ".join(f"{key}: {before.get(key)!r} then, {now.get(key)!r} now" for key in differing[:3])
        raise UserError(
            f"{folder} holds a run begun with other settings ({changes}): set them back to resume, "
            "choose another --output_dir, or --overwrite true to begin anew"
        )


def _is_free(key: str) -> bool:
    return key in _FREE_KEYS or (key.startswith(_FREE_PREFIXES) and key not in _HELD_KEYS)


def _clear(folder: Path) -> None:
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    for name in (STAGE, CONFIG, LOG, SAMPLES, BENCHMARK, IDENTITY):
        (folder / name).unlink(missing_ok=True)
    for weights in folder.glob("model*.safetensors*"):  # a half-made run must not look like a model
        weights.unlink()
    shutil.rmtree(folder / "adapter", ignore_errors=True)
