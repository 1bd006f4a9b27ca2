"""Launch a recipe as a user does, in processes of its own."""

import importlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "DS_ACCELERATOR": "cpu",
    "WANDB_MODE": "offline",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def start(recipe: str, out: Path, *options: str, accelerate: str = "cpu") -> subprocess.Popen:
    """Start recipes/<recipe>.py into `out` under accelerate_configs/<accelerate>.yaml, or the YAML at that path, as a
    process group of its own."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += [
        "--config_file",
        accelerate if accelerate.endswith(".yaml") else str(ROOT / "accelerate_configs" / f"{accelerate}.yaml"),
    ]
    on_cpu = [str(ROOT / "tests" / "fsdp_on_cpu.py")] if "fsdp2" in accelerate else []
    command += [*on_cpu, str(ROOT / "recipes" / f"{recipe}.py"), "--output_dir", str(out), *options]
    return subprocess.Popen(
        command, stdout=PIPE, stderr=PIPE, text=True, env=os.environ | ENVIRONMENT, cwd=ROOT, start_new_session=True
    )


def here(patch: pytest.MonkeyPatch, recipe: str, out: Path, *options: Any) -> None:
    """Run a recipe in this process, by a command line that `patch` takes back."""
    patch.setattr(sys, "argv", [recipe, "--output_dir", str(out), *map(str, options)])
    importlib.import_module(f"posttrain.recipes.{recipe}").main()


def start_sft(out: Path, *options: str, accelerate: str = "cpu") -> subprocess.Popen:
    return start("it_sft", out, *options, accelerate=accelerate)


def sft(out: Path, *options: str, **settings: Any) -> subprocess.CompletedProcess:
    return run("it_sft", out, *options, **settings)


def run(
    recipe: str, out: Path, *options: str, accelerate: str = "cpu", check: bool = True, timeout: int = 240
) -> subprocess.CompletedProcess:
    """Run recipes/<recipe>.py to its end; with `check`, an AssertionError with its output where it fails."""
    process = start(recipe, out, *options, accelerate=accelerate)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(done.args)}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    return done


def log(out: Path, key: str) -> list[float]:
    """The values of `key` in the run's log, by step."""
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [record[key] for record in records if key in record]


def write_rows(path: Path, count: int = 40, seed: int = 0) -> Path:
    """Rows of unlike length, so that padding and the count of labels differ between batches and processes."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        a, b = rng.randint(1, 99), rng.randint(1, 99)
        question = "x" * rng.randint(1, 20) + f"{a}+{b}"
        reply = f"{a + b}" * rng.randint(1, 6)
        rows.append({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
