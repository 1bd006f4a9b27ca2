"""What the reward model's recipe can be told, beside what all recipes share (posttrain.config)."""

from dataclasses import dataclass, field

import trl

from posttrain.config import RunConfig
from posttrain.errors import UserError


@dataclass
class RewardModelConfig(RunConfig, trl.RewardConfig):
    """TRL's RewardConfig with our defaults, and how the score head begins."""

    output_dir: str = field(default="runs/rm", metadata={"help": "Run folder; holds the reward model when finished."})
    disable_dropout: bool = field(
        default=False, metadata={"help": "Turn every dropout off, that of an adapter (lora_dropout) too."}
    )
    attention_dropout: float = field(
        default=0.0, metadata={"help": "Dropout of the attention weights; WARM's runs differ in it."}
    )
    center_rewards_coefficient: float | None = field(
        default=0.01, metadata={"help": "Weight of (r_chosen + r_rejected)², which keeps rewards about 0."}
    )
    margin_scale: float = field(
        default=0.0,
        metadata={
            "help": "Ask for so many nats times a row's `margin` (a number, or `significantly better` 1, `better` 2/3, "
            "`slightly better` 1/3, `negligibly better` 0) between its replies; 0: margins are left aside."
        },
    )
    score_head: str = field(
        default="probe",
        metadata={
            "help": "The head's start. probe: logistic regression on the model as it is (WARM's linear probing). "
            "zero; keep, of a reward model that is trained further; or a run's folder, whose starting head is taken "
            "(WARM's members share one)."
        },
    )

    def __post_init__(self) -> None:
        if not 0 <= self.attention_dropout < 1:
            raise UserError(f"attention_dropout must be at least 0 and below 1, not {self.attention_dropout}")
        if self.margin_scale < 0:
            raise UserError(f"margin_scale must be 0 or more, not {self.margin_scale}")
        if self.disable_dropout and self.attention_dropout:
            raise UserError("disable_dropout turns attention_dropout off: leave one of them out")
        super().__post_init__()
