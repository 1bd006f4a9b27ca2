"""Supervised instruction tuning: TRL's SFTTrainer, with what Gemma and a long run need."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from trl import SFTTrainer as TRLSFTTrainer

from posttrain.chat import encode_prompt
from posttrain.evaluate.replies import score_replies
from posttrain.tracking import SampleTable
from posttrain.trainers.generation import answer_together
from posttrain.trainers.head import add_labelled_head
from posttrain.trainers.run import RunMixin


class SFTTrainer(RunMixin, TRLSFTTrainer):
    """TRL's trainer, and beside it (and beside `RunMixin`):

    - on CPU the head works where there is a label only (`trainers.head`);
    - the evaluation loss is a mean over tokens, however the rows are batched and over however many processes;
    - every evaluation answers `sample_rows` prompts, logs stop rate, length and accuracy, and grows a sample table.

    sample_rows: rows with `messages` (the last reply is the reference, and not shown to the model) and maybe `answer`.
    The datasets are those of `chat.encode_rows`: `input_ids` and `labels`.
    """

    def __init__(self, *args: Any, sample_rows: list[dict[str, Any]] | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.is_fsdp_enabled and (policy := self.accelerator.state.fsdp_plugin.mixed_precision_policy):
            # accelerate would round the log-probabilities to bf16 before they are summed, and sum gradients in bf16
            policy = dataclasses.replace(policy, reduce_dtype=torch.float32, output_dtype=None)
            self.accelerator.state.fsdp_plugin.mixed_precision_policy = policy
        add_labelled_head(self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model)
        self.sample_rows = sample_rows or []
        self.sample_table = SampleTable(Path(self.args.output_dir))

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            outputs = model(**self.model_inputs(inputs), use_cache=False, fused_lm_head=True)
        sums = _row_sums([outputs.label_mask, *self.evaluated(outputs).values()], inputs)
        # Gathered by row, since the last batch repeats rows where they do not divide among the processes.
        self._eval_sums.append(self.accelerator.gather_for_metrics(sums).cpu().double().sum(0))
        self._eval_names = list(self.evaluated(outputs))
        return outputs.loss.detach(), None, None

    def evaluation_loop(self, *args, metric_key_prefix="eval", **kwargs):
        self._eval_sums: list[torch.Tensor] = []
        output = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        labels, *sums = torch.stack(self._eval_sums).sum(0).tolist()
        means = {name: value / labels for name, value in zip(self._eval_names, sums, strict=True)}
        output.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in means.items()})
        return output

    def model_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """What the model is called with for a batch; a subclass may add to it."""
        return inputs

    def evaluated(self, outputs: Any) -> dict[str, torch.Tensor]:
        """What evaluation takes the mean of over labelled tokens: {name: (B, T−1)}."""
        return {"loss": -outputs.log_probs, "mean_token_accuracy": outputs.is_top1, "entropy": outputs.entropy}

    def evaluate(self, *args, metric_key_prefix="eval", **kwargs):
        metrics = super().evaluate(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        if self.sample_rows:
            sampled = {f"{metric_key_prefix}_{name}": value for name, value in self._evaluate_replies().items()}
            self.log(dict(sampled))
            metrics |= sampled
        return metrics

    def _evaluate_replies(self) -> dict[str, float]:
        """Answer the sample rows and score them (the same metrics on every process)."""
        prompts = [encode_prompt(_without_reply(row["messages"]), self.processing_class) for row in self.sample_rows]
        replies = answer_together(self, prompts, max_new_tokens=self.args.sample_tokens)
        if self.accelerator.is_main_process:
            rows = _table_rows(self.sample_rows, replies)
            self.sample_table.add(self.state.global_step, self.sampled(rows, prompts))
        return score_replies(replies, [row.get("answer") for row in self.sample_rows])

    def sampled(self, rows: list[dict[str, Any]], prompts: list[list[int]]) -> list[dict[str, Any]]:
        """The rows of the sample table; a subclass may add to them. On the main process only."""
        return rows


def _row_sums(fields: list[torch.Tensor], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """(rows, fields): each field's sums over padded rows, or over rows laid end to end."""
    per_token = torch.stack([field.float() for field in fields], -1)  # (B, T-1, fields)
    if "position_ids" not in inputs:
        return per_token.sum(1)
    row = (inputs["position_ids"][0] == 0).cumsum(0) - 1  # (T,)
    return per_token.new_zeros(int(row[-1]) + 1, len(fields)).index_add_(0, row[1:], per_token[0])


def _without_reply(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return messages[:-1]


def _table_rows(rows: list[dict[str, Any]], replies: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "prompt": _without_reply(row["messages"])[-1]["content"],
            "reply": reply.text,
            "answer": row.get("answer") or row["messages"][-1]["content"],
            "stopped": reply.stopped,
            "tokens": reply.tokens,
        }
        for row, reply in zip(rows, replies, strict=True)
    ]
