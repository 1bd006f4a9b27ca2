"""What a recipe can be told: dataclasses, read from a YAML file and the command line by TRL's parser."""

import dataclasses
import json
import os
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import torch
import trl
import yaml
from trl import TrlParser

from posttrain.errors import UserError, nearest
from posttrain.gemma import resolve_dtype
from posttrain.lora import METHODS

# Options of transformers and TRL that would spoil a run, and why.
_REFUSED = {
    "fp16_full_eval": "the weights would stay in fp16 after the last evaluation and be saved so",
    "bf16_full_eval": "the weights would stay in bf16 after the last evaluation and be saved so",
    "eval_packing": "held-out rows are counted one by one",
    "padding_free": "use packing",
    "push_to_hub": "it pushes checkpoints, not the merged model; push the finished folder with `hf upload`",
}


@dataclass
class ModelArguments:
    """Which model is trained, and how it is stored."""

    model: str = field(
        default="gemma-3-270m", metadata={"help": "Hub id, HF folder, .gguf file, or the built-in gemma-3-270m."}
    )
    revision: str = field(default="main", metadata={"help": "Branch, tag or commit of a hub model."})
    text_only: bool = field(
        default=False, metadata={"help": "Take the language model out of a multimodal checkpoint (4B and up)."}
    )
    attn_implementation: str | None = field(
        default=None, metadata={"help": "eager, sdpa (default) or flash_attention_2 (CUDA; best with packing)."}
    )
    dtype: str | None = field(
        default=None,
        metadata={
            "help": "Of the weights in training: bfloat16 or float32. By default float32 on CPU and for full tuning "
            "without DeepSpeed (bf16 then runs under autocast), else bfloat16. fp16 is refused."
        },
    )
    save_dtype: str = field(default="bfloat16", metadata={"help": "Of the weights in the output folder."})

    def __post_init__(self):
        for name in filter(None, (self.dtype, self.save_dtype)):
            resolve_dtype(name)


@dataclass
class AdapterArguments:
    """Full tuning, or an adapter that is merged into the base at the end."""

    method: str = field(default="full", metadata={"help": f"One of {', '.join(METHODS)}.", "choices": list(METHODS)})
    lora_r: int = field(default=16, metadata={"help": "Rank of the adapter."})
    lora_alpha: int = field(default=32, metadata={"help": "The update is scaled by lora_alpha / lora_r."})
    lora_dropout: float = field(default=0.0, metadata={"help": "Dropout before the adapter."})
    lora_targets: list[str] | None = field(
        default=None,
        metadata={"help": "Linear layers to adapt (default: q, k, v, o, gate, up and down of the language model)."},
    )

    def __post_init__(self):
        if self.lora_r < 1:
            raise UserError(f"lora_r must be at least 1, not {self.lora_r}")
        if self.method not in METHODS:  # argparse does not check choices of values that come from the YAML
            raise UserError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if isinstance(self.lora_targets, str):  # one name in the YAML, without the list's brackets
            self.lora_targets = [self.lora_targets]


@dataclass
class DataArguments:
    """Rows to train on, and rows to hold out."""

    train: str = field(
        default="demo",
        metadata={
            "help": "A mixture's YAML, a folder that `posttrain data build` wrote, a file or glob (.jsonl, .json, "
            ".csv, .parquet), a hub data set, or a built-in name such as `demo`."
        },
    )
    eval: str | None = field(
        default=None,
        metadata={"help": "Held-out rows; by default `eval_rows` rows are taken out of the training rows."},
    )
    eval_rows: int = field(
        default=64,
        metadata={"help": "Rows held out, or used of `eval`; at most a third of `train` (0: no evaluation)."},
    )
    eval_seed: int | None = field(
        default=None,
        metadata={
            "help": "Of the rows held out of `train`, by default `seed`: runs that differ in it hold the same rows out."
        },
    )
    limit: int | None = field(default=None, metadata={"help": "Use only the first rows of the training file."})

    def __post_init__(self):
        for name, least in (("limit", 1), ("eval_rows", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(f"{name} must be at least {least}, not {value}")

    def limits(self, seed: int) -> dict[str, Any]:
        """For `load_splits`, in a run of that seed: how many rows, how many of them held out, and which."""
        own = seed if self.eval_seed is None else self.eval_seed
        return {"eval_rows": self.eval_rows, "limit": self.limit, "seed": own}


@dataclass
class RunConfig:
    """What every training recipe's config has beside TRL's own, and our defaults; goes before TRL's class."""

    output_dir: str = field(default="runs/run", metadata={"help": "Run folder; holds the model when finished."})
    bf16: bool | None = field(default=None, metadata={"help": "bf16 mixed precision; by default where CUDA has it."})
    use_cpu: bool = field(default=False, metadata={"help": "Train on the CPU; so it is where there is nothing else."})
    gradient_checkpointing: bool = field(
        default=False, metadata={"help": "Recompute activations in the backward pass: less memory, about 20 %% slower."}
    )
    logging_steps: float = field(default=1, metadata={"help": "Log every so many steps."})
    save_total_limit: int | None = field(default=2, metadata={"help": "Checkpoints kept for resuming."})
    report_to: list[str] | str | None = field(
        default="wandb", metadata={"help": "wandb (offline unless logged in), trackio, tensorboard, or none."}
    )
    eval_on_start: bool = field(
        default=True, metadata={"help": "Evaluate before the first step (the `before` column)."}
    )
    overwrite: bool = field(
        default=False, metadata={"help": "Begin anew in an output_dir that holds another or a finished run."}
    )

    def __post_init__(self) -> None:
        given: Any = self
        if given.fp16 or os.environ.get("ACCELERATE_MIXED_PRECISION") == "fp16" or _deepspeed_wants_fp16():
            resolve_dtype("float16")
        for name, reason in _REFUSED.items():
            if getattr(self, name, None):
                raise UserError(f"{name} is not supported: {reason}")
        launched_on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"
        self.use_cpu = self.use_cpu or launched_on_cpu or not torch.accelerator.is_available()
        if self.use_cpu:  # said outright, or several processes on CPU would each train alone, and nothing tells
            given.dataloader_pin_memory = False
        if self.bf16 is None:  # TRL's default is True everywhere; CPUs without bf16 units are 100 times slower in it
            self.bf16 = not self.use_cpu and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        if self.save_total_limit == 1:
            raise UserError("save_total_limit must be 2 or more: a kill while one is written leaves the one before it")
        super().__post_init__()  # type: ignore[misc]


@dataclass
class RepliesConfig(RunConfig):
    """Evaluation by replies that the model writes in training."""

    sample_rows: int = field(default=16, metadata={"help": "Held-out prompts answered at every evaluation (0: none)."})
    sample_tokens: int = field(default=128, metadata={"help": "Longest generated reply, in tokens."})
    benchmark: str | None = field(
        default=None, metadata={"help": "A task of `posttrain eval` that is run while training: gsm8k, ifbench, …"}
    )
    benchmark_data: str | None = field(default=None, metadata={"help": "Its rows: a file, hub id or built-in set."})
    benchmark_rows: int = field(default=32, metadata={"help": "The first so many of them, always the same."})
    benchmark_steps: int = field(
        default=100, metadata={"help": "Run it every so many steps, at the start and end too."}
    )

    def __post_init__(self) -> None:
        for name in ("benchmark_rows", "benchmark_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}")
        super().__post_init__()


@dataclass
class SFTConfig(RepliesConfig, trl.SFTConfig):
    """TRL's SFTConfig with our defaults, and what evaluation by generated replies needs."""

    output_dir: str = field(default="runs/sft", metadata={"help": "Run folder; holds the -IT model when finished."})
    eval_packing: bool | None = field(default=False, metadata={"help": "Not supported: held-out rows are padded."})

    def __post_init__(self) -> None:
        if self.packing and self.max_length is None:
            raise UserError("packing needs max_length, the length of a packed row")
        super().__post_init__()


def parse(dataclass_types: Any, args: list[str] | None = None, description: str | None = None) -> tuple:
    """`--config FILE.yaml` and `--key value` overrides into instances of the dataclasses.

    Raises UserError for a missing or broken file, an unknown key (naming the nearest one) and a bad value.
    """
    with warnings.catch_warnings():  # of keys that transformers renames, which TRL still sets
        warnings.simplefilter("ignore", FutureWarning)
        return _Parser(dataclass_types, description=description).parse_args_and_config(args)


def as_dict(*parts: Any) -> dict[str, Any]:
    """The resolved configuration as one flat dict that JSON and YAML can hold."""
    merged: dict[str, Any] = {}
    for part in parts:
        values = part.to_dict() if hasattr(part, "to_dict") else dataclasses.asdict(part)
        merged |= {key: value for key, value in values.items() if not key.endswith("_token")}
    return json.loads(json.dumps(merged, default=str))


class _Parser(TrlParser):
    """TRL's parser with errors of one line."""

    def parse_args_and_config(self, args=None, **kwargs):
        try:
            return super().parse_args_and_config(args, **kwargs)
        except UserError:
            raise
        except FileNotFoundError as error:
            raise UserError(f"--config: no such file: {error.filename}") from None
        except OSError as error:
            raise UserError(f"--config: {error.filename} could not be read ({error.strerror})") from None
        except IndexError:  # TRL takes the word after --config without looking
            raise UserError("--config: give a YAML file after it") from None
        except yaml.YAMLError as error:
            raise UserError(f"--config: not readable as YAML: {' '.join(str(error).split())}") from None
        except (ValueError, TypeError) as error:
            raise UserError(self._explain(str(error))) from None

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see --help)")

    def _explain(self, message: str) -> str:
        """Name the unknown keys in TRL's and transformers' messages, each with the nearest known one."""
        if "Unknown arguments" not in message and "not used by the HfArgumentParser" not in message:
            return " ".join(message.split())
        known = [option.removeprefix("--") for action in self._actions for option in action.option_strings]
        hints = [f"{key!r}{nearest(key, known)}" for key in re.findall(r"--([\w-]+)", message)]
        return f"unknown key {', '.join(hints)}" if hints else " ".join(message.split())


def _deepspeed_wants_fp16() -> bool:
    path = os.environ.get("ACCELERATE_DEEPSPEED_CONFIG_FILE")
    if not path or path == "none" or not Path(path).is_file():
        return False
    return json.loads(Path(path).read_text()).get("fp16", {}).get("enabled") is True
