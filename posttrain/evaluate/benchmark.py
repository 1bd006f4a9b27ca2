"""A model on a benchmark: ask, judge, keep every reply, count."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from posttrain.errors import UserError
from posttrain.evaluate.backends import Backend, LocalModel
from posttrain.evaluate.metrics import summarise
from posttrain.evaluate.records import Record, Records, write_results
from posttrain.evaluate.replies import Reply
from posttrain.evaluate.tasks import Row, Task, check_rows, find_task

VALUES_A_TENSOR = 4096  # that `weights_digest` reads


def evaluate(
    model: Any,
    tokenizer: Any,
    task: str | Task,
    rows: Sequence[Row],
    *,
    k: int = 1,
    max_new_tokens: int | None = None,
    batch_size: int = 16,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    progress: bool = False,
) -> dict[str, float]:
    """Metrics of a model in memory on a task, each figure with its 95 % interval (`NAME_low`, `NAME_high`).

    task: one of `tasks.TASKS` · rows: in any format that `posttrain.data` reads, with the columns that the task needs
    k: replies a row; 1 is greedy, more are sampled by the model's generation config and give pass@k as well
    out: a folder for the records, from which the same call goes on after a kill
    Raises UserError for an unknown task, rows that it cannot judge, and records in `out` that differ.
    """
    found = find_task(task) if isinstance(task, str) else task
    if k > 1 and not model.generation_config.do_sample:
        raise UserError(f"k={k}: the model's generation config has no do_sample: a row's replies would be all the same")
    found.judge([], [])  # what it needs may be missing: said before anything slow begins
    return run_task(
        LocalModel(model, tokenizer, batch_size),
        found,
        check_rows(found, rows),
        model="" if out is None else weights_digest(model),
        k=k,
        max_new_tokens=max_new_tokens,
        seed=seed,
        folder=None if out is None else Path(out),
        progress=progress,
    )


def run_task(
    backend: Backend,
    task: Task,
    rows: Sequence[Row],
    *,
    model: str,
    k: int = 1,
    max_new_tokens: int | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: bool = False,
) -> dict[str, float]:
    """`evaluate` for any backend and checked rows (`tasks.load_rows`). model: its identity, for the records."""
    if k < 1:
        raise UserError(f"k must be at least 1, not {k}")
    longest = task.max_new_tokens if max_new_tokens is None else max_new_tokens
    if longest < 1:
        raise UserError(f"max_new_tokens must be at least 1, not {longest}")
    prompts = [task.ask(row["prompt"]) for row in rows]
    run = {"task": task.name, "model": model, "rows": _digest(rows), "prompts": _digest(prompts), "k": k}
    run |= {"max_new_tokens": longest, "seed": seed} | backend.settings()
    records = Records(folder, task.name, run)
    try:
        with tqdm(
            total=len(rows), initial=len(records.by_index), desc=task.name, unit=" rows", disable=not progress
        ) as bar:
            for batch in backend.answer(prompts, k=k, max_new_tokens=longest, seed=seed, done=records.by_index.keys()):
                new = {index: replies for index, replies in batch.items() if index not in records.by_index}
                records.add(_judged(task, rows, prompts, new))
                bar.update(len(new))
    except UserError as error:
        kept = f"are kept in {folder}, and the same command goes on from there" if folder else "were done"
        raise UserError(f"{error}; {len(records.by_index)} of {len(rows)} rows of {task.name} {kept}") from error
    metrics = summarise(records.in_order(), task.faults)
    if folder:
        write_results(folder, task.name, run, metrics)
    return metrics


def weights_digest(model: Any) -> str:
    """Tells a model in memory from another, or from itself after training, which changes nearly all of its weights.

    Read are some values of each tensor, evenly spread: a digest of all would take as long as a small evaluation.
    """
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        flat = tensor.detach().reshape(-1)
        some = flat[:: max(1, len(flat) // VALUES_A_TENSOR)]
        digest.update(name.encode() + some.float().cpu().numpy().tobytes())
    return f"{type(model).__name__} {digest.hexdigest()[:32]}"


def _digest(content: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(list(content), sort_keys=True, default=str).encode()).hexdigest()[:32]


def _judged(
    task: Task, rows: Sequence[Row], prompts: Sequence[list[dict[str, Any]]], batch: dict[int, list[Reply]]
) -> list[Record]:
    """The records of a batch of replies, all judged in one call."""
    flat = [(index, reply) for index, replies in batch.items() for reply in replies]
    verdicts = task.judge([rows[index] for index, _ in flat], [reply.text for _, reply in flat])
    records: dict[int, Record] = {
        index: {"index": index, "id": rows[index]["id"], "prompt": prompts[index], "replies": []} for index in batch
    }
    for (index, reply), verdict in zip(flat, verdicts, strict=True):
        records[index]["replies"].append(asdict(reply) | verdict)
    return list(records.values())
