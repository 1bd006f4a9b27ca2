"""Many replies from one model: a batch that is kept full.

transformers' `generate` does the steps, SLICE at a time. In between, rows that have stopped leave the batch and the
next prompts take their places, so that no step is spent on rows that are done, and a long reply holds up no other.
"""

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache, GenerationConfig, LogitsProcessor, LogitsProcessorList, PreTrainedModel

from posttrain.sampling import draw

SLICE = 16  # tokens after which rows that have stopped make room
GREEDY = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None}


@dataclass
class Row:
    """One reply in the making. key: the caller's · written: token ids so far · draws: its own randomness, if sampled ·
    logps: of each token that was sampled, under the distribution that it was drawn from"""

    key: Any
    prompt: Sequence[int]
    draws: torch.Generator | None = None
    written: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)


@dataclass
class _Batch:
    """Rows in progress. ids, mask: (B, S), padded on the left · cache: of all tokens but the last, (…, S − 1, …)"""

    rows: list[Row]
    ids: torch.Tensor
    mask: torch.Tensor
    cache: DynamicCache


def decode(
    model: PreTrainedModel,
    rows: Iterable[Row],
    *,
    max_new_tokens: int,
    batch_size: int,
    stops: Collection[int],
    pad: int,
) -> Iterator[list[Row]]:
    """The rows, as they are finished: each with what it has written, at most `max_new_tokens` or up to its first stop.

    Greedy, or sampled from `draws` by the model's generation config (temperature, top-k, top-p).
    """
    waiting, batch = deque(rows), None
    settings = {"eos_token_id": sorted(stops), "return_dict_in_generate": True, **GREEDY}
    settings["cache_implementation"] = None  # Google's checkpoints name one; the cache is ours
    settings["synced_gpus"] = False  # processes need not take as many steps: see `trainers.generation`
    while waiting or batch:
        free = batch_size - (len(batch.rows) if batch else 0)
        if waiting and free:
            new = [waiting.popleft() for _ in range(min(free, len(waiting)))]
            begun = _advance(model, _begin(model, new, pad), 1, settings)
            batch = _merge(batch, begun) if batch else begun
        else:
            assert batch is not None
            left = max_new_tokens - min(len(row.written) for row in batch.rows)
            batch = _advance(model, batch, min(SLICE, left), settings)
        finished, batch = _part(batch, max_new_tokens, stops)
        if finished:
            yield finished


@contextmanager
def sampling(
    model: Any, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, suppress: Sequence[int] = ()
) -> Iterator[None]:
    """How the model samples in here: by default from its distribution as it is, nothing cut off but `suppress`."""
    config = model.generation_config
    wanted = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "suppress_tokens": list(suppress) or None}
    before = {name: getattr(config, name) for name in wanted}
    config.update(**wanted)
    try:
        yield
    finally:
        config.update(**before)


def row_generator(seed: int, *which: int) -> torch.Generator:
    """The randomness of one reply, which depends on nothing else: not on its batch, nor on what was done before."""
    digest = hashlib.sha256(repr((seed, *which)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def left_padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Prompts (token ids) as {"input_ids", "attention_mask"}, (B, longest), padded on the left."""
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
    return {"input_ids": ids, "attention_mask": mask}


def _begin(model: PreTrainedModel, rows: list[Row], pad: int) -> _Batch:
    """The rows' prompts; one that several rows share (a group of RL, k samples) is read once and its cache repeated."""
    numbers = {prompt: i for i, prompt in enumerate(dict.fromkeys(tuple(row.prompt) for row in rows))}
    inputs, cache = left_padded(list(numbers), pad, model.device), DynamicCache(config=model.config)
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    if len(numbers) < len(rows):
        if ids.shape[1] > 1:
            read = {"input_ids": ids[:, :-1], "attention_mask": mask[:, :-1], "past_key_values": cache}
            positions = (mask[:, :-1].cumsum(-1) - 1).clamp(min=0)
            model(**read, position_ids=positions, use_cache=True, logits_to_keep=1)
        at = torch.tensor([numbers[tuple(row.prompt)] for row in rows], device=model.device)
        ids, mask = ids[at], mask[at]
        if ids.shape[1] > 1:
            cache.batch_select_indices(at)
    return _Batch(rows, ids, mask, cache)


def _advance(model: PreTrainedModel, batch: _Batch, tokens: int, settings: dict[str, Any]) -> _Batch:
    """The batch some tokens further; fewer where all its rows stop before."""
    draws = [row.draws for row in batch.rows if row.draws is not None]
    sampler = RowSampler(draws, model.generation_config) if draws else None
    if sampler is not None:
        settings = settings | {"logits_processor": LogitsProcessorList([sampler])}
    output = model.generate(
        input_ids=batch.ids,
        attention_mask=batch.mask,
        past_key_values=batch.cache,
        max_new_tokens=tokens,
        **settings,
    )
    new = output.sequences[:, batch.ids.shape[1] :]  # (B, up to `tokens`)
    for row, ids in zip(batch.rows, new.tolist(), strict=True):
        row.written += ids
    if sampler is not None:
        for row, logps in zip(batch.rows, torch.cat(sampler.logps, 1).tolist(), strict=True):
            row.logps += logps
    mask = torch.cat([batch.mask, torch.ones_like(new)], 1)
    return _Batch(batch.rows, output.sequences, mask, output.past_key_values)


def _part(batch: _Batch, max_new_tokens: int, stops: Collection[int]) -> tuple[list[Row], _Batch | None]:
    """The rows that are done, cut to their length, and the batch of the others."""
    finished, keep = [], []
    for position, row in enumerate(batch.rows):
        end = next((i for i, token in enumerate(row.written) if token in stops), len(row.written))
        if end < len(row.written) or len(row.written) >= max_new_tokens:
            row.written = row.written[: min(end + 1, max_new_tokens)]
            row.logps = row.logps[: len(row.written)]
            finished.append(row)
        else:
            keep.append(position)
    if not keep:
        return finished, None
    if finished:
        at = torch.tensor(keep, device=batch.ids.device)
        batch.cache.batch_select_indices(at)
        batch = _Batch([batch.rows[i] for i in keep], batch.ids[at], batch.mask[at], batch.cache)
    return finished, batch


def _merge(one: _Batch, other: _Batch) -> _Batch:
    """Both batches as one, padded on the left to the longest row that is left, and no further."""
    width = max(int(batch.mask.sum(1).max()) for batch in (one, other))
    ids, mask = (
        torch.cat([_fitted(getattr(batch, name).unsqueeze(-1), width) for batch in (one, other)]).squeeze(-1)
        for name in ("ids", "mask")
    )
    for layer, added in zip(one.cache.layers, other.cache.layers, strict=True):
        length = width - 1
        if layer.is_sliding:  # holds the last tokens only, and counts all
            layer.cumulative_length = length
            length = min(length, layer.sliding_window - 1)
        layer.keys = torch.cat([_fitted(layer.keys, length), _fitted(added.keys, length)])
        layer.values = torch.cat([_fitted(layer.values, length), _fitted(added.values, length)])
    return _Batch(one.rows + other.rows, ids, mask, one.cache)


def _fitted(states: torch.Tensor, length: int) -> torch.Tensor:
    """(…, T, D) as (…, length, D): cut or filled with zeros (which the mask hides) on the left."""
    missing = length - states.shape[-2]
    return torch.nn.functional.pad(states, (0, 0, missing, 0)) if missing > 0 else states[..., -missing:, :]


class RowSampler(LogitsProcessor):
    """Leaves one token a row, drawn with the row's own generator: what is sampled depends on no other row of the batch.

    From the whole distribution by inversion; from a part of it by the Gumbel trick: with E ~ Exp(1) a token,
    argmax(logit − log E) is distributed as softmax(logit). The order is transformers' own: temperature, top-k, top-p.
    """

    def __init__(self, draws: list[torch.Generator], config: GenerationConfig):
        self.draws, self.temperature = draws, config.temperature or 1.0
        self.top_k, self.top_p = config.top_k or 0, 1.0 if config.top_p is None else config.top_p
        self.logps: list[torch.Tensor] = []  # (B, 1) a step

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if not self.top_k and self.top_p == 1:  # no sort of 262,144 tokens
            uniforms = torch.stack([torch.rand(1, generator=one, dtype=torch.float64) for one in self.draws])
            shares = (scores.float() / self.temperature).softmax(-1)
            chosen = draw(shares, uniforms.to(scores.device))
            self.logps.append(shares.gather(1, chosen).log())
            return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)
        count = min(self.top_k or scores.shape[1], scores.shape[1])
        logits, tokens = (scores / self.temperature).topk(count)  # (B, count), highest first
        shares = logits.softmax(-1)
        logits = logits.masked_fill(shares.cumsum(-1) - shares >= self.top_p, -torch.inf)
        noise = torch.stack([torch.empty(count).exponential_(generator=one) for one in self.draws])
        chosen = (logits - noise.log().to(logits.device)).argmax(-1, keepdim=True)
        self.logps.append(logits.float().log_softmax(-1).gather(1, chosen))
        return torch.full_like(scores, -torch.inf).scatter(1, tokens.gather(1, chosen), 0.0)
