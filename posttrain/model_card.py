"""The README.md of an output folder: base, data, configuration, metrics, licence of the base."""

from pathlib import Path
from typing import Any

import yaml

GEMMA_TERMS = "https://ai.google.dev/gemma/terms"


# The built-in weights are this model's, rounded to 4 bits.
HUB_NAMES = {"gemma-3-270m": "google/gemma-3-270m"}


def write_model_card(folder: Path, record: dict[str, Any]) -> None:
    """Write `README.md` into `folder` from a stage's record (config, inputs, data, metrics)."""
    config = record["config"]
    scored = "score_head" in config  # a reward model
    header = {
        "license": "gemma",
        "library_name": "transformers",
        "pipeline_tag": "text-classification" if scored else "text-generation",
        "tags": ["posttrain"],
    }
    if base := hub_name(config["model"]):
        header["base_model"] = base
    data = record["data"]
    sections = [
        f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n# {folder.resolve().name}",
        f"`{config['model']}` after {describe_stage(config)} with posttrain ({config['method']}).",
        f"## Data\n\n- training rows: `{data['train']}`, {data['rows'] - data['dropped']} of {data['rows']} used, "
        f"{data['tokens']} tokens"
        + (f", {data['labels']} of them trained" if "labels" in data else "")
        + "\n"
        + "".join(f"- sha256 of {name}: `{value}`\n" for name, value in record["inputs"].items())
        + mixture_table(data.get("mixture")),
        _metrics_table(record["metrics"].get("before_after", {})),
        _scoring(folder) if scored else _chatting(folder),
        f"## Licence\n\nA derivative of Gemma: its use is under the [Gemma terms of use]({GEMMA_TERMS}), whatever the "
        "licence of the training rows. Its limits are those of base and rows. It was not tested for harm.",
        f"## Configuration\n\n```yaml\n{yaml.safe_dump(_notable(config), sort_keys=True)}```",
    ]
    (folder / "README.md").write_text("\n\n".join(filter(None, sections)) + "\n")


def hub_name(model: str) -> str | None:
    """The hub id of a model as recipes are told it; None of a folder."""
    name = HUB_NAMES.get(model, model)
    return name if name.count("/") == 1 and not Path(name).exists() else None


def _chatting(folder: Path) -> str:
    return (
        "## Use\n\nGemma's chat template is in the tokenizer and generation stops by itself:\n\n```python\n"
        "from transformers import pipeline\n\n"
        f'chat = pipeline("text-generation", model="{folder}")\n'
        'reply = chat([{"role": "user", "content": "Hello!"}], max_new_tokens=128, do_sample=False)\n'
        'print(reply[0]["generated_text"][-1]["content"])\n```'
    )


def _scoring(folder: Path) -> str:
    return (
        "## Use\n\nA prompt and a reply in, a number out, which ranks replies to a prompt and means nothing alone:\n\n"
        "```python\nfrom posttrain.reward import RewardModel\n\n"
        f'reward = RewardModel("{folder}")\n'
        'print(reward(["Hello!"], ["Hello! What can I do for you?"]))\n```\n\n'
        "It is a plain `AutoModelForSequenceClassification` with one label, scored at the newline after the reply's "
        "`<end_of_turn>`."
    )


def describe_stage(config: dict[str, Any]) -> str:
    """In a few words what a recipe of that configuration has done to the model."""
    if "score_head" in config:
        return "training on preferences, as a reward model,"
    if "algorithm" in config:
        return f"RL from rewards ({config['algorithm']}, reward `{config['reward']}`)"
    if "quantise" in config:
        return f"training through rounding to {config['quantise']} (QAT)"
    return f"distillation from `{config['teacher']}`" if config.get("teacher") else "supervised instruction tuning"


def mixture_table(manifest: dict[str, Any] | None) -> str:
    """Sources, what filters dropped, and how much of each evaluation set stood in the sources."""
    if not manifest:
        return ""
    lines = "| source | from | read | dropped | trained |\n|---|---|---|---|---|\n"
    for name, source in manifest["sources"].items():
        origin = manifest["spec"]["sources"][name]["origin"]
        lines += f"| {name} | `{origin}` | {source['read']} | {source['read'] - source['kept']} | {source['train']} |\n"
    names = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in manifest["spec"]["filters"]]
    lines += f"\nFilters of the mixture: {', '.join(names) or 'none'}.\n"
    for one in manifest["contamination"]:
        lines += (
            f"\nDecontaminated against `{one['set']}` (8-grams): {one['overlapping']} of {one['items']} items were "
        )
        lines += "found, and the rows that held them dropped.\n"
    return f"\n{lines}"


def _metrics_table(metrics: dict[str, dict[str, float]]) -> str:
    if len(metrics) < 2:
        return ""
    speed = ("per_second", "runtime", "num_tokens")
    names = [name for name in metrics["after"] if name in metrics["before"] and not name.endswith(speed)]
    rows = "".join(
        f"| {n.removeprefix('eval_')} | {metrics['before'][n]:.4g} | {metrics['after'][n]:.4g} |\n" for n in names
    )
    return f"## On held-out rows\n\n| metric | before | after |\n|---|---|---|\n{rows}"


def _notable(config: dict[str, Any]) -> dict[str, Any]:
    """The keys that shape the result; the whole configuration is in stage.json."""
    prefixes = ("lora_", "learning_rate", "lr_", "warmup", "weight_decay", "adam_", "per_device_train", "gradient_acc")
    keys = {
        "model",
        "method",
        "train",
        "eval",
        "eval_rows",
        "limit",
        "max_length",
        "packing",
        "max_steps",
        "seed",
        "bf16",
    }
    keys |= {"num_train_epochs", "save_dtype", "optim", "max_grad_norm"}
    return {key: value for key, value in config.items() if key in keys or key.startswith(prefixes)}
