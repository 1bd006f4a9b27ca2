"""A learned reward: a Gemma with a scalar head, as TRL's RewardTrainer writes it, behind TRL's reward signature."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification
from transformers.integrations import deepspeed

from posttrain.chat import END_OF_TURN, encode_prompt
from posttrain.errors import UserError
from posttrain.gemma import check_weights, load_config, load_tokenizer, resolve_dtype, resolve_source
from posttrain.reward.completions import Completion, check_lengths, completion_texts

HEAD = "ForSequenceClassification"


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
        self.model = _load(folder, dtype).to(device or _own_device())
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
        scores = [0.0] * len(rows)
        for batch in _batches(rows, self.batch_tokens):
            for index, score in zip(batch, self._score([rows[i] for i in batch]), strict=True):
                scores[index] = (score - self.mean) / self.std
        return scores

    def _encode(self, prompts: Sequence[Any], replies: list[str]) -> tuple[list[list[int]], int]:
        """Token ids of each pair, and how many of the prompts had to be cut."""
        texts = [reply.strip() for reply in replies]
        texts += ["\n", "user\n", "model\n"]
        encoded = self.tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        *bodies, newline, user, model = encoded
        tail = [self.tokenizer.convert_tokens_to_ids(END_OF_TURN), *newline]
        rows, cut, known = [], 0, {}
        for i, (prompt, body) in enumerate(zip(prompts, bodies, strict=True)):
            key = repr(prompt)  # the completions of a group share one
            if key not in known:
                known[key] = encode_prompt(_messages(prompt, i), self.tokenizer, f"prompt {i + 1}")
            head, reply = known[key], [*body, *tail]
            if excess := max(0, len(head) + len(reply) - self.max_length):
                kept = 2 + len(user)  # <bos><start_of_turn>user\n
                last = 2 + len(newline) + len(model)  # <end_of_turn>\n<start_of_turn>model\n
                if excess > len(head) - kept - last:
                    raise UserError(
                        f"reward model {self.source}: completion {i + 1} has {len(body)} tokens and does not fit into "
                        f"max_length={self.max_length}: raise max_length or let the trainer generate fewer tokens"
                    )
                head, cut = [*head[:kept], *head[kept + excess :]], cut + 1
            rows.append([*head, *reply])
        return rows, cut

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


def _load(folder: str | os.PathLike, dtype: str | torch.dtype | None) -> Any:
    config = load_config(folder)
    kind = (getattr(config, "architectures", None) or ["a model without `architectures`"])[0]
    if not kind.endswith(HEAD):
        raise UserError(
            f"{folder} is no reward model but {kind}: its score head would be random. Train one (TRL's RewardTrainer), "
            f"or give the folder of a …{HEAD} with one label"
        )
    if config.num_labels != 1:
        raise UserError(f"{folder}: a reward model has one label, this one has {config.num_labels}")
    try:
        with _whole_on_every_process():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                resolve_source(folder),
                dtype=resolve_dtype(dtype, config),
                ignore_mismatched_sizes=True,  # reported with the rest below
                output_loading_info=True,
                trust_remote_code=False,
            )
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{folder}: weights could not be read ({str(error).splitlines()[0]})") from error
    check_weights(info, folder)
    return model.eval().requires_grad_(False)


@contextlib.contextmanager
def _whole_on_every_process() -> Iterator[None]:
    """Hide a run's ZeRO-3 configuration, under which transformers would scatter this model's weights as well."""
    hidden = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = hidden


def _own_device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
