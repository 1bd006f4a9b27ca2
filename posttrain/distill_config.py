"""What the distillation recipes can be told, beside what all recipes share (posttrain.config)."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import torch

from posttrain.config import SFTConfig
from posttrain.errors import UserError
from posttrain.losses.distill import check_beta
from posttrain.teacher.targets import MOST, check_method

OUTPUTS = ("cache", "answers")


def check_temperature(temperature: float) -> None:
    if not 0 < temperature < float("inf"):
        raise UserError(f"temperature must be above 0 and finite, not {temperature}")


def check_bits(bits: int | None) -> None:
    if bits not in (None, 4, 8):
        raise UserError(f"teacher_bits must be 4 or 8, not {bits}")
    if bits and not torch.cuda.is_available():
        raise UserError("teacher_bits needs a CUDA device (bitsandbytes): leave it out here")


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


@dataclass
class TeacherConfig:
    """What a teacher is asked, and where its words go."""

    teacher: str = field(
        default="gemma-3-270m",
        metadata={"help": "Hub id, HF folder, .gguf file or built-in name; or the URL of a server (…/v1)."},
    )
    teacher_name: str | None = field(default=None, metadata={"help": "The model's name on that server."})
    teacher_revision: str = field(default="main", metadata={"help": "Branch, tag or commit of a hub model."})
    teacher_dtype: str | None = field(default=None, metadata={"help": "By default bfloat16 on CUDA, float32 on CPU."})
    teacher_bits: int | None = field(default=None, metadata={"help": "4 or 8: quantise it (bitsandbytes, CUDA)."})
    tokenizer: str | None = field(
        default=None, metadata={"help": "Of the student; needed with a server, else the teacher's own."}
    )
    output_dir: str = field(default="runs/teacher", metadata={"help": "Folder of the cache or the answers."})
    output: str = field(
        default="cache", metadata={"help": "cache: its distribution at every label. answers: replies to the prompts."}
    )
    max_length: int | None = field(default=1024, metadata={"help": "As in the student's recipe: rows are cut there."})
    method: str = field(
        default="draws",
        metadata={
            "help": "draws: ids sampled with replacement, unbiased. distinct: each of them once, by its probability. "
            "top: the likeliest, and the mass of the rest."
        },
    )
    draws: int = field(default=256, metadata={"help": "Ids sampled (or, with top, kept) a position; 1 to 256."})
    temperature: float = field(
        default=1.0, metadata={"help": "Of the teacher's distribution; the student's is the same."}
    )
    samples: int = field(default=1, metadata={"help": "answers: replies to a prompt, of which the best is kept."})
    max_new_tokens: int = field(default=512, metadata={"help": "answers: longest reply."})
    batch_size: int = field(default=16, metadata={"help": "answers: replies written at once."})
    reward: str | None = field(
        default=None, metadata={"help": "answers: YAML of a reward that picks the best; it reads the rows' columns."}
    )
    seed: int = field(default=42, metadata={"help": "Of the draws and samples."})
    progress: bool = field(default=True, metadata={"help": "Show progress bars."})

    def __post_init__(self):
        check_method(self.method, self.draws)
        if self.output not in OUTPUTS:
            raise UserError(f"output must be one of {', '.join(OUTPUTS)}, not {self.output!r}")
        check_temperature(self.temperature)
        check_bits(self.teacher_bits)
        if min(self.samples, self.max_new_tokens, self.batch_size) < 1:
            raise UserError("samples, max_new_tokens and batch_size must be at least 1")
        if self.reward and self.output != "answers":
            raise UserError("reward picks among answers: set `output: answers`, or leave it out")
        if self.samples > 1 and not self.reward:
            raise UserError("samples: of several replies the best is kept: give `reward`, the YAML that scores them")
        if is_url(self.teacher):
            self._check_server()

    def _check_server(self) -> None:
        if not self.teacher_name or not self.tokenizer:
            raise UserError(
                f"teacher {self.teacher}: give teacher_name and tokenizer, the student's own, with a server"
            )
        if self.output == "cache" and self.method != "top":
            raise UserError(
                "a server tells its likeliest tokens only: set `method: top`, and `draws` to its --max-logprobs"
            )
        if self.temperature != 1:
            raise UserError("a server tells its distribution at temperature 1 only: leave `temperature` out")


@dataclass
class DistillConfig(SFTConfig):
    """SFTConfig, a teacher, and how far the student is from it."""

    needs_teacher: ClassVar[bool] = True

    output_dir: str = field(default="runs/distill", metadata={"help": "Run folder; holds the -IT model when finished."})
    teacher: str | None = field(
        default=None,
        metadata={
            "help": "A folder that it_teacher.py wrote, a model (hub id, folder, .gguf), or a server's URL (…/v1)."
        },
    )
    teacher_name: str | None = field(default=None, metadata={"help": "The model's name on that server."})
    teacher_revision: str = field(default="main", metadata={"help": "Branch, tag or commit of a hub model."})
    teacher_dtype: str | None = field(default=None, metadata={"help": "By default bfloat16 on CUDA, float32 on CPU."})
    teacher_bits: int | None = field(default=None, metadata={"help": "4 or 8: quantise it (bitsandbytes, CUDA)."})
    teacher_top: int = field(default=20, metadata={"help": "Likeliest tokens asked of a server at each position."})
    beta: float = field(
        default=0.0, metadata={"help": "0: forward KL. 1: reverse KL. Between: generalised JSD (a teacher in memory)."}
    )
    temperature: float = field(default=1.0, metadata={"help": "Of both distributions."})
    label_weight: float = field(default=0.0, metadata={"help": "Share of the plain loss on the rows' own replies."})
    on_policy: float = field(
        default=0.0, metadata={"help": "Share of steps on the student's own replies, at the start (GKD's lambda)."}
    )
    on_policy_end: float | None = field(default=None, metadata={"help": "The share at the end; by default the same."})
    policy_gradient: bool = field(
        default=False, metadata={"help": "Reverse KL by the log-probability of one token; needs on_policy 1."}
    )
    reply_tokens: int = field(default=128, metadata={"help": "Longest reply of the student's own, in tokens."})
    use_vllm: bool = field(default=False, metadata={"help": "Let vLLM write the student's own replies (CUDA)."})
    vllm_mode: str = field(
        default="colocate", metadata={"help": "colocate: on the training GPUs. server: a `trl vllm-serve` elsewhere."}
    )
    vllm_server_base_url: str = field(default="http://localhost:8000", metadata={"help": "Of that server."})
    vllm_gpu_memory_utilization: float = field(default=0.3, metadata={"help": "Share of each GPU, colocated."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.teacher and self.needs_teacher:
            raise UserError("teacher: name a folder that it_teacher.py wrote, a model, or a server's URL")
        try:
            check_beta(self.beta)
        except ValueError as error:
            raise UserError(str(error)) from None
        for name in ("on_policy", "on_policy_end", "label_weight"):
            if not 0 <= (getattr(self, name) or 0) <= 1:
                raise UserError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        check_temperature(self.temperature)
        check_bits(self.teacher_bits)
        if not 1 <= self.teacher_top <= MOST:
            raise UserError(f"teacher_top must lie between 1 and {MOST}, not {self.teacher_top}")
        if self.reply_tokens < 1:
            raise UserError(f"reply_tokens must be at least 1, not {self.reply_tokens}")
        if self.loss_type not in (None, "nll") or self.label_smoothing_factor or self.use_liger_kernel:
            raise UserError(
                "loss_type, label_smoothing_factor and use_liger_kernel are of another loss: leave them out"
            )
        if self.policy_gradient and self.shares != (1.0, 1.0):
            raise UserError("policy_gradient is for the student's own tokens: set `on_policy: 1`")
        if self.policy_gradient and (self.beta or self.temperature != 1 or self.label_weight):
            raise UserError("policy_gradient is the reverse KL as it is: leave beta, temperature and label_weight out")
        if max(self.shares) > 0 and self.packing:
            raise UserError("on_policy writes a reply to each row: set `packing: false`")
        if self.label_weight and self.shares == (1.0, 1.0):
            raise UserError(
                "label_weight is of the rows' own replies, which on_policy 1 never trains: set one of them to 0"
            )
        if self.use_vllm:
            self._check_vllm()
        self._check_teacher()

    @property
    def vllm(self) -> dict[str, Any] | None:
        """The settings of TRL's `VLLMGeneration`, where it is to write."""
        if not self.use_vllm:
            return None
        return {
            "mode": self.vllm_mode,
            "server_base_url": self.vllm_server_base_url,
            "gpu_memory_utilization": self.vllm_gpu_memory_utilization,
            "max_model_length": None if self.max_length is None else self.max_length + self.reply_tokens,
        }

    @property
    def shares(self) -> tuple[float, float]:
        """Of on-policy steps at the start and at the end."""
        return self.on_policy, self.on_policy if self.on_policy_end is None else self.on_policy_end

    def _check_vllm(self) -> None:
        if max(self.shares) == 0:
            raise UserError("use_vllm writes the student's own replies: set on_policy above 0, or leave it out")
        if self.vllm_mode not in ("colocate", "server"):
            raise UserError(f"vllm_mode must be colocate or server, not {self.vllm_mode!r}")
        if find_spec("vllm") is None:
            raise UserError("use_vllm: vLLM is not installed: pip install vllm (it needs a GPU), or leave it out")

    def _check_teacher(self) -> None:
        from posttrain.teacher.cache import is_cache

        if self.teacher is None:
            return
        served, cached = is_url(self.teacher), is_cache(Path(self.teacher))
        if served and not self.teacher_name:
            raise UserError(f"teacher {self.teacher}: give teacher_name, the model's name on the server")
        if (served or cached) and self.beta:
            raise UserError(f"beta {self.beta} compares whole distributions: take a teacher in memory, or beta 0")
        if served and self.temperature != 1:
            raise UserError("a server tells its distribution at temperature 1 only: leave `temperature` out")
        if served and self.packing:
            raise UserError("a server is asked about each row by itself: set `packing: false`")
        if cached and self.packing and self.packing_strategy == "wrapped":
            raise UserError("packing_strategy wrapped cuts rows, of which a cache speaks whole: leave it out")
        if cached and max(self.shares) > 0:
            raise UserError("a cache knows nothing of the student's own replies: set `on_policy: 0`, or take a model")
