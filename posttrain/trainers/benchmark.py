"""A benchmark in the loop: the same few rows every so many steps, judged by the verifiers and not by the reward."""

from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback

from posttrain.chat import encode_prompt
from posttrain.evaluate.metrics import summarise
from posttrain.evaluate.tasks import Row, Task
from posttrain.tracking import BENCHMARK, append_lines, prune_after
from posttrain.trainers.generation import answer_together


class BenchmarkCallback(TrainerCallback):
    """Runs a task on `rows` before the first step, after every `every` steps and at the end of training.

    Logs eval_TASK_FIGURE with 95 % intervals to the trainer's log, and keeps prompts, replies and verdicts by step in
    `benchmark.jsonl` of its output folder. Greedy, so that training's random numbers stay as they are.
    trainer: any of transformers' or TRL's trainers, also under DDP, ZeRO and FSDP2
    """

    def __init__(self, trainer: Any, task: Task, rows: list[Row], *, every: int, max_new_tokens: int):
        self.trainer, self.task, self.rows = trainer, task, rows
        self.every, self.max_new_tokens = every, max_new_tokens
        self.path = Path(trainer.args.output_dir) / BENCHMARK
        self.last_step = -1
        messages = [task.ask(row["prompt"]) for row in rows]
        self.questions = [one[-1]["content"] for one in messages]
        self.prompts = [encode_prompt(one, trainer.processing_class, f"row {i + 1}") for i, one in enumerate(messages)]

    # Not at a step's end: the trainer has not logged its own figures there yet, and takes ours for them.
    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step % self.every == 0:
            self.run(state.global_step)

    def on_train_end(self, args, state, control, **kwargs):
        if self.last_step != state.global_step:
            self.run(state.global_step)

    def run(self, step: int) -> dict[str, float]:
        """Ask, judge and log; the same figures on every process. To be called by all of them."""
        self.last_step = step
        replies = answer_together(self.trainer, self.prompts, max_new_tokens=self.max_new_tokens)
        found: list[Any] = [None]
        if self.trainer.accelerator.is_main_process:
            verdicts = self.task.judge(self.rows, [reply.text for reply in replies])
            records = [
                {"replies": [{"tokens": reply.tokens, "stopped": reply.stopped} | verdict]}
                for reply, verdict in zip(replies, verdicts, strict=True)
            ]
            found = [summarise(records, self.task.faults)]
            prune_after(self.path, step - 1)
            append_lines(
                self.path,
                [
                    {"step": step, "id": row["id"], "prompt": question, "reply": reply.text, **record["replies"][0]}
                    for row, question, reply, record in zip(self.rows, self.questions, replies, records, strict=True)
                ],
            )
        broadcast_object_list(found)
        figures = {f"eval_{self.task.name}_{name}": value for name, value in found[0].items()}
        training = self.trainer.model.training
        self.trainer.model.eval()  # TRL adds, and forgets, what it has gathered of training when it logs in that mode
        self.trainer.log(dict(figures))
        self.trainer.model.train(training)
        return figures
