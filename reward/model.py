"""A learned reward: a Gemma with a scalar head, as TRL's RewardTrainer writes it, behind TRL's reward signature."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from posttrain.errors import UserError
from posttrain.gemma import load_tokenizer
from posttrain.pairs import encode_scored
from posttrain.reward.completions import Completion, check_lengths, completion_texts
from posttrain.score_head import load_reward_model


class RewardModel:
    """`RewardModel(folder)(prompts, completions) -> list[float]`, one score a completion, higher is better.

    folder: an HF folder or hub id of a Gemma 2 or 3 `…ForSequenceClassification` with one label.
    max_length: tokens of prompt and reply together; by default the model's context. From a longer pair the beginning
        of the prompt's text is cut away, after `<bos>` and the header of its turn. A reply is never cut: one that does
        not fit is an error, since the end is what the model scores.
    mean, std: the scores come out as (score − mean) / std; they are not bound to [0, 1].
    batch_tokens: tokens in a padded batch, at most. Pairs of like length go together.
    device, dtype: by default this process's GPU in bfloat16, or the CPU in float32. fp16 is refused.
    name: how trainers call it in their logs.

    The text is Gemma's chat format, built by `posttrain.chat` (one `<bos>`, turn tokens in a text stay text), and ends
    `<end_of_turn>` and a newline as the template and TRL's RewardTrainer have it; the newline's position is scored.
    A score depends on its own pair alone: not on padding, on the order or on what else is in the batch. An empty reply
    is scored too. No gradient flows, and the model is whole on each process, under ZeRO-3 too.

    Raises UserError for a folder that is no reward model and for any weight that is missing, left over or of another
    shape (transformers would start it at random), as `posttrain.gemma.load_model` does.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        max_length: int | None = None,
        *,
        mean: float = 0.0,
        std: float = 1.0,
        batch_tokens: int = 16_384,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        name: str = "reward_model",
    ):
        if not std > 0:
            raise UserError(f"reward model {folder}: std must be above 0, not {std!r}")
        if batch_tokens < 1 or (max_length is not None and max_length < 16):
            raise UserError(f"reward model {folder}: batch_tokens and max_length must be numbers of tokens")
        self.source, self.mean, self.std, self.batch_tokens = os.fspath(folder), mean, std, batch_tokens
        self.__name__ = name
        self.model = load_reward_model(folder, dtype).eval().requires_grad_(False).to(device or _own_device())
        self.tokenizer = load_tokenizer(folder)
        text_config = self.model.config.get_text_config()
        text_config.pad_token_id = self.tokenizer.pad_token_id  # the model scores the last token that is none
        self.max_length = max_length or text_config.max_position_embeddings

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Completion], log_metric: Any = None, **kwargs: Any
    ) -> list[float]:
        """prompts: message lists that end with the user, or plain user texts · one a completion."""
        check_lengths(completions, prompts=prompts)
        rows, cut = self._encode(prompts, completion_texts(completions))
        if log_metric and rows:
            log_metric(f"{self.__name__}/prompts_cut", cut / len(rows))
        return self.score_ids(rows)

    def score_ids(self, rows: list[list[int]]) -> list[float]:
        """Scores of prompts with replies that are token ids already, as `posttrain.pairs` encodes them."""
        scores = [0.0] * len(rows)
        for batch in _batches(rows, self.batch_tokens):
            for index, score in zip(batch, self._score([rows[i] for i in batch]), strict=True):
                scores[index] = (score - self.mean) / self.std
        return scores

    def _encode(self, prompts: Sequence[Any], replies: list[str]) -> tuple[list[list[int]], int]:
        """Token ids of each pair, and how many of the prompts had to be cut."""
        messages = [_messages(prompt, i) for i, prompt in enumerate(prompts)]
        encoded = encode_scored(messages, replies, self.tokenizer, self.max_length)
        for i, (ids, _) in enumerate(encoded):
            if not ids:
                raise UserError(
                    f"reward model {self.source}: completion {i + 1} ({len(replies[i])} characters) does not fit into "
                    f"max_length={self.max_length} tokens: raise max_length or let the trainer generate fewer tokens"
                )
        return [ids for ids, _ in encoded], sum(cut for _, cut in encoded)

    @torch.inference_mode()
    def _score(self, rows: list[list[int]]) -> list[float]:
        """The raw scores of rows of token ids, padded on the right."""
        longest, pad = max(map(len, rows)), self.tokenizer.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self.model.device)  # (B, T)
        logits = self.model(input_ids=ids, attention_mask=(ids != pad).long(), use_cache=False).logits  # (B, 1)
        scores = logits[:, 0].float()
        if not torch.isfinite(scores).all():
            raise UserError(f"reward model {self.source}: a score is not finite; TRL would take it for no score at all")
        return scores.tolist()


def _batches(rows: list[list[int]], batch_tokens: int) -> Iterator[list[int]]:
    """Indices of rows in batches of at most `batch_tokens` padded tokens, longest first."""
    batch: list[int] = []
    for index in sorted(range(len(rows)), key=lambda i: -len(rows[i])):
        if batch and len(rows[batch[0]]) * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _messages(prompt: Any, index: int) -> Any:
    if not isinstance(prompt, str):
        return prompt
    if "<start_of_turn>" in prompt or "<bos>" in prompt:
        raise UserError(
            f"prompt {index + 1} is rendered text ({prompt[:40]!r}…): a reward model wants messages, or the user's text"
        )
    return [{"role": "user", "content": prompt}]


def _own_device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
