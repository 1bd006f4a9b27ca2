"""A teacher in this process: any causal model with the student's vocabulary."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from torch import Tensor
from transformers import BitsAndBytesConfig, PreTrainedModel
from trl.models.utils import prepare_deepspeed
from trl.trainer.utils import maybe_gather_lm_head_ctx

from posttrain.chat import IGNORE
from posttrain.evaluate.decoding import row_generator
from posttrain.evaluate.replies import generate_replies
from posttrain.gemma import load_model
from posttrain.losses.nll import token_logps
from posttrain.teacher.identity import SHARED
from posttrain.teacher.targets import DenseTargets, Picked, TokenTargets, pick

BATCH_TOKENS = 4096  # tokens, with padding, of a batch in which rows are read for the cache


class LocalTeacher:
    """model: on its device, or sharded; it is put into evaluation mode and never trained
    vocabulary: ids that the student has too: of no other does it speak to a cache
    """

    def __init__(self, model: PreTrainedModel, vocabulary: int = SHARED):
        self.model, self.sharded = model.eval().requires_grad_(False), False
        self._body: Any = model.base_model  # what gives hidden states
        self.vocabulary = min(vocabulary, model.config.get_text_config().vocab_size)
        self.softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    def prepare(self, accelerator: Accelerator) -> None:
        """Put it beside the student that `accelerator` trains: on its device, and sharded under ZeRO-3 and FSDP2."""
        plugin = accelerator.state.deepspeed_plugin
        if plugin is not None and plugin.zero_stage == 3:
            self.model, self.sharded = prepare_deepspeed(self.model, accelerator).module, True
            self._body = self.model.base_model
        elif accelerator.is_fsdp2:
            body = self.model.base_model
            self.model.forward = lambda **inputs: body(**inputs)  # by the whole model's call, which gathers the weights
            self.model, self.sharded = fsdp2_prepare_model(accelerator, self.model), True
            self._body = self.model
        elif getattr(self.model, "hf_quantizer", None) is None:  # a quantised one lies where it was loaded
            self.model.to(accelerator.device)

    def write(self, prompts: list[list[int]], tokenizer: Any, max_new_tokens: int) -> list[str]:
        """Its greedy replies to prompts (token ids); none where it is sharded, since one process asks."""
        if self.sharded:
            return []
        replies = generate_replies(self.model, tokenizer, prompts, max_new_tokens=max_new_tokens)
        return [reply.text for reply in replies]

    @property
    def head(self) -> Tensor:
        """Read when it is needed: FSDP2 has the whole of it only after a forward pass has begun."""
        return self.model.get_output_embeddings().weight

    @torch.no_grad()
    def targets(
        self, inputs: dict[str, Tensor], at: Tensor, *, own_tokens: bool = False
    ) -> DenseTargets | TokenTargets:
        """What it thinks of the tokens that follow the positions `at`, (B, T−1) bool, of a batch: of all, or with
        `own_tokens` the log-probability of the very token that follows."""
        dense = self.distribution(inputs, at)
        if not own_tokens:
            return dense
        with maybe_gather_lm_head_ctx(self.head):
            logps = token_logps(dense.hidden, dense.head, inputs["input_ids"][:, 1:][at], self.softcap)[0]
        return TokenTargets(logps)

    @torch.no_grad()
    def distribution(self, inputs: dict[str, Tensor], at: Tensor) -> DenseTargets:
        taken = {name: inputs[name] for name in ("input_ids", "attention_mask", "position_ids") if name in inputs}
        hidden = self._body(**taken, use_cache=False).last_hidden_state[:, :-1]  # (B, T-1, H)
        return DenseTargets(hidden[at], self.head, self.softcap)

    def speak(
        self, rows: Sequence[dict[str, Any]], first: int, *, method: str, count: int, temperature: float, seed: int
    ) -> Iterator[Picked]:
        """Its tokens about encoded rows, in their order, for the cache; a row's draws hang on seed and number alone.

        rows: with `input_ids` and `labels` · first: the number of the first of them
        """
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]["input_ids"]))
        found: dict[int, Picked] = {}
        for batch in _batches(order, [len(row["input_ids"]) for row in rows]):
            inputs, at = _padded([rows[i] for i in batch], self.model.device)
            targets = self.distribution(inputs, at)
            targets = replace(targets, head=targets.head[: self.vocabulary])
            lengths = at.sum(-1).tolist()
            draws = [
                torch.rand(length, count, generator=row_generator(seed, first + i), dtype=torch.float64)
                for i, length in zip(batch, lengths, strict=True)
            ]
            found |= dict(zip(batch, pick(targets, torch.cat(draws), method, temperature).split(lengths), strict=True))
        for i in range(len(rows)):
            yield found.pop(i)


def load_teacher(
    source: str, dtype: str | torch.dtype | None = None, *, revision: str = "main", bits: int | None = None
) -> PreTrainedModel:
    """A teacher's model, on CUDA quantised to 4 or 8 bits where asked for. Raises UserError as `load_model` does."""
    if bits is None:
        return load_model(source, dtype, revision=revision)[0]
    quantised = BitsAndBytesConfig(
        load_in_4bit=bits == 4, load_in_8bit=bits == 8, bnb_4bit_compute_dtype=torch.bfloat16
    )
    device = {"": torch.cuda.current_device()}
    return load_model(source, dtype, revision=revision, quantization_config=quantised, device_map=device)[0]


def _batches(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Of rows that ascend in length, as many as BATCH_TOKENS hold once they are padded."""
    batch: list[int] = []
    for i in order:
        if batch and (len(batch) + 1) * lengths[i] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _padded(rows: list[dict[str, Any]], device: torch.device) -> tuple[dict[str, Tensor], Tensor]:
    """(input_ids, attention_mask), padded on the right, and the positions before a label, (B, T−1)."""
    width = max(len(row["input_ids"]) for row in rows)
    ids, mask, labels = torch.zeros(3, len(rows), width, dtype=torch.long)
    labels.fill_(IGNORE)
    for i, row in enumerate(rows):
        length = len(row["input_ids"])
        ids[i, :length], mask[i, :length] = torch.tensor(row["input_ids"]), 1
        labels[i, :length] = torch.tensor(row["labels"])
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}, (labels[:, 1:] != IGNORE).to(device)
