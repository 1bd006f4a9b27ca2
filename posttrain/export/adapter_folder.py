"""A LoRA adapter as serving engines take it: names of the base that it is served on, and plain targets."""

import json
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import PeftModel
from safetensors.torch import save_file

from posttrain.adapters import CONFIG, A, B
from posttrain.chat import encode_prompt
from posttrain.errors import UserError
from posttrain.export.source import Source
from posttrain.gemma import load_model
from posttrain.tensors import ADAPTER

VLLM_RANKS = (16, 32, 64, 128, 256, 320, 512)  # that --max-lora-rank takes, from its default on
PROBE = "What is the capital of France?"


def write_adapter(source: Source, folder: Path) -> None:
    """The adapter of `source` under `folder`.

    vLLM ignores, without a word, updates whose names are not those of the class that it serves the base in
    (vllm#34186): of a multimodal base they lie below `language_model`, also where only its text side was trained. The
    targets are what every engine reads: a list, or of a multimodal base the pattern that leaves the images' side out.
    """
    adapter = source.adapter
    assert adapter is not None
    wrapper = "model.language_model" if source.config.model_type == "gemma3" else "model"
    tensors, projections = {}, set()
    for name, module in source.updates.items():
        place = "layers." + name.partition(".layers.")[2].removesuffix(".weight")
        projections.add(place.rpartition(".")[2])
        for part, tensor in zip((A, B), adapter.pairs[module], strict=True):
            tensors[f"base_model.model.{wrapper}.{place}{part}"] = tensor.contiguous()
    names = sorted(projections)
    multimodal = rf".*language_model.*\.({'|'.join(names)})"
    config = adapter.config | {
        "base_model_name_or_path": source.named_base,
        "target_modules": multimodal if wrapper != "model" else names,
        "inference_mode": True,
    }
    save_file(tensors, folder / ADAPTER, {"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def vllm_rank(rank: int) -> int:
    """What vLLM must be told of an adapter of that rank. Raises UserError for one that it does not serve."""
    for allowed in VLLM_RANKS:
        if rank <= allowed:
            return allowed
    raise UserError(f"rank {rank} is above {VLLM_RANKS[-1]}, which vLLM does not serve: export with --format hf")


@torch.no_grad()
def check_effect(source: Source, folder: Path) -> float | None:
    """How far the adapter in `folder` moves the base's logits after a question, at most; None where the base is too
    large for this machine's memory. Raises UserError where it moves none."""
    weights = sum(torch.Size(source.shape(name)).numel() for name in source.names) * 2
    if weights > psutil.virtual_memory().available / 2:
        return None
    half = any(source.dtype(name) == torch.float16 for name in source.names)
    model, tokenizer = load_model(source.folder, "bfloat16" if half else "auto")
    ids = torch.tensor([encode_prompt([{"role": "user", "content": PROBE}], tokenizer)])
    before = model(input_ids=ids, logits_to_keep=1).logits.float()
    moved: Any = PeftModel.from_pretrained(model, str(folder))
    change = (moved(input_ids=ids, logits_to_keep=1).logits.float() - before).abs().max().item()
    if change == 0:
        raise UserError(f"{source.named}: the adapter changes nothing in what {source.folder} says to {PROBE!r}")
    return change
