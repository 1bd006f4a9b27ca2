"""What a person who watches an RL run would call out: a reward that rises while the work gets worse, or is mute."""

import warnings
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from transformers import TrainerCallback

from posttrain.evaluate.metrics import INSTRUCTION_FIGURES

PATIENCE = 5  # steps without a difference between any two replies, after which that is said
FIGURES = ("accuracy", *INSTRUCTION_FIGURES)


@dataclass
class RewardAlarm(TrainerCallback):
    """Warns, once a finding, and counts what it found in the log (`alarm/…`).

    - the reward has risen since the benchmark's best evaluation, and the benchmark has fallen: below that evaluation's
      95 % interval, or twice in a row. The reward is being won without the work being done (trl#7144)
    - for PATIENCE steps, and then for twice as many, no group has had any difference in reward, or no reply a reward at
      all: nothing is learnt, however fine the mean looks

    task: the benchmark that `BenchmarkCallback` runs in the same run, if any
    """

    task: str | None = None
    rewards: list[tuple[int, float]] = field(default_factory=list)
    evaluations: list[tuple[int, float, float]] = field(default_factory=list)  # step, figure, low end
    dull: int = 0
    told: set[int] = field(default_factory=set)

    def on_log(self, args, state, control, logs=None, **kwargs):
        logs = logs or {}
        if "reward" in logs:
            self._look_at_rewards(state.global_step, logs)
        names = [f"eval_{self.task}_{figure}" for figure in FIGURES]
        for name in names:
            if name in logs:
                self._look_at_benchmark(state.global_step, logs[name], logs.get(f"{name}_low", logs[name]), logs)
                break

    def _look_at_rewards(self, step: int, logs: dict[str, Any]) -> None:
        if logs["reward"] is not None:
            self.rewards.append((step, logs["reward"]))
        nothing = logs["reward"] is None or logs.get("frac_reward_zero_std") == 1
        self.dull = self.dull + 1 if nothing else 0
        logs["alarm/dull_steps"] = self.dull
        if self.dull >= PATIENCE and (self.dull // PATIENCE).bit_count() == 1 and self.dull % PATIENCE == 0:
            what = "no reply was given a reward" if logs["reward"] is None else "all replies to a prompt scored alike"
            warnings.warn(
                f"step {step}: for {self.dull} steps {what}: nothing is learnt. Look at rollouts/, take easier or "
                "harder prompts, a reward with more than two values, or `resample`",
                stacklevel=2,
            )

    def _look_at_benchmark(self, step: int, figure: float, low: float, logs: dict[str, Any]) -> None:
        if self.evaluations and self._won_without_work(figure) and step not in self.told:
            best = max(self.evaluations, key=lambda one: one[1])
            self.told.add(step)
            logs["alarm/reward_up_benchmark_down"] = 1
            warnings.warn(
                f"step {step}: the reward has risen since step {best[0]} while {self.task} fell from {best[1]:.3f} to "
                f"{figure:.3f}: the reward is being won without the work. Read rollouts/, stop here, or raise beta",
                stacklevel=2,
            )
        self.evaluations.append((step, figure, low))

    def _won_without_work(self, figure: float) -> bool:
        at, best, low = max(self.evaluations, key=lambda one: one[1])
        before = [reward for step, reward in self.rewards if step <= at][-PATIENCE:]
        after = [reward for step, reward in self.rewards if step > at]
        if not before:  # the best was before the first step
            before = after[: -(-len(after) // 3)]
        after = after[-PATIENCE:]
        again = self.evaluations[-1][0] > at and self.evaluations[-1][1] < best
        fell = figure < low or (figure < best and again)
        return bool(after) and fell and fmean(after) > fmean(before)
