"""LoRA adapters on disk, combined as the updates ΔW = s·BA that they are."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from posttrain.errors import UserError
from posttrain.gemma import resolve_dtype
from posttrain.tensors import ADAPTER, Tensors

CONFIG = "adapter_config.json"
A, B = ".lora_A.weight", ".lora_B.weight"


@dataclass(frozen=True)
class Adapter:
    """pairs: {module: (A (r, in), B (out, r))} · others: whole tensors beside them (`modules_to_save`) · scales: s of
    each module"""

    folder: Path
    config: dict[str, Any]
    pairs: dict[str, tuple[Tensor, Tensor]]
    others: dict[str, Tensor]
    scales: dict[str, float]


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def read_adapter(folder: Path) -> Adapter:
    """Raises UserError for a folder without a whole adapter, and for kinds whose update is no BA (DoRA, …)."""
    try:
        config = json.loads((folder / CONFIG).read_text())
        rank, alpha = config["r"], config["lora_alpha"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{folder / CONFIG} is no LoRA adapter's configuration") from None
    if config.get("use_dora") or config.get("rank_pattern") or config.get("alpha_pattern"):
        raise UserError(f"{folder}: adapters with DoRA or ranks by module are not taken: merge them first")
    if str(config.get("init_lora_weights")).startswith(("pissa", "olora", "corda", "loftq")):  # PEFT changes W for them
        raise UserError(
            f"{folder}: it was begun by {config['init_lora_weights']}, which also changes its base: merge it first"
        )
    tensors = Tensors(folder)
    found = {name: tensors.read(name) for name in tensors.names}
    modules = [name.removesuffix(A) for name in found if name.endswith(A)]
    missing = [module for module in modules if module + B not in found]
    if not modules or missing:
        raise UserError(f"{folder / ADAPTER} is no whole LoRA adapter{f': {missing[0]} has no B' if missing else ''}")
    others = {name: tensor for name, tensor in found.items() if not name.endswith((A, B))}
    if odd := next((name for name in others if ".lora_" in name), None):
        raise UserError(f"{folder}: {odd} is of a kind of adapter that is not taken: merge it first")
    scale = alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
    pairs = {module: (found[module + A], found[module + B]) for module in modules}
    return Adapter(folder, config, pairs, others, dict.fromkeys(modules, scale))


def inner_products(adapters: Sequence[Adapter]) -> dict[str, np.ndarray]:
    """{module or tensor: (M, M)} of the updates: <B₁A₁, B₂A₂> = Σ (B₁ᵀB₂)∘(A₁A₂ᵀ), so that no update is formed."""
    _check_same(adapters)
    products = {}
    for module in adapters[0].pairs:
        parts = [(one.scales[module], *(t.double() for t in one.pairs[module])) for one in adapters]
        products[module] = np.array(
            [[s * r * ((b.T @ d) * (a @ c.T)).sum().item() for r, c, d in parts] for s, a, b in parts]
        )
    for name in adapters[0].others:
        flat = torch.stack([one.others[name].double().flatten() for one in adapters])
        products[name] = (flat @ flat.T).numpy()
    return products


def combine_adapters(
    adapters: Sequence[Adapter], coefficients: Callable[[str], Sequence[float]], folder: Path, dtype: str | None
) -> None:
    """Write Σ c_i·s_i·B_i·A_i as one adapter: the A's one under the other, the B's side by side, its own scale 1."""
    _check_same(adapters)
    used = [i for i in range(len(adapters)) if any(coefficients(name)[i] for name in _names(adapters[0]))]
    used = used or [0]  # nothing of any: an adapter that does nothing
    found = {}
    for module in adapters[0].pairs:
        weights = coefficients(module)
        kinds = {tensor.dtype for tensor in adapters[0].pairs[module]}
        kind = kinds.pop() if dtype is None else resolve_dtype(dtype)
        parts = [(weights[i] * adapters[i].scales[module], *adapters[i].pairs[module]) for i in used]
        found[module + A] = torch.cat([a.float() for _, a, _ in parts]).to(kind)
        found[module + B] = torch.cat([scale * b.float() for scale, _, b in parts], 1).to(kind)
    for name, tensor in adapters[0].others.items():
        weights = coefficients(name)
        total = sum(weights[i] * adapters[i].others[name].float() for i in used)
        assert isinstance(total, Tensor)
        found[name] = total.to(tensor.dtype if dtype is None else resolve_dtype(dtype))
    rank = sum(adapters[i].config["r"] for i in used)
    config = adapters[0].config | {"r": rank, "lora_alpha": rank, "use_rslora": False}
    save_file({name: tensor.contiguous() for name, tensor in found.items()}, folder / ADAPTER, {"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def _names(adapter: Adapter) -> list[str]:
    return [*adapter.pairs, *adapter.others]


def _check_same(adapters: Sequence[Adapter]) -> None:
    """Raises UserError unless they are of one base and on the same modules."""
    first = adapters[0]
    for other in adapters[1:]:
        mine, theirs = (one.config.get("base_model_name_or_path") for one in (first, other))
        if mine != theirs:
            raise UserError(f"{first.folder} is an adapter of {mine}, {other.folder} of {theirs}: not of one base")
        if odd := sorted(set(_names(first)) ^ set(_names(other))):
            has, lacks = (first, other) if odd[0] in _names(first) else (other, first)
            raise UserError(f"{has.folder} adapts {odd[0]}, which {lacks.folder} does not")
        for name, pair in first.pairs.items():
            sizes = [(a.shape[1], b.shape[0]) for a, b in (pair, other.pairs[name])]
            if sizes[0] != sizes[1]:
                raise UserError(f"{name} is of a layer of {sizes[0]} in {first.folder}, {sizes[1]} in {other.folder}")
        for name, tensor in first.others.items():
            if tensor.shape != other.others[name].shape:
                there = tuple(other.others[name].shape)
                raise UserError(f"{name} has shape {tuple(tensor.shape)} in {first.folder}, {there} in {other.folder}")
