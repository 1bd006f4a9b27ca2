"""Greedy or sampled replies from a model in memory, and what can be counted in them without a verifier."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from posttrain.gemma import stop_token_ids


@dataclass
class Reply:
    """One generated reply: its text without turn tokens, its length in tokens, and whether it stopped by itself."""

    text: str
    tokens: int
    stopped: bool


@torch.no_grad()
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
    Prompts of like length share a batch, so that little is spent on padding.
    """
    stops = set(stop_token_ids(tokenizer))
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    replies: dict[int, Reply] = {}
    was_training = model.training
    model.eval()
    settings = {} if sample else {"do_sample": False, "temperature": None, "top_k": None, "top_p": None}
    for start in tqdm(range(0, len(order), batch_size), desc="Answering", disable=not progress, leave=False):
        batch = order[start : start + batch_size]
        inputs = left_padded([prompts[i] for i in batch], tokenizer.pad_token_id, model.device)
        output = model.generate(**inputs, max_new_tokens=max_new_tokens, eos_token_id=sorted(stops), **settings)
        for i, ids in zip(batch, output[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
            replies[i] = read_reply(ids, stops, tokenizer)
    model.train(was_training)
    return [replies[i] for i in range(len(prompts))]


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
    final = (reply.rpartition("####")[2] or reply).strip().splitlines()
    return bool(final) and _bare(final[0]) == _bare(answer)


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share, which is sound for small counts and for 0 and 1."""
    share, spread = successes / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


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
