"""`posttrain eval`: a checkpoint or a served model on benchmarks, and two evaluations side by side."""

import os
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from posttrain.errors import UserError
from posttrain.evaluate.backends import Backend, LocalModel, ServedModel, VllmModel
from posttrain.evaluate.benchmark import run_task
from posttrain.evaluate.harness import evaluate_with_harness
from posttrain.evaluate.llama_cpp import LlamaCpp
from posttrain.evaluate.metrics import compare_records
from posttrain.evaluate.records import RESULTS, Record, read_records, read_results
from posttrain.evaluate.tasks import Row, Task, find_task, load_rows, source_name
from posttrain.gemma import load_model, load_tokenizer, resolve_source, stop_token_ids
from posttrain.stage import fingerprint
from posttrain.terminal import printable
from posttrain.tracking import setup_tracking

SAMPLE_COLUMNS = ("id", "prompt", "reply", "extracted", "correct", "why", "tokens", "stopped")
HEADERS = 64  # tokens of turns, and to spare
WITHOUT_INTERVAL = ("rows", "stop_rate", "reply_tokens")


def run(
    tasks: str,
    out: str,
    *,
    model: str | None = None,
    endpoint: str | None = None,
    backend: str = "hf",
    data: str | None = None,
    limit: int | None = None,
    k: int = 1,
    max_new_tokens: int | None = None,
    batch_size: int = 16,
    seed: int = 0,
    report_to: str = "wandb",
    overwrite: bool = False,
) -> None:
    """Evaluate and print a table. What is wrong with arguments, rows or packages is said before a model is loaded."""
    names = [name.strip() for name in tasks.split(",") if name.strip()]
    if not names:
        raise UserError("--task: name at least one task")
    counts = {"--limit": limit, "--k": k, "--max-new-tokens": max_new_tokens, "--batch-size": batch_size}
    for option, value in counts.items():
        if value is not None and value < 1:
            raise UserError(f"{option} must be at least 1, not {value}")
    if model is None:
        raise UserError("--model: name the checkpoint (with --endpoint, the model as the server calls it)")
    folder, console = Path(out).expanduser(), Console()
    _check_folder(folder)
    if endpoint and backend != "hf":
        raise UserError(f"--endpoint has its own backend: leave out --backend {backend}")
    if backend == "lm-eval":
        if data or k > 1:
            raise UserError("--backend lm-eval brings its own rows and protocol: leave out --data and --k")
        source = resolve_source(model)
        console.print(_plain_table(evaluate_with_harness(
            source, names, folder, limit=limit, batch_size=batch_size, seed=seed, max_new_tokens=max_new_tokens
        )))  # fmt: skip
        return
    found = [find_task(name) for name in names]
    if data and len(found) > 1:
        raise UserError("--data gives the rows of one task; name one --task with it")
    rows = {task.name: load_rows(task, data, limit) for task in found}
    if overwrite:
        _clear(folder, found)
    longest = max(max_new_tokens or task.max_new_tokens for task in found)
    longest += max((_bytes(task, row) for task in found for row in rows[task.name]), default=0)
    asked, identity = _backend(model, endpoint, backend, batch_size, longest)
    settings: dict[str, Any] = {"model": identity, "k": k, "max_new_tokens": max_new_tokens, "seed": seed}
    results = {
        task.name: run_task(asked, task, rows[task.name], folder=folder, progress=True, **settings) for task in found
    }
    _track(folder, results, report_to)
    console.print(results_table(results, {task.name: source_name(task, data) for task in found}))
    files = ", ".join(f"{folder / task.name}.jsonl" for task in found)
    console.print(f"Every prompt, reply and verdict: {files}", markup=False, soft_wrap=True)


def compare(first: str, second: str) -> None:
    """Print how the second evaluation differs from the first, on the same rows, with intervals and p-values."""
    folders = [Path(path).expanduser() for path in (first, second)]
    results = [read_results(folder) for folder in folders]
    shared = [task for task in results[0] if task in results[1]]
    if not shared:
        raise UserError(
            f"{first} and {second} have no task in common ({', '.join(results[0])}; {', '.join(results[1])})"
        )
    table = Table("task", "figure", "rows", first, second, "difference [95 % interval]", "p")
    console = Console()
    for task in shared:
        records = [read_records(folder, task) for folder in folders]
        for figure, outcome in compare_records(records[0], records[1], task).items():
            interval = f"{outcome['difference']:+.3f} [{outcome['low']:+.3f}, {outcome['high']:+.3f}]"
            means = (f"{outcome['first']:.3f}", f"{outcome['second']:.3f}")
            table.add_row(task, figure, str(len(records[0])), *means, interval, f"{outcome['p']:.2g}")
        runs = [result[task]["run"] for result in results]
        if runs[0]["rows"] != runs[1]["rows"]:
            raise UserError(
                f"{task}: the questions are the same, but not what is right: evaluate both on the same rows"
            )
        for key in (key for key in runs[0] if key not in ("model", "prompts") and runs[0][key] != runs[1].get(key)):
            said = f"{task}: not only the model differs, but {key} too: {runs[0][key]} against {runs[1].get(key)}"
            console.print(said, markup=False, soft_wrap=True)
    console.print(table)


def results_table(results: dict[str, dict[str, float]], sources: dict[str, str]) -> Table:
    """A row a task and figure, with its interval; below them the shares of faults that there were."""
    table = Table("task", "rows", "figure", "value [95 % interval]", "stopped", "tokens")
    for column in table.columns[1:]:
        column.justify = "right" if column.header != "figure" else "left"
    for task, metrics in results.items():
        names = [name for name in metrics if f"{name}_low" in metrics]
        for position, name in enumerate(names):
            cell = f"{metrics[name]:.3f} [{metrics[f'{name}_low']:.3f}, {metrics[f'{name}_high']:.3f}]"
            about = (Text(f"{task}\n{sources[task]}") if position == 0 else "", f"{metrics['rows']:.0f}")
            table.add_row(*about, name, cell, f"{metrics['stop_rate']:.3f}", f"{metrics['reply_tokens']:.1f}")
        faults = [name for name in metrics if name not in WITHOUT_INTERVAL and f"{name}_low" not in metrics]
        for name in (name for name in faults if not name.endswith(("_low", "_high")) and metrics[name]):
            table.add_row("", "", name, f"{metrics[name]:.3f}", "", "")
    return table


def _plain_table(results: dict[str, dict[str, float]]) -> Table:
    table = Table("task", "figure", "value")
    for task, metrics in results.items():
        for name, value in metrics.items():
            table.add_row(task, name, f"{value:.4g}")
    return table


def _backend(model: str, endpoint: str | None, backend: str, batch_size: int, longest: int) -> tuple[Backend, str]:
    """Who answers, and the model's identity for the records: a local folder's or file's by its contents.

    longest: tokens of a prompt and its reply, at most
    """
    if endpoint:
        if not endpoint.startswith(("http://", "https://")):
            raise UserError(f"--endpoint {endpoint}: must begin with http:// or https://")
        return ServedModel(endpoint.rstrip("/"), model, concurrency=batch_size), f"{model} at {endpoint}"
    if backend == "llama.cpp":
        engine = LlamaCpp(Path(model).expanduser(), batch_size, HEADERS + longest)
        served = ServedModel(engine.url, engine.path.name, concurrency=batch_size, name=backend, engine=engine)
        return served, fingerprint(engine.path)
    source = resolve_source(model)
    identity = fingerprint(source) if os.path.isdir(source) else source
    if backend == "vllm":
        tokenizer = load_tokenizer(model)
        return VllmModel(source, tokenizer, stop_token_ids(tokenizer)), identity
    loaded, tokenizer = load_model(model)
    if torch.accelerator.is_available():
        loaded.to(torch.accelerator.current_accelerator())
    return LocalModel(loaded, tokenizer, batch_size), identity


def _bytes(task: Task, row: Row) -> int:
    """Of a prompt, which no tokenizer makes more tokens of."""
    return sum(len(str(message["content"]).encode()) for message in task.ask(row["prompt"]))


def _check_folder(folder: Path) -> None:
    for path in (folder, *folder.absolute().parents):
        if path.exists() and not path.is_dir():
            raise UserError(f"--out {folder}: {path} is a file: choose another folder")


def _clear(folder: Path, tasks: list[Task]) -> None:
    for task in tasks:
        for name in (f"{task.name}.jsonl", f"{task.name}.run.json"):
            (folder / name).unlink(missing_ok=True)
    (folder / RESULTS).unlink(missing_ok=True)


def _track(folder: Path, results: dict[str, dict[str, float]], report_to: str) -> None:
    """The figures and a table of replies for each task in W&B, offline unless logged in."""
    if report_to == "none":
        return
    setup_tracking(folder, "eval")
    import wandb

    with wandb.init(config={"results": results}) as logged:
        for task, metrics in results.items():
            rows = [_sample(record, reply) for record in read_records(folder, task) for reply in record["replies"]]
            table = wandb.Table(columns=list(SAMPLE_COLUMNS), data=rows, allow_mixed_types=True)
            logged.log({f"eval/{task}_{name}": value for name, value in metrics.items()} | {f"eval/{task}": table})


def _sample(record: Record, reply: dict[str, Any]) -> list[Any]:
    row = {"id": record["id"], "prompt": record["prompt"][-1]["content"], "reply": printable(reply["text"]), **reply}
    return [row.get(column) for column in SAMPLE_COLUMNS]
