"""What it_qat.py can be told, beside what it shares with distillation."""

from dataclasses import dataclass, field
from typing import ClassVar

from posttrain.config import AdapterArguments
from posttrain.distill_config import DistillConfig
from posttrain.errors import UserError
from posttrain.quantise import check_form


@dataclass
class QATConfig(DistillConfig):
    """DistillConfig, whose teacher is the model itself before it was rounded, and the form that it is rounded to."""

    needs_teacher: ClassVar[bool] = False

    output_dir: str = field(default="runs/qat", metadata={"help": "Run folder; holds the -IT model when finished."})
    quantise: str = field(
        default="q4_0",
        metadata={
            "help": "q4_0: 4 bits in blocks of 32, as llama.cpp's and Ollama's files have them, embedding in Q8_0. "
            "int4: 4 bits with a scale a row, embedding in 8 bits."
        },
    )
    teacher: str | None = field(
        default=None,
        metadata={
            "help": "By default `model`, unrounded, beside it. Or a folder that it_teacher.py wrote, another model, "
            "or a server's URL (…/v1)."
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_form(self.quantise)
        if self.use_vllm:
            raise UserError("use_vllm: vLLM would write with weights that are not rounded: leave it out")


def check_adapter(adapter: AdapterArguments) -> None:
    """Raises UserError for what cannot be trained through rounding."""
    if adapter.method not in ("full", "lora"):
        raise UserError(f"method {adapter.method} cannot be trained through rounding: use full or lora")
    if adapter.method == "lora" and adapter.lora_dropout:
        raise UserError("lora_dropout drops inputs of BA, which is rounded together with W here: leave it out")
