"""A teacher in this process: any causal model with the student's vocabulary."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import BitsAndBytesConfig, PreTrainedModel

from posttrain.chat import IGNORE
from posttrain.errors import UserError
from posttrain.evaluate.decoding import row_generator
from posttrain.gemma import load_model
from posttrain.teacher.targets import DenseTargets, Picked, pick

BATCH_TOKENS = 4096  # tokens, with padding, of a batch in which rows are read for the cache


class LocalTeacher:
    """model: on its device, or prepared by DeepSpeed or FSDP; it is put into evaluation mode and never trained."""

    def __init__(self, model: PreTrainedModel):
        self.model = model.eval().requires_grad_(False)
        self.softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
        self.head = model.get_output_embeddings().weight

    @torch.no_grad()
    def targets(self, inputs: dict[str, Tensor], at: Tensor) -> DenseTargets:
        """What it thinks of the tokens that follow the positions `at`, (B, T−1) bool, of a batch."""
        taken = {name: inputs[name] for name in ("input_ids", "attention_mask", "position_ids") if name in inputs}
        hidden = self.model.base_model(**taken, use_cache=False).last_hidden_state[:, :-1]  # (B, T-1, H)
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
            targets = self.targets(inputs, at)
            lengths = at.sum(-1).tolist()
            for i, hidden in zip(batch, targets.hidden.split(lengths), strict=True):
                draws = torch.rand(len(hidden), count, generator=row_generator(seed, first + i), dtype=torch.float64)
                found[i] = pick(DenseTargets(hidden, targets.head, targets.softcap), draws, method, temperature)
        for i in range(len(rows)):
            yield found.pop(i)


def load_teacher(
    source: str, dtype: str | torch.dtype | None = None, *, revision: str = "main", bits: int | None = None
) -> PreTrainedModel:
    """A teacher's model; on CUDA quantised to 4 or 8 bits where asked for. Raises UserError as `load_model` does."""
    if bits is None:
        return load_model(source, dtype, revision=revision)[0]
    if bits not in (4, 8):
        raise UserError(f"teacher_bits must be 4 or 8, not {bits}")
    if not torch.cuda.is_available():
        raise UserError("teacher_bits needs a CUDA device (bitsandbytes): leave it out here")
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
