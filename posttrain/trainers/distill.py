"""Distillation: the SFT trainer with a teacher's word at each label, on given replies or on the student's own."""

from typing import Any, Protocol

import numpy as np
import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from trl.generation.vllm_generation import VLLMGeneration
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from posttrain.chat import IGNORE
from posttrain.errors import UserError
from posttrain.evaluate.decoding import row_generator, sampling
from posttrain.gemma import stop_token_ids
from posttrain.teacher.cache import TeacherCache
from posttrain.teacher.local import LocalTeacher
from posttrain.teacher.targets import SparseTargets, Targets
from posttrain.trainers.distill_head import Objective, add_distillation_head
from posttrain.trainers.generation import whole_model, write_rows
from posttrain.trainers.sft import SFTTrainer

HELD_OUT = 1 << 40  # added to the numbers of held-out rows, whose words lie in the cache's `test` split
SPOKEN = ("teacher_ids", "teacher_probs", "teacher_entropy")  # a batch's columns with the words of a cache


class LiveTeacher(Protocol):
    """A teacher that is asked while training: local, or behind a server. vocabulary: the ids that it knows"""

    vocabulary: int

    def targets(self, inputs: dict[str, Tensor], at: Tensor, *, own_tokens: bool = False) -> Targets:
        """What it says of the tokens after the positions `at`, (B, T−1) bool; with `own_tokens` of no other."""

    def write(self, prompts: list[list[int]], tokenizer: Any, max_new_tokens: int) -> list[str]:
        """Its greedy replies to prompts (token ids); none where it cannot be asked by one process alone."""


class CacheCollator(DataCollatorForLanguageModeling):
    """TRL's collator, which adds the cached words about the labels of its rows.

    Rows have `teacher_at` beside `input_ids` and `labels`: at each label its row's number in the cache, −1 elsewhere
    (`number_rows`); laid end to end by packing they bring it along.
    """

    def __init__(self, cache: TeacherCache, **settings: Any):
        super().__init__(**settings)
        self.cache = cache

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = super().torch_call(examples)
        rows = [row for example in examples for row in _runs(example["teacher_at"])]
        split = "test" if rows[0] >= HELD_OUT else "train"
        said = self.cache.targets(split, [row % HELD_OUT for row in rows])
        labels = int((batch["labels"][:, 1:] != IGNORE).sum())
        if len(said.ids) != labels:
            raise UserError(f"{self.cache.folder}: of rows {rows[:3]} … it has {len(said.ids)} labels, not {labels}")
        return batch | dict(zip(SPOKEN, (said.ids, said.probs, said.entropy), strict=True))


def number_rows(rows: Dataset, *, held_out: bool = False) -> Dataset:
    """Encoded rows with the column `teacher_at`, by which CacheCollator finds them in the cache."""
    first = HELD_OUT if held_out else 0

    def numbered(batch: dict[str, list], numbers: list[int]) -> dict[str, list]:
        pairs = zip(batch["labels"], numbers, strict=True)
        return {"teacher_at": [[-1 if label == IGNORE else first + n for label in labels] for labels, n in pairs]}

    return rows.map(numbered, batched=True, with_indices=True, desc="Numbering rows")


class DistillTrainer(SFTTrainer):
    """SFTTrainer, in which the loss is the distance to a teacher (see `Objective`) and evaluation logs KL and NLL too.

    teacher: a cache, for rows that `number_rows` has numbered; or a model or a server, which is asked at every step
    policy_gradient: learn from the teacher's log-probability of each token alone, on the student's own replies
    on_policy: the share of steps on the student's own replies at the start, and at the end (GKD's λ, 2306.13649),
    sampled at temperature 1 from its whole distribution; no gradient goes through the sampling
    vllm: settings of TRL's `VLLMGeneration`, where it is to write these replies
    """

    def __init__(
        self,
        *args: Any,
        objective: Objective,
        teacher: TeacherCache | LiveTeacher,
        policy_gradient: bool = False,
        on_policy: tuple[float, float] = (0.0, 0.0),
        reply_tokens: int = 128,
        vllm: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        add_distillation_head(
            self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model, objective
        )
        self.teacher, self.on_policy, self.reply_tokens = teacher, on_policy, reply_tokens
        self.policy_gradient = policy_gradient
        if isinstance(teacher, TeacherCache):  # TRL takes no collator of ours with packing, so ours follows its own
            self.data_collator: Any = CacheCollator(teacher, **vars(self.data_collator))
        self.teacher_replies: list[str] | None = None
        if isinstance(teacher, LocalTeacher):
            teacher.prepare(self.accelerator)
        self.vllm: VLLMGeneration | None = None
        self.synced = -1  # the step whose weights vLLM has
        if vllm is not None:
            self.vllm = VLLMGeneration(
                self.model,
                self.accelerator,
                self.processing_class,
                max_completion_length=reply_tokens,
                generation_kwargs={"stop_token_ids": stop_token_ids(self.processing_class)},
                **vllm,
            )

    def _set_signature_columns_if_needed(self):
        super()._set_signature_columns_if_needed()
        if "teacher_at" not in self._signature_columns:
            self._signature_columns.append("teacher_at")

    def model_inputs(self, inputs):
        """The batch with what the teacher says at its labels."""
        inputs, at = dict(inputs), inputs["labels"][:, 1:] != IGNORE
        if isinstance(self.teacher, TeacherCache):
            ids, probs, entropy = (inputs.pop(name) for name in SPOKEN)
            return inputs | {"teacher": SparseTargets(ids, probs, entropy, self.teacher.method == "top")}
        own_tokens = self.policy_gradient and self.model.training  # held-out rows are no samples of the student's
        return inputs | {"teacher": self.teacher.targets(inputs, at, own_tokens=own_tokens)}

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        seen: dict[str, Tensor] = {}
        handle = model.register_forward_hook(lambda module, args, output: seen.update(kl=output.kl.sum()))
        try:
            loss = super().compute_loss(model, self.model_inputs(inputs), return_outputs, num_items_in_batch)
        finally:
            handle.remove()
        labels = (inputs["labels"][:, 1:] != IGNORE).sum()
        kl, labels = self.accelerator.gather(torch.stack([seen["kl"], labels.float()])[None]).sum(0).tolist()
        self._metrics["train"]["kl"].append(kl / max(labels, 1))
        return loss

    def evaluated(self, outputs):
        return super().evaluated(outputs) | {"kl": outputs.kl, "nll": outputs.nll}

    def sampled(self, rows, prompts):
        """With the teacher's own greedy replies beside the student's, where it can be asked for them."""
        if self.teacher_replies is None and not isinstance(self.teacher, TeacherCache):
            self.teacher_replies = self.teacher.write(prompts, self.processing_class, self.args.sample_tokens)
        if not self.teacher_replies:
            return rows
        return [row | {"teacher": reply} for row, reply in zip(rows, self.teacher_replies, strict=True)]

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """The next step's batches, with the student's own replies where it is their turn; counted after that."""
        batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        if not batches or not self._is_on_policy(self.state.global_step):
            return batches, items
        batches = [self.with_own_replies(batch, number) for number, batch in enumerate(batches)]
        return batches, self._get_num_items_in_batch(batches, device)

    def _is_on_policy(self, step: int) -> bool:
        """The same on every process, and after a resume."""
        start, end = self.on_policy
        share = start + (end - start) * min(step / max(self.state.max_steps - 1, 1), 1.0)
        return float(np.random.default_rng([self.args.seed, step]).random()) < share

    def with_own_replies(self, batch: dict[str, Tensor], number: int = 0) -> dict[str, Tensor]:
        """The batch with each row's last reply written by the student. To be called by all processes at once."""
        prompts = [_prompt(ids, labels) for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True)]
        replies = self._write(prompts, number) if self.vllm is None else self._write_by(self.vllm, prompts)
        examples = [
            {"input_ids": [*prompt, *reply], "labels": [IGNORE] * len(prompt) + reply}
            for prompt, reply in zip(prompts, replies, strict=True)
        ]
        written = DataCollatorForLanguageModeling(pad_token_id=self.processing_class.pad_token_id)(examples)
        device = batch["input_ids"].device
        return {name: value.to(device) for name, value in written.items()} | {"own_replies": True}

    def _write(self, prompts: list[list[int]], number: int) -> list[list[int]]:
        which = (self.state.global_step, number, self.args.process_index)
        draws = [row_generator(self.args.seed, *which, i) for i in range(len(prompts))]
        with whole_model(self) as model:
            beyond = range(self.teacher.vocabulary, model.config.get_text_config().vocab_size)
            with sampling(model, suppress=list(beyond)):  # ids that the teacher has not
                rows = write_rows(model, self.processing_class, prompts, draws, max_new_tokens=self.reply_tokens)
        return [row.written for row in rows]

    def _write_by(self, vllm: VLLMGeneration, prompts: list[list[int]]) -> list[list[int]]:
        if self.synced != self.state.global_step:
            vllm.sync_weights()
            self.synced = self.state.global_step
        return [list(ids) for ids in vllm.generate(prompts, None, num_generations=1)[1]]


def _runs(places: list[int]) -> list[int]:
    """The numbers of rows that lie end to end, each once."""
    numbers = np.asarray(places, dtype=np.int64)
    numbers = numbers[numbers >= 0]
    return numbers[np.flatnonzero(np.diff(numbers, prepend=-1))].tolist()


def _prompt(ids: Tensor, labels: Tensor) -> list[int]:
    """The row's ids up to its last reply."""
    trained = (labels != IGNORE).nonzero().squeeze(1)
    gaps = (trained.diff() > 1).nonzero().squeeze(1)
    begin = int(trained[gaps[-1] + 1] if len(gaps) else trained[0])
    return ids[:begin].tolist()
