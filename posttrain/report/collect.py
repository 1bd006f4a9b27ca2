"""Everything that the page of a run shows, read from the run's folder alone.

A run is a pipeline's folder or that of one recipe. What a stage has not written (yet) is left out.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posttrain.errors import UserError
from posttrain.evaluate.metrics import compare_records
from posttrain.evaluate.records import RESULTS, read_records
from posttrain.pipeline.plan import PLAN, check_run_folder
from posttrain.rollouts import read_rollouts
from posttrain.rollouts_command import changed, suspicious
from posttrain.stage import CONFIG, STAGE
from posttrain.tracking import LOG, SAMPLES, read_lines

# (what is drawn, its unit, the logged keys that it shows or what they begin with)
CURVES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("loss", "nats a token or pair", ("loss", "eval_loss")),
    ("reward", "", ("reward",)),
    ("reward by component", "", ("rewards/",)),
    ("KL", "nats", ("kl", "eval_kl", "jbond/kl")),
    ("reply length", "tokens", ("completions/mean_length", "eval_reply_tokens")),
    ("stop rate", "share", ("eval_stop_rate", "completions/clipped_ratio")),
    ("gradient norm", "", ("grad_norm",)),
    ("groups without a difference", "share", ("frac_reward_zero_std", "alarm/dull_steps")),
    ("entropy", "nats a token", ("entropy", "eval_entropy")),
    ("token accuracy", "share", ("mean_token_accuracy", "eval_mean_token_accuracy")),
    ("accuracy on held-out rows", "share", ("eval_accuracy", "eval_exact_accuracy", "eval_benchmark")),
    ("learning rate", "", ("learning_rate",)),
)
SIDE_BY_SIDE, ROLLOUTS = 12, 4  # prompts with every stage's reply; rollouts of each kind


@dataclass
class StageRecord:
    """One stage of the run. logs: {name below the stage's folder, "" of its own: records}"""

    name: str
    action: str
    needs: list[str]
    folder: Path
    command: str = ""
    state: str = "not begun"
    record: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    logs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def collect(run: Path) -> dict[str, Any]:
    """{stages, curves, evaluations, comparisons, replies, data, averages, fronts, exports, rollouts, costs} as plain
    values."""
    stages = read_stages(run)
    return {
        "name": run.resolve().name,
        "stages": stages,
        "curves": {stage.name: found for stage in stages if (found := curves(stage))},
        "evaluations": evaluations(stages),
        "comparisons": comparisons(stages),
        "replies": side_by_side(stages),
        "data": {stage.name: report for stage in stages if (report := _json(stage.folder / "report.json"))},
        "averages": {stage.name: found for stage in stages if (found := _json(stage.folder / "warm.json"))},
        "fronts": {stage.name: found for stage in stages if (found := _json(stage.folder / "warp.json"))},
        "exports": exports(stages),
        "rollouts": rollouts(stages),
        "costs": [cost(stage) for stage in stages],
    }


def read_stages(run: Path) -> list[StageRecord]:
    """The pipeline's stages in order, or the one stage that the folder is. Raises UserError where it is neither."""
    if not run.is_dir():
        raise UserError(f"{run}: no such folder")
    if (run / PLAN).exists():
        plan = check_run_folder(run)["stages"]
        stages = [
            StageRecord(name, one["action"], one["needs"], run / one["folder"], one["command"])
            for name, one in plan.items()
        ]
        for stage in stages:
            mark = run / "done" / f"{stage.folder.name}.json"
            stage.seconds = (_json(mark) or {}).get("seconds")
            stage.state = "finished" if mark.exists() else "begun" if stage.folder.is_dir() else "not begun"
    elif any((run / name).exists() for name in (STAGE, CONFIG, RESULTS, LOG)):
        kind = (_json(run / STAGE) or {}).get("stage", "eval" if (run / RESULTS).exists() else "run")
        state = "finished" if (run / STAGE).exists() or (run / RESULTS).exists() else "begun"
        stages = [StageRecord(run.resolve().name, kind, [], run, state=state)]
    else:
        raise UserError(f"{run}: neither a pipeline's run (no {PLAN}) nor a recipe's (no {STAGE} and no {LOG})")
    for stage in stages:
        stage.record = _json(stage.folder / STAGE) or {}
        if stage.seconds is None:
            stage.seconds = stage.record.get("wall_seconds")
        for log in sorted(path for depth in ("", "*/", "*/*/") for path in stage.folder.glob(f"{depth}{LOG}")):
            inner = log.parent.relative_to(stage.folder)
            stage.logs["" if inner == Path() else str(inner)] = read_lines(log)
    return stages


def curves(stage: StageRecord) -> list[dict[str, Any]]:
    """Charts of a stage: title, unit, and {line's name: [(step, value)]}; nothing with fewer than two points."""
    found = []
    for title, unit, keys in CURVES:
        lines: dict[str, list[tuple[float, float]]] = {}
        for inner, records in stage.logs.items():
            for record in records:
                for key, value in record.items():
                    if shown(key, keys) and isinstance(value, int | float):
                        name = f"{inner} {_plain(key)}".strip()
                        lines.setdefault(name, []).append((record["step"], value))
        lines = {name: lines[name] for name in sorted(lines, key=lambda name: name.startswith("held-out"))}
        if lines and max(len(points) for points in lines.values()) > 1:
            found.append({"title": title, "unit": unit, "lines": lines})
    return found


def shown(key: str, keys: tuple[str, ...]) -> bool:
    """Whether a chart of `keys` (of CURVES) has the logged key."""
    return any(key == one or (one.endswith("/") and key.startswith(one) and not key.endswith("/std")) for one in keys)


def _plain(key: str) -> str:
    key = key.removeprefix("rewards/").removesuffix("/mean")
    key = f"held-out {key.removeprefix('eval_')}" if key.startswith("eval_") else key
    return key.replace("_", " ")


def evaluations(stages: list[StageRecord]) -> dict[str, dict[str, dict[str, Any]]]:
    """{task: {stage: metrics}} of every `posttrain eval`."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for stage in stages:
        for task, result in (_json(stage.folder / RESULTS) or {}).items():
            figures = {
                name: [value, result["metrics"][f"{name}_low"], result["metrics"][f"{name}_high"]]
                for name, value in result["metrics"].items()
                if f"{name}_low" in result["metrics"]
            }
            found.setdefault(task, {})[stage.name] = {**result["metrics"], "figures": figures}
    return found


def comparisons(stages: list[StageRecord]) -> list[dict[str, Any]]:
    """Every evaluation against the first of the same task: paired, by `compare_records`."""
    records: dict[str, list[tuple[str, Any]]] = {}
    for stage in stages:
        for task in _json(stage.folder / RESULTS) or {}:
            records.setdefault(task, []).append((stage.name, read_records(stage.folder, task)))
    found = []
    for task, parts in records.items():
        for name, rows in parts[1:]:
            try:
                outcome = compare_records(parts[0][1], rows, task)
            except UserError:  # other rows: nothing to pair
                continue
            found += [
                {"task": task, "figure": figure, "against": parts[0][0], "stage": name, **values}
                for figure, values in outcome.items()
            ]
    return found


def side_by_side(stages: list[StageRecord]) -> list[dict[str, Any]]:
    """Prompts that several models have answered: {"prompt", "answer", "replies": {who: reply}}, most models first."""
    found: dict[str, dict[str, Any]] = {}

    def add(prompt: str, who: str, reply: str, answer: Any) -> None:
        entry = found.setdefault(prompt, {"prompt": prompt, "answer": answer, "replies": {}})
        entry["answer"] = entry["answer"] if answer is None else answer
        entry["replies"].setdefault(who, reply)

    for stage in stages:
        samples = read_lines(stage.folder / SAMPLES)
        steps = sorted({sample["step"] for sample in samples})
        for sample in samples:
            if sample["step"] == steps[-1]:
                add(sample["prompt"], stage.name, sample["reply"], sample.get("answer"))
            elif sample["step"] == steps[0] == 0:
                add(sample["prompt"], f"before {stage.name}", sample["reply"], sample.get("answer"))
        for task in _json(stage.folder / RESULTS) or {}:
            for record in read_records(stage.folder, task):
                prompt = "\n\n".join(message["content"] for message in record["prompt"])
                add(prompt, stage.name, record["replies"][0]["text"], None)
    several = [entry for entry in found.values() if len(entry["replies"]) > 1]
    return sorted(several, key=lambda entry: -len(entry["replies"]))[:SIDE_BY_SIDE]


def exports(stages: list[StageRecord]) -> list[dict[str, Any]]:
    """The files of weights that `posttrain export` has written: {"stage", "of", "format", "dtype", "file", "bytes"}."""
    return [
        {"stage": stage.name, "of": Path(config["model"]).name, **config}
        | {"file": file.name, "bytes": file.stat().st_size}
        for stage in stages
        if stage.record.get("stage") == "export" and (config := stage.record["config"])
        for file in sorted(stage.folder.iterdir())
        if file.suffix in (".gguf", ".safetensors")
    ]


def rollouts(stages: list[StageRecord]) -> dict[str, dict[str, Any]]:
    """By RL run: the most improved and most regressed prompts and the most suspicious replies."""
    found = {}
    for stage in stages:
        for folder in [stage.folder, *(stage.folder / inner for inner in stage.logs if inner)]:
            if not (folder / "rollouts").is_dir():
                continue
            records = [row for row in read_rollouts(folder) if row["writer"] == "policy" and row["reward"] is not None]
            if records:
                changes = [change for change in changed(records) if change[0]]
                name = stage.name if folder == stage.folder else f"{stage.name}: {folder.relative_to(stage.folder)}"
                found[name] = {
                    "improved": [change for change in changes if change[0] > 0][:ROLLOUTS],
                    "regressed": [change for change in changes[::-1] if change[0] < 0][:ROLLOUTS],
                    "suspicious": suspicious(records)[:ROLLOUTS],
                }
    return found


def cost(stage: StageRecord) -> dict[str, Any]:
    """What a stage took: seconds, tokens trained on, peak memory, and floating-point work a second.

    flops: transformers' 6 × parameters without the embedding × tokens, over the time of training
    """
    runs = [_json(stage.folder / inner / STAGE) or {} for inner in stage.logs]
    trained = [run.get("metrics", {}).get("train", {}) for run in runs]
    seconds = sum(one.get("train_runtime", 0) for one in trained)
    flops = sum(one.get("total_flos", 0) for one in trained)
    tokens = sum(max((r.get("num_tokens", 0) for r in records), default=0) for records in stage.logs.values())
    memory = [run["peak_memory_bytes"] for run in (*runs, stage.record) if "peak_memory_bytes" in run]
    steps = sum(max((r.get("step", 0) for r in records), default=0) for records in stage.logs.values())
    return {
        "stage": stage.name,
        "seconds": stage.seconds,
        "steps": steps or None,
        "tokens": tokens or None,
        "memory": max((m.get("cuda") or m["host"] for m in memory), default=None),
        "flops": flops / seconds if flops and seconds else None,
    }


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except ValueError:
        return None
