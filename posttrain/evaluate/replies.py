"""Greedy or sampled replies from a model in memory, and what can be counted in them without a verifier."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from posttrain.evaluate.statistics import wilson_interval
from posttrain.gemma import stop_token_ids

SLICE = 16  # tokens after which rows that have stopped leave the batch
GREEDY = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None}


@dataclass
class Reply:
    """One generated reply: its text without turn tokens, its length in tokens, and whether it stopped by itself."""

    text: str
    tokens: int
    stopped: bool


def generate_replies(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int = 128,
    batch_size: int = 16,
    sample: bool = False,
    progress: bool = False,
) -> list[Reply]:
    """Continue each prompt (token ids of `chat.encode_prompt`) up to a stop token, in the prompts' order.

    Greedy unless `sample`, which uses the model's generation config (Gemma: temperature 1, top-k 64, top-p 0.95).
    """
    batches = generate_batches(
        model, tokenizer, prompts, max_new_tokens=max_new_tokens, batch_size=batch_size, sample=sample
    )
    replies: dict[int, Reply] = {}
    total = -(-len(prompts) // batch_size)
    for batch in tqdm(batches, desc="Answering", total=total, disable=not progress, leave=False):
        replies |= {index: one for index, (one,) in batch.items()}
    return [replies[i] for i in range(len(prompts))]


@torch.no_grad()
def generate_batches(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch_size: int = 16,
    k: int = 1,
    sample: bool = False,
    seed: int | None = None,
    done: Collection[int] = (),
) -> Iterator[dict[int, list[Reply]]]:
    """Replies batch by batch, {index of the prompt: k replies}, shortest prompts first.

    Prompts of like length share a batch, so that little is spent on padding, and a row that has stopped leaves its
    batch, so that one long reply does not make all others wait. With a seed, which rows share a batch and what is drawn
    for it depend on nothing but the arguments: `done` only leaves out batches of which every row is done.
    """
    stops = set(stop_token_ids(tokenizer))
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    size = max(1, batch_size // k)
    settings: dict[str, Any] = {} if sample else GREEDY
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            if set(batch) <= set(done):
                continue
            inputs = left_padded([prompts[i] for i in batch for _ in range(k)], tokenizer.pad_token_id, model.device)
            with torch.random.fork_rng(enabled=seed is not None):
                if seed is not None:
                    torch.manual_seed(seed + start)
                written = _continue(model, inputs, max_new_tokens, stops, settings)
            found = iter([read_reply(ids, stops, tokenizer) for ids in written])
            yield {index: [next(found) for _ in range(k)] for index in batch}
    finally:  # also when nobody asks for the rest
        model.train(was_training)


def _continue(
    model: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    max_new_tokens: int,
    stops: set[int],
    settings: dict[str, Any],
) -> list[list[int]]:
    """The ids that follow each row, at least up to its first stop; rows that have one drop out after each slice."""
    ids, mask, cache = inputs["input_ids"], inputs["attention_mask"], None
    written: list[list[int]] = [[] for _ in ids]
    live = list(range(len(ids)))
    left = max_new_tokens
    while True:
        output = model.generate(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            max_new_tokens=min(SLICE, left),
            eos_token_id=sorted(stops),
            return_dict_in_generate=True,
            **settings,
        )
        new = output.sequences[:, ids.shape[1] :]  # (rows, up to SLICE)
        for row, tokens in zip(live, new.tolist(), strict=True):
            written[row] += tokens
        left -= new.shape[1]
        keep = [i for i, row in enumerate(live) if not stops & set(written[row])]
        if not keep or left <= 0:
            break
        rows = torch.tensor(keep, device=ids.device)
        mask = torch.cat([mask, torch.ones_like(new)], 1)[rows]
        ids, cache = output.sequences[rows], output.past_key_values
        if len(keep) < len(live):
            cache.batch_select_indices(rows)
        live = [live[i] for i in keep]
    return written


def score_replies(replies: Sequence[Reply], answers: Sequence[str | None]) -> dict[str, float]:
    """Stop rate, mean length, and exact-match accuracy over the rows that have an answer.

    See `matches` for the rule, under which a base model that answers and then rambles on is still right.
    """
    metrics = {
        "stop_rate": sum(reply.stopped for reply in replies) / len(replies),
        "reply_tokens": sum(reply.tokens for reply in replies) / len(replies),
    }
    scored = [matches(reply.text, answer) for reply, answer in zip(replies, answers, strict=True) if answer is not None]
    if scored:
        low, high = wilson_interval(sum(scored), len(scored))
        metrics |= {"accuracy": sum(scored) / len(scored), "accuracy_low": low, "accuracy_high": high}
        metrics["accuracy_rows"] = len(scored)
    return metrics


def matches(reply: str, answer: str) -> bool:
    """Whether the reply's final answer is `answer`, without regard to case, outer white space and a last full stop.

    The final answer is what follows the last `####` (GSM8K's mark) up to the line's end, or else the first line.
    """
    final = final_line(reply)
    return final is not None and _bare(final) == _bare(answer)


def final_line(reply: str) -> str | None:
    """The line that `matches` looks at; None in an empty reply."""
    final = (reply.rpartition("####")[2] or reply).strip().splitlines()
    return final[0] if final else None


def _bare(text: str) -> str:
    return text.strip().removesuffix(".").strip().casefold()


def left_padded(prompts: list[Sequence[int]], pad: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Prompts (token ids) as {"input_ids", "attention_mask"}, (B, longest), padded on the left."""
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
    return {"input_ids": ids, "attention_mask": mask}


def read_reply(ids: list[int], stops: set[int], tokenizer: PreTrainedTokenizerBase) -> Reply:
    """Generated ids up to the first stop token as a Reply."""
    end = next((i for i, token in enumerate(ids) if token in stops), None)
    return Reply(
        tokenizer.decode(ids[:end], skip_special_tokens=True), len(ids if end is None else ids[:end]), end is not None
    )
