"""What a run leaves behind to look at: a JSONL log always, W&B (offline unless logged in), growing sample tables."""

import json
import netrc
import os
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from rich.table import Table
from transformers import TrainerCallback
from transformers.integrations import integration_utils

LOG, SAMPLES, BENCHMARK, IDENTITY = "log.jsonl", "samples.jsonl", "benchmark.jsonl", "run.json"
BEFORE_AFTER = {
    "eval_loss": "loss, nats a token",
    "eval_kl": "KL to the teacher, nats a token",
    "eval_nll": "−log p of the reply, nats a token",
    "eval_mean_token_accuracy": "token accuracy",
    "eval_stop_rate": "stop rate",
    "eval_reply_tokens": "reply length, tokens",
    "eval_accuracy": "answers right [95 % interval]",
}
PREFERENCES = {
    "eval_accuracy": "pairs right [95 % interval]",
    "eval_loss": "loss, nats a pair",
    "eval_margin": "reward, chosen less rejected",
    "eval_calibration_error": "calibration error",
    "eval_accuracy_longer": "pairs right where the chosen is longer",
    "eval_accuracy_shorter": "pairs right where it is shorter",
    "eval_length_correlation": "correlation with length",
    "eval_length_correlation_of_labels": "… of the labels",
}
PREFIXES = {"reward_model": "rm"}  # of a stage's metrics, where it is not the stage's own name
SAMPLE_COLUMNS = ("step", "prompt", "reply", "teacher", "answer", "stopped", "tokens")


def setup_tracking(folder: Path, stage: str) -> None:
    """Give the run one W&B id for its whole life and put its files under `folder`; offline where nobody is logged in.

    Metrics go under the stage's name, `sft/loss` and `sft/eval/loss`: the runs of a pipeline share no chart that
    means different things. Variables that the user has set (WANDB_MODE, WANDB_PROJECT, …) stay as they are.
    """
    identity = folder / IDENTITY
    if not identity.exists():
        write_whole(identity, json.dumps({"id": uuid.uuid4().hex[:8], "stage": stage}) + "\n")
    run_id = json.loads(identity.read_text())["id"]
    defaults = {
        "WANDB_PROJECT": "posttrain",
        "WANDB_DIR": str(folder),
        "WANDB_RUN_ID": run_id,
        "WANDB_RESUME": "allow",
        "WANDB_NAME": folder.name,
        "WANDB_RUN_GROUP": folder.name,
        "WANDB_JOB_TYPE": stage,
        "WANDB_SILENT": "true",
    }
    if not logged_in():
        defaults["WANDB_MODE"] = "offline"
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    integration_utils.rewrite_logs = partial(staged, prefix(folder))  # W&B, TensorBoard and trackio call it


def prefix(folder: Path) -> str:
    """What the metrics of the run begin with: its stage."""
    stage = json.loads((folder / IDENTITY).read_text())["stage"] if (folder / IDENTITY).exists() else "run"
    return PREFIXES.get(stage, stage)


def staged(stage: str, logs: dict[str, Any]) -> dict[str, Any]:
    """Logged names as trackers show them."""
    return {
        f"{stage}/eval/{name.removeprefix('eval_')}" if name.startswith("eval_") else f"{stage}/{name}": value
        for name, value in logs.items()
    }


class JsonlLog(TrainerCallback):
    """Every logged record as a line of `log.jsonl`; a resumed run drops the lines that it will write again."""

    def __init__(self, folder: Path):
        self.path = folder / LOG
        self.started = time.monotonic()

    def on_train_begin(self, args, state, control, **kwargs):
        if state.is_world_process_zero:
            prune_after(self.path, state.global_step)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if state.is_world_process_zero and logs:
            append_lines(
                self.path, [{"step": state.global_step, "seconds": round(time.monotonic() - self.started, 2), **logs}]
            )


class SampleTable:
    """Generated replies of every evaluation: `samples.jsonl`, and one W&B table that grows.

    W&B shows only the last table logged under a name, so each evaluation logs all rows so far.
    """

    def __init__(self, folder: Path):
        self.path = folder / SAMPLES

    def add(self, step: int, rows: list[dict[str, Any]]) -> None:
        """Record the rows (keys: SAMPLE_COLUMNS) of one evaluation; call on the main process only."""
        prune_after(self.path, step - 1)
        append_lines(self.path, [{"step": step, **row} for row in rows])
        import wandb

        if wandb.run is not None:
            data = [[row.get(column) for column in SAMPLE_COLUMNS] for row in read_lines(self.path)]
            table = wandb.Table(columns=list(SAMPLE_COLUMNS), data=data, allow_mixed_types=True)
            wandb.log({f"{prefix(self.path.parent)}/samples": table, "train/global_step": step})


def before_after(folder: Path) -> dict[str, dict[str, float]]:
    """The evaluation before the first step and the last one: {"before": metrics, "after": metrics}, as far as made."""
    by_step: dict[int, dict[str, float]] = {}
    for record in read_lines(folder / LOG):
        evaluated = {key: value for key, value in record.items() if key.startswith("eval_")}
        if evaluated:
            by_step.setdefault(record["step"], {}).update(evaluated)
    last = max(by_step, default=0)
    sides = {"before": by_step.get(0), "after": by_step.get(last) if last else None}
    return {side: metrics for side, metrics in sides.items() if metrics}


def before_after_table(metrics: dict[str, dict[str, float]], labels: dict[str, str] = BEFORE_AFTER) -> Table:
    """What the training did to the held-out rows, for a person to read; labels: {metric: what it is called}."""
    table = Table("on held-out rows", "before", "after")
    seen = [name.removesuffix("_low") for side in metrics.values() for name in side if name.endswith("_low")]
    benchmarks = {name: name.removeprefix("eval_").replace("_", " ") for name in seen if name not in labels}
    for name, label in (labels | benchmarks).items():
        cells = [_cell(name, metrics[side]) if name in metrics.get(side, {}) else "–" for side in ("before", "after")]
        if cells != ["–", "–"]:
            table.add_row(label, *cells)
    return table


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSONL file; a last line cut off by a kill is left out."""
    if not path.exists():
        return []
    complete = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in complete]


def append_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Append records and hand them to the operating system, so that a killed run has them."""
    with path.open("a") as file:
        file.writelines(json.dumps(record, default=float) + "\n" for record in records)


def prune_after(path: Path, step: int) -> None:
    """Drop records later than `step`, in place and all at once."""
    if not path.exists():
        return
    kept = [record for record in read_lines(path) if record["step"] <= step]
    write_whole(path, "".join(json.dumps(record) + "\n" for record in kept))


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all, whenever the process is killed or the disk is full."""
    staging = path.with_name(f".{path.name}")
    try:
        staging.write_text(text)
        os.replace(staging, path)
    finally:
        staging.unlink(missing_ok=True)


def _cell(name: str, metrics: dict[str, float]) -> str:
    if f"{name}_low" in metrics:
        return f"{metrics[name]:.3f} [{metrics[f'{name}_low']:.3f}, {metrics[f'{name}_high']:.3f}]"
    return f"{metrics[name]:.3f}"


def logged_in() -> bool:
    """Whether W&B has a key. Asking wandb itself would fix its settings before WANDB_MODE is set."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        credentials = netrc.netrc(os.environ.get("NETRC"))
    except (FileNotFoundError, netrc.NetrcParseError):
        return False
    return host is not None and credentials.authenticators(host) is not None
