"""One GRPO step of the tiny Gemma 3 with some rewards, on CPU, and what was logged of it."""

from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from posttrain.gemma import load_model


class Recorder(GRPOTrainer):
    """Keeps what the rewards were given and the tables that they added to."""

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        self.seen = {"prompts": prompts, "completions": completions, "completion_ids": completion_ids_list}
        self.values = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        return self.values

    def log(self, logs, start_time=None):
        self.extra = {column: list(values) for column, values in self._logs["extra"].items()} or getattr(
            self, "extra", {}
        )
        super().log(logs, start_time)


def one_step(folder: Path, out: Path, rewards: list, columns: dict[str, list], **settings: Any) -> Recorder:
    """The trainer after one step of two prompts with four completions of at most eight tokens each."""
    model, tokenizer = load_model(folder)
    prompts = [[{"role": "user", "content": text}] for text in ("Say hello", "Count to 3")]
    args = GRPOConfig(
        str(out), max_steps=1, per_device_train_batch_size=8, num_generations=4, max_completion_length=8, use_cpu=True,
        bf16=False, report_to="none", disable_tqdm=True, logging_steps=1, save_strategy="no", seed=3, **settings,
    )  # fmt: skip
    data = Dataset.from_dict({"prompt": prompts} | columns)
    trainer = Recorder(model, reward_funcs=rewards, args=args, train_dataset=data, processing_class=tokenizer)
    trainer.train()
    return trainer


def logged(trainer: Recorder) -> dict[str, float]:
    """The first line of the trainer's log history that has rewards."""
    return next(line for line in trainer.state.log_history if "reward" in line)
