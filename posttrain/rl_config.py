"""What the RL recipe can be told, beside what all recipes share (posttrain.config)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import trl

from posttrain.config import RepliesConfig
from posttrain.errors import UserError, nearest

# What an algorithm sets where the user has not, as its paper has it; the other keys are TRL's own.
PRESETS: dict[str, dict[str, Any]] = {
    "grpo": {"loss_type": "grpo", "scale_rewards": "group"},  # 2402.03300
    "dr_grpo": {"loss_type": "dr_grpo", "scale_rewards": "none"},  # 2503.20783
    "dapo": {"loss_type": "dapo", "scale_rewards": "group", "epsilon_high": 0.28, "resample": 2},  # 2503.14476
    "gspo": {  # 2507.18071
        "loss_type": "grpo",
        "scale_rewards": "group",
        "importance_sampling_level": "sequence",
        "epsilon": 3e-4,
        "epsilon_high": 4e-4,
    },
    "rloo": {},  # 2402.14740
    "jbond": {"anchor": "ema", "anchor_rate": 0.02},  # 2407.14622
}
DEFAULTS: dict[str, Any] = {
    "loss_type": "grpo",
    "scale_rewards": "none",
    "importance_sampling_level": "token",
    "epsilon": 0.2,
    "epsilon_high": None,
    "resample": 0,
    "anchor": "start",
    "anchor_rate": 0.01,
}
ANCHORS = ("start", "ema")


@dataclass
class RLConfig(RepliesConfig, trl.GRPOConfig):
    """TRL's GRPOConfig with our defaults; the algorithm; rewards; the anchor; what is recorded and watched."""

    output_dir: str = field(default="runs/rl", metadata={"help": "Run folder; holds the -IT model when finished."})
    algorithm: str = field(default="grpo", metadata={"help": f"One of {', '.join(PRESETS)}.", "choices": list(PRESETS)})
    reward: str | None = field(
        default=None,
        metadata={
            "help": "What is raised: a YAML of rewards with weights and gates, a name of posttrain.reward, a reward "
            "model's folder, or your own module:function."
        },
    )
    watch: str | None = field(
        default=None,
        metadata={"help": "A reward (as `reward`) that is given for every reply, logged and recorded, never trained."},
    )
    max_prompt_length: int = field(
        default=1024, metadata={"help": "Longest prompt, in tokens; a longer one is an error (filter with `length`)."}
    )
    anchor: str | None = field(
        default=None,
        metadata={
            "help": "What `beta` keeps the policy near: start, the model that RL began from, or ema, its own moving "
            "average (WARP). jbond: ema."
        },
    )
    anchor_rate: float | None = field(
        default=None, metadata={"help": "What each step counts in the moving average (WARP: 0.01; jbond: 0.02)."}
    )
    jbond_beta: float = field(
        default=0.5, metadata={"help": "jbond: 0 forward KL to the best of n, 1 reverse KL, between: Jeffreys."}
    )
    jbond_gamma: float = field(default=0.0, metadata={"help": "jbond: weight of a further KL to the anchor."})
    anchor_samples: int = field(
        default=2,
        metadata={
            "help": "jbond: replies of the anchor to a prompt. 2: J-BOND's reward; more: the quantile is estimated "
            "from them, and the target is the best of bond_n."
        },
    )
    bond_n: int = field(default=2, metadata={"help": "jbond with anchor_samples above 2: n of best-of-n."})
    resample: int | None = field(
        default=None,
        metadata={"help": "Rounds in which groups without any difference in reward are replaced (dapo: 2, others 0)."},
    )
    turns: int = field(
        default=1,
        metadata={
            "help": "Replies in a conversation (RLEF: 3): after each but the last the tests of the column "
            "`public_tests` are run, and what failed is said. Each reply may have max_completion_length tokens."
        },
    )
    loss_type: str | None = field(default=None, metadata={"help": "TRL's; by default the algorithm's."})
    scale_rewards: str | None = field(default=None, metadata={"help": "TRL's; by default the algorithm's."})
    importance_sampling_level: str | None = field(default=None, metadata={"help": "TRL's; by the algorithm."})
    epsilon: float | None = field(default=None, metadata={"help": "Clipping below; by default the algorithm's."})
    epsilon_high: float | None = field(default=None, metadata={"help": "Clipping above; by default the algorithm's."})
    num_generations: int | None = field(default=None, metadata={"help": "Replies a prompt (8); jbond sets its own."})
    mask_truncated_completions: bool = field(
        default=False, metadata={"help": "Leave replies that were cut at max_completion_length out of the loss."}
    )
    normalize_advantages: bool = field(default=False, metadata={"help": "rloo: scale advantages over the batch."})
    reward_clip_range: list[float] | None = field(default=None, metadata={"help": "rloo: two bounds of rewards."})
    rollouts: bool = field(default=True, metadata={"help": "Record every reply in rollouts/*.parquet."})
    rollout_rows: int = field(default=8, metadata={"help": "Replies of each logged step in the W&B table (0: none)."})
    eval_on_start: bool = field(default=False, metadata={"help": "Not supported: see benchmark."})
    eval_strategy: str = field(default="no", metadata={"help": "Not supported: see benchmark and benchmark_steps."})
    benchmark_steps: int = field(default=20, metadata={"help": "Run it every so many steps, at the start and end too."})

    def __post_init__(self) -> None:
        if self.algorithm not in PRESETS:
            raise UserError(f"algorithm {self.algorithm!r} is unknown{nearest(self.algorithm, PRESETS)}; known are "
                            f"{', '.join(PRESETS)}")  # fmt: skip
        if not self.reward:
            raise UserError("reward: name a YAML of rewards, a reward of posttrain.reward, a folder or module:function")
        self._check_own()
        for name, value in (DEFAULTS | PRESETS[self.algorithm]).items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        if self.algorithm == "jbond":
            self._read_jbond()
        self.num_generations = 8 if self.num_generations is None else self.num_generations
        try:
            super().__post_init__()
        except ValueError as error:
            raise UserError(" ".join(str(error).split())) from None
        if self.resample and self._local_rows % self.num_generations:
            raise UserError(
                f"resample needs whole groups on each process: {self._local_rows} replies (per_device_train_batch_size "
                f"× gradient_accumulation_steps) are no multiple of num_generations ({self.num_generations})"
            )

    @property
    def needs_anchor(self) -> bool:
        return bool(self.beta) or self.algorithm == "jbond"

    @property
    def moving(self) -> float:
        """The anchor's rate; 0 where it stays."""
        assert self.anchor_rate is not None
        return self.anchor_rate if self.anchor == "ema" else 0.0

    @property
    def _local_rows(self) -> int:
        assert self.steps_per_generation is not None
        return self.per_device_train_batch_size * self.steps_per_generation

    def _check_own(self) -> None:
        if self.anchor not in (None, *ANCHORS):
            raise UserError(f"anchor must be one of {', '.join(ANCHORS)}, not {self.anchor!r}")
        if self.anchor_rate is not None and not 0 < self.anchor_rate <= 1:
            raise UserError(f"anchor_rate must be above 0 and at most 1, not {self.anchor_rate}")
        if self.resample is not None and self.resample < 0:
            raise UserError(f"resample must be 0 or more, not {self.resample}")
        if self.sync_ref_model:
            raise UserError("sync_ref_model: set `anchor: ema` and `anchor_rate`, which adapters and ZeRO have too")
        if self.eval_strategy != "no" or self.do_eval or self.eval_on_start:
            raise UserError("eval_strategy and eval_on_start are not supported: set `benchmark` and `benchmark_steps`")
        if self.use_vllm and find_spec("vllm") is None:
            raise UserError("use_vllm: vLLM is not installed: pip install vllm (it needs a GPU), or leave it out")
        if not self.use_vllm and not self.use_transformers_continuous_batching:
            odd = [name for name in ("min_p", "generation_kwargs") if getattr(self, name)]
            odd += ["repetition_penalty"] if self.repetition_penalty != 1 else []
            if odd:
                raise UserError(f"{odd[0]} is vLLM's: leave it out without use_vllm")
        if self.turns < 1:
            raise UserError(f"turns must be at least 1, not {self.turns}")
        if self.turns > 1 and self.algorithm in ("rloo", "jbond"):
            raise UserError(f"turns: {self.algorithm} has one reply to a prompt; take grpo, dr_grpo, dapo or gspo")
        if self.turns > 1 and self.use_transformers_continuous_batching:
            raise UserError("turns: leave use_transformers_continuous_batching out")
        if self.reward_clip_range is not None and len(self.reward_clip_range) != 2:
            raise UserError("reward_clip_range must be two bounds")

    def _read_jbond(self) -> None:
        if not 0 <= self.jbond_beta <= 1:
            raise UserError(f"jbond_beta must lie between 0 and 1, not {self.jbond_beta}")
        if self.anchor_samples < 2 or not 2 <= self.bond_n <= self.anchor_samples:
            raise UserError("jbond needs anchor_samples of 2 or more, and bond_n from 2 to anchor_samples")
        rows = self.anchor_samples + 1
        if self.num_generations not in (None, rows):
            raise UserError(f"num_generations: jbond writes 1 reply and {rows - 1} of the anchor's: leave it out")
        self.num_generations = rows
        if self.per_device_train_batch_size % rows:
            raise UserError(
                f"per_device_train_batch_size must be a multiple of {rows} with jbond (1 reply of the policy and "
                f"{rows - 1} of the anchor's to each prompt), not {self.per_device_train_batch_size}"
            )
        if self.beta:
            raise UserError("beta: jbond's KL to the anchor is jbond_gamma; leave beta out")
        if self.temperature != 1 or self.top_k or self.top_p != 1:
            raise UserError("jbond needs the model's own distribution: leave temperature, top_k and top_p out")
        if self.use_vllm or self.use_transformers_continuous_batching:
            raise UserError("jbond writes with two sets of weights: leave use_vllm out")
        if self.num_iterations != 1 or self.steps_per_generation not in (None, self.gradient_accumulation_steps):
            raise UserError("jbond trains on replies once, as they are written: leave num_iterations and "
                            "steps_per_generation out")  # fmt: skip
        if self.resample:
            raise UserError("resample: jbond has no groups to replace; leave it out")


def judged_rows(rows: Any, columns: Collection[str], name: str) -> tuple[Any, int]:
    """(the rows that have at least one of the columns that rewards need, how many have none). UserError if none has."""
    if not columns:
        return rows, 0
    there = [column for column in columns if column in rows.column_names]
    kept = [
        i for i, values in enumerate(zip(*(rows[c] for c in there), strict=True)) if any(v is not None for v in values)
    ]
    if not kept:
        raise UserError(f"{name}: no row has {' or '.join(sorted(columns))}, which the reward needs")
    return rows.select(kept), len(rows) - len(kept)


def check_prompts(lengths: list[int], context: int, args: RLConfig, name: str) -> None:
    """Raise UserError, naming the row, for a prompt that is longer than the run has room for.

    context: positions of the model
    """
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    if lengths[longest] > args.max_prompt_length:
        over = sum(length > args.max_prompt_length for length in lengths)
        raise UserError(
            f"row {longest + 1} of {name}: the prompt has {lengths[longest]} tokens, and max_prompt_length is "
            f"{args.max_prompt_length} ({over} rows are longer): raise it, or drop such rows with the `length` filter"
        )
    if args.max_completion_length and lengths[longest] + args.max_completion_length > context:
        raise UserError(
            f"row {longest + 1} of {name}: its prompt of {lengths[longest]} tokens and a reply of "
            f"max_completion_length {args.max_completion_length} do not fit into the model's {context} positions"
        )


def check_turns(rows: Any, name: str) -> None:
    """Raise UserError where the rows have no `public_tests` that can be run between turns."""
    from posttrain.reward.code import code_feedback
    from posttrain.reward.code_tests import read_tests

    if "public_tests" not in rows.column_names:
        raise UserError(
            f"{name}: turns above 1 need a column `public_tests`: what a person would be shown of the tests"
        )
    for number, row in enumerate(rows, 1):
        if read_tests(row["public_tests"], row.get("entry_point"), f"row {number} of {name}: public_tests") is None:
            raise UserError(f"row {number} of {name}: public_tests is empty")
    code_feedback([], [])  # or there is no sandbox, which it says
