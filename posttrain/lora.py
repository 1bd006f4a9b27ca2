"""Adapters on the language model: LoRA, DoRA, QLoRA, and the merge back into the base."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel
from transformers import BitsAndBytesConfig, PreTrainedModel

from posttrain.errors import UserError
from posttrain.gemma import VISION
from posttrain.tensors import ADAPTER

ADAPTER_FOLDER = "adapter"  # in a finished run's folder, beside the merged model
METHODS = ("full", "lora", "dora", "qlora")
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_TIED = {"embed_tokens", "lm_head"}


def adapter_config(
    model: PreTrainedModel,
    method: str,
    *,
    r: int = 16,
    alpha: int = 32,
    dropout: float = 0.0,
    targets: Sequence[str] | None = None,
    task_type: str = "CAUSAL_LM",
) -> LoraConfig | None:
    """The PEFT config for `method`, on the language model only; None for full tuning.

    targets: names of linear layers (`q_proj`, …); by default all seven projections. PEFT's `all-linear` would also
    adapt the vision tower of a multimodal Gemma, so the targets become one regular expression that leaves it out.
    task_type: SEQ_CLS for a reward model, whose score head PEFT then trains beside the adapter.

    Raises UserError for a target that matches no layer, and for the embedding or the head: adapting either unties them
    when merged, and serving engines refuse the result.
    """
    if method == "full":
        return None
    names = list(targets or PROJECTIONS)
    if tied := sorted(_TIED & set(names)):
        raise UserError(
            f"lora_targets: {', '.join(tied)} is tied (embedding = head); a merge would untie it. Leave it out"
        )
    found = linear_layers(model)
    for name in names:
        if name not in found:
            raise UserError(f"lora_targets: {name!r} matches no layer of this model; it has {', '.join(sorted(found))}")
    not_language = "|".join(VISION)
    chosen = "|".join(map(re.escape, names))
    return LoraConfig(
        task_type=task_type,
        r=r,
        lora_alpha=alpha,
        lora_dropout=dropout,
        use_dora=method == "dora",
        target_modules=rf"(?!.*({not_language})).*\.({chosen})",
    )


def linear_layers(model: PreTrainedModel) -> set[str]:
    """Last names of the linear layers of the language model, without the head (of a reward model: `score`)."""
    return (
        {
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            # quantised layers are subclasses or look-alikes of Linear: both have these two
            if hasattr(module, "in_features") and hasattr(module, "weight") and not any(part in name for part in VISION)
        }
        - _TIED
        - {"score"}
    )


def quantization_config(method: str) -> BitsAndBytesConfig | None:
    """4-bit NF4 with double quantisation for QLoRA (2305.14314); None otherwise. Raises UserError without CUDA."""
    if method != "qlora":
        return None
    if not torch.cuda.is_available():
        raise UserError("method qlora needs a CUDA device (bitsandbytes); use method lora here")
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise UserError('method qlora needs bitsandbytes: pip install "posttrain[gpu]"') from None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_quant_storage=torch.bfloat16,
    )


def keep_adapter(trained: Path, folder: Path, base: str, revision: str = "main") -> None:
    """The adapter that a trainer left in `trained`, kept in `folder` without the rest; base: as the user named it."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(trained / ADAPTER, folder / ADAPTER)
    config = json.loads((trained / "adapter_config.json").read_text())
    config |= {"base_model_name_or_path": base, "revision": None if revision == "main" else revision}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def merge_adapter(base: PreTrainedModel, folder: str | Path) -> PreTrainedModel:
    """The base with the adapter in `folder` added into its weights, in the base's own classes and key names.

    Load the base in float32: a bf16 merge rounds small updates away. For QLoRA give the unquantised base.
    """
    return PeftModel.from_pretrained(base, str(folder)).merge_and_unload()
