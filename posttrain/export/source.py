"""What is exported, a piece at a time: a model's folder, or an adapter, which is added to its base as that is read."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from torch import Tensor

from posttrain.adapters import Adapter, is_adapter, read_adapter
from posttrain.errors import UserError
from posttrain.gemma import VISION, load_config, resolve_source
from posttrain.model_card import hub_name
from posttrain.tensors import PIECE, Tensors


@dataclass
class Source:
    """named: as the user has named it · folder: of the model, or of the adapter's base, which the user calls `base`
    config: transformers'"""

    named: str
    folder: Path
    config: Any
    adapter: Adapter | None = None
    base: str | None = None
    tensors: Tensors = field(init=False)
    updates: dict[str, str] = field(init=False)  # of a tensor's name: the adapter's module that is added to it

    def __post_init__(self) -> None:
        self.tensors = Tensors(self.folder)
        self.updates = {} if self.adapter is None else match_modules(self.adapter, self.tensors)
        check_whole(self)

    @property
    def names(self) -> list[str]:
        """Without a head: it is the embedding."""
        return [name for name in self.tensors.names if not name.endswith("lm_head.weight")]

    @property
    def named_base(self) -> str:
        """The base as an adapter is served on it: a hub id, or a folder."""
        return str(self.folder) if self.base is None else hub_name(os.path.expanduser(self.base)) or self.base

    @property
    def text_config(self) -> Any:
        return self.config.get_text_config()

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        return self.tensors.dtype(name)

    def pieces(self, name: str) -> Iterator[Tensor]:
        """The tensor's numbers from first to last, (n,), with the adapter's update in float32 where there is one.

        Of a tensor with rows of 32 or a multiple, n is such a multiple."""
        if name not in self.updates:
            yield from self.tensors.pieces(name)
            return
        assert self.adapter is not None
        a, b = (part.float() for part in self.adapter.pairs[self.updates[name]])
        scale = self.adapter.scales[self.updates[name]]
        width = a.shape[1]
        rows, done = max(1, PIECE // width), 0
        for piece in self.tensors.pieces(name, size=rows * width):
            some = b[done : done + len(piece) // width]
            yield (piece.float().view(-1, width) + (some @ a) * scale).flatten()
            done += len(some)


def open_source(model: str, base: str | None = None) -> Source:
    """model: HF folder, hub id, `.gguf`, built-in name, or an adapter's folder · base: of the adapter, by default the
    one that it names. Raises UserError for what is none of these, or not whole."""
    path = Path(model).expanduser()
    if path.is_dir() and is_adapter(path) and not (path / "config.json").is_file():
        adapter = read_adapter(path)
        found = base or adapter.config.get("base_model_name_or_path")
        if not found:
            raise UserError(f"{model} is an adapter that names no base: give --base")
        try:
            folder = local_folder(found, None if base else adapter.config.get("revision"))
        except UserError as error:
            raise UserError(f"{model}: its base: {error}; give --base, the folder or hub id") from None
        return Source(model, folder, load_config(folder), adapter, found)
    if base is not None:
        raise UserError(f"--base is an adapter's, and {model} is a whole model: leave it out")
    folder = local_folder(model)
    config = load_config(folder)
    if "SequenceClassification" in str(config.architectures):
        raise UserError(f"{model} is a reward model: it writes no replies, and is used by posttrain.reward.RewardModel")
    return Source(model, folder, config)


def local_folder(source: str, revision: str | None = None) -> Path:
    """The folder of a model, downloaded where it is a hub id."""
    found = resolve_source(source)
    if Path(found).is_dir():
        return Path(found)
    try:
        patterns = ["*.json", "*.jinja", "*.model", "*.safetensors"]
        return Path(snapshot_download(found, revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UserError(f"{source} is no folder here, and could not be downloaded ({type(error).__name__})") from error


def match_modules(adapter: Adapter, tensors: Tensors) -> dict[str, str]:
    """{name of a tensor of the base: the adapter's module that updates it}, by layer and projection: the wrappers
    around the language model have other names in checkpoints than in memory, and from one class to another.

    Raises UserError for an update that meets no tensor or one of another shape, or that is zero: served, such an
    adapter would do nothing, and no engine says so (vllm#34186).
    """
    places = {_place(name.removesuffix(".weight")): name for name in tensors.names if _place(name)}
    found = {}
    for module, (a, b) in adapter.pairs.items():
        name = places.get(_place(module))
        if name is None:
            raise UserError(f"{adapter.folder} adapts {module}, which {tensors.folder} has not: it is of another base")
        if tensors.shape(name) != (b.shape[0], a.shape[1]):
            raise UserError(
                f"{adapter.folder} adapts {module} of shape {(b.shape[0], a.shape[1])}, in {tensors.folder} it is "
                f"{tensors.shape(name)}: it is of another base"
            )
        found[name] = module
    if adapter.others:
        raise UserError(f"{adapter.folder} also holds {next(iter(adapter.others))}, which is no update of a layer")
    if not any(b.any() and a.any() for a, b in adapter.pairs.values()):
        raise UserError(f"{adapter.folder} changes nothing: all its updates are zero. Is it one before training?")
    return found


def _place(name: str) -> str | None:
    """`layers.0.mlp.up_proj` of whatever it is wrapped in; None outside the language model's layers."""
    _, layers, rest = name.partition(".layers.")
    return layers + rest if layers and not any(part in name for part in VISION) else None


def check_whole(source: Source) -> None:
    """Raises UserError that names what a model of this configuration must have and the folder has not.

    transformers, for one, would start such weights at random.
    """
    config, have = source.text_config, set(filter(None, map(_place, source.names)))
    if not all(getattr(one, "tie_word_embeddings", True) for one in (config, source.config)):
        raise UserError(
            f"{source.folder} has a head of its own (tie_word_embeddings: false), which no Gemma 2 or 3 has"
        )
    projections = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
    parts = [*projections, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm"]
    parts += ["post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"]
    if config.model_type != "gemma2":
        parts += ["self_attn.q_norm", "self_attn.k_norm"]
    wanted = [f".layers.{i}.{part}.weight" for i in range(config.num_hidden_layers) for part in parts]
    missing = [name for name in wanted if name not in have]
    missing += [part for part in ("embed_tokens.weight", "norm.weight") if not _ends(source.names, part)]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UserError(f"{source.folder} lacks weights: {', '.join(missing[:3])}{more}: restore the whole checkpoint")


def _ends(names: list[str], part: str) -> bool:
    return any(name.endswith(f"model.{part}") for name in names)


def read_json(path: Path) -> dict[str, Any]:
    """{} where there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
