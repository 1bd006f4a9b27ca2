"""The README.md of an export: base and licence, the stages that made it, their data, evaluations, limits, use."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from posttrain.evaluate.records import read_results
from posttrain.export.source import Source, read_json
from posttrain.model_card import GEMMA_TERMS, HUB_NAMES, describe_stage, hub_name, mixture_table
from posttrain.stage import STAGE

Evaluation = tuple[str, dict[str, float]]
RELATIONS = {"hf": "finetune", "adapter": "adapter", "gguf": "quantized"}
ROUNDED_BASE = (
    "The base was Google's model with its weights rounded to 4 bits, as the package index has it: on Google's own "
    "weights an adapter is a little off."
)
LIBRARIES = {"hf": "transformers", "adapter": "peft", "gguf": "gguf"}
USES = {
    "hf": "vllm serve {folder}\nposttrain chat --model {folder}",
    "adapter": "vllm serve {base} --enable-lora --lora-modules tuned={folder} --max-lora-rank {rank}",
    "gguf": "llama-server -m {folder}/{file} --jinja\nollama create {name} -f Modelfile   # in {folder}",
}


def write_card(
    folder: Path, source: Source, form: str, *, name: str, about: dict[str, Any], evaluations: list[Evaluation]
) -> None:
    """name: of the final folder · about: what USES of `form` and the text are filled with"""
    stages, root = lineage(source)
    base = hub_name(root) or root
    header: dict[str, Any] = {"license": "gemma", "library_name": LIBRARIES[form], "pipeline_tag": "text-generation"}
    if hub_name(root):
        header |= {"base_model": base, "base_model_relation": RELATIONS[form]}
    header["tags"] = ["posttrain"]
    fills = {"folder": name, "name": Path(name).name, "base": source.named_base, **about}
    sections = [
        f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n# {Path(name).name}",
        f"`{base}` {_made(stages)}, exported with posttrain: {about['what']}.",
        f"## Use\n\n```\n{USES[form].format(**fills)}\n```",
        ROUNDED_BASE if form == "adapter" and root in HUB_NAMES else "",
        _stages(stages),
        _evaluations(evaluations),
        f"## Licence and limits\n\nA derivative of Gemma: its use is under the [Gemma terms of use]({GEMMA_TERMS}), "
        "whatever the licence of the training rows. Its limits are those of base and rows. It was not tested for harm. "
        + about.get("limits", ""),
    ]
    (folder / "README.md").write_text("\n\n".join(part.strip() for part in sections if part) + "\n")


def read_evaluations(folders: Sequence[str]) -> list[Evaluation]:
    """(task, metrics) of every result in folders of `posttrain eval`. Raises UserError for what is none."""
    found = [read_results(Path(folder).expanduser()) for folder in folders]
    return [(task, one["metrics"]) for results in found for task, one in results.items()]


def lineage(source: Source) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """(folder, its stage.json) of every stage that the exported model descends from, the first of them first, and
    what that began from."""
    named = Path(source.named).expanduser()
    start = str(named)
    if source.adapter is not None:  # of a run, whose record is beside it, or another's, on its base
        start = str(named.parent) if (named.parent / STAGE).is_file() else str(source.base)
    found: dict[str, dict[str, Any]] = {}
    roots: list[str] = []

    def visit(folder: str) -> None:
        record = read_json(Path(folder).expanduser() / STAGE)
        if not record:
            roots.append(folder)
            return
        inputs = record.get("inputs") or {}
        averaged = record.get("stage") == "average"
        for parent in list(inputs) if averaged else [str(record.get("config", {}).get("model", ""))]:
            if parent and parent not in found:
                visit(parent)
        found.setdefault(folder, record)

    visit(start)
    return list(found.items()), roots[0] if roots else start


def _made(stages: list[tuple[str, dict[str, Any]]]) -> str:
    return "after " + ", then ".join(_words(record) for _, record in stages) if stages else "as it is"


def _words(record: dict[str, Any]) -> str:
    if record.get("stage") == "average":
        return f"averaging ({record['config']['how']})"
    config = record.get("config", {})
    return _short(describe_stage(config)) if "method" in config else str(record.get("stage"))


def _short(text: str) -> str:
    """Without the folders of this machine: of an absolute path the last part."""
    return re.sub(r"(?<![\w.:/])/(?:[^/\s'\"`]+/)+", "", text)


def _stages(stages: list[tuple[str, dict[str, Any]]]) -> str:
    if not stages:
        return ""
    lines = ["## Stages and data\n\n| stage | what | rows trained | tokens |\n|---|---|---|---|"]
    details = []
    for folder, record in stages:
        data = record.get("data") or {}
        rows = data["rows"] - data["dropped"] if "rows" in data else "–"
        lines.append(f"| {Path(folder).name} | {_words(record)} | {rows} | {data.get('tokens', '–')} |")
        hashes = "".join(f"- {_short(name)}: `{value}`\n" for name, value in (record.get("inputs") or {}).items())
        if hashes or data.get("mixture"):
            rows_of = f", rows of `{_short(data['train'])}`" if "train" in data else ""
            details.append(f"**{Path(folder).name}**{rows_of}; hashes of what went in:\n\n{hashes}"
                           + _short(mixture_table(data.get("mixture"))))  # fmt: skip
    return "\n".join(lines) + "\n\n" + "\n\n".join(details)


def _evaluations(evaluations: list[Evaluation]) -> str:
    lines = []
    for task, metrics in evaluations:
        for name in (name for name in metrics if f"{name}_low" in metrics):
            interval = f"[{metrics[f'{name}_low']:.3f}, {metrics[f'{name}_high']:.3f}]"
            lines.append(f"| {task} | {name} | {metrics['rows']:.0f} | {metrics[name]:.3f} {interval} |")
    if not lines:
        return "## Evaluations\n\nNone were given to the export (`--evaluation`)."
    return "## Evaluations\n\n| task | figure | rows | value [95 % interval] |\n|---|---|---|---|\n" + "\n".join(lines)
