"""Greedy or sampled replies from a model in memory, and what can be counted in them without a verifier."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from posttrain.evaluate.decoding import Row, decode, row_generator
from posttrain.evaluate.statistics import wilson_interval
from posttrain.gemma import stop_token_ids


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
    progress: bool = False,
) -> list[Reply]:
    """Continue each prompt (token ids of `chat.encode_prompt`) up to a stop token, greedily, in the prompts' order."""
    replies: dict[int, Reply] = {}
    batches = generate_batches(model, tokenizer, prompts, max_new_tokens=max_new_tokens, batch_size=batch_size)
    with tqdm(desc="Answering", total=len(prompts), disable=not progress, leave=False) as bar:
        for batch in batches:
            replies |= {index: one for index, (one,) in batch.items()}
            bar.update(len(batch))
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
    seed: int | None = None,
    done: Collection[int] = (),
) -> Iterator[dict[int, list[Reply]]]:
    """Replies as they are finished, {index of the prompt: k replies}; `done` prompts are left out.

    Shortest prompts first, so that those of like length are read together; `batch_size` replies are written at all
    times (see `decoding`). Greedy without a seed. With one they are sampled by the model's generation config (Gemma:
    temperature 1, top-k 64, top-p 0.95), and a reply's draws depend on seed, prompt's index and reply's number alone.
    """
    stops = set(stop_token_ids(tokenizer))
    order = sorted(set(range(len(prompts))) - set(done), key=lambda i: len(prompts[i]))
    rows = [
        Row((i, n), prompts[i], None if seed is None else row_generator(seed, i, n)) for i in order for n in range(k)
    ]
    found: dict[int, dict[int, Reply]] = {}
    was_training = model.training
    model.eval()
    try:
        finished = decode(
            model,
            rows,
            max_new_tokens=max_new_tokens,
            batch_size=batch_size,
            stops=stops,
            pad=tokenizer.pad_token_id,
        )
        for some in finished:
            for row in some:
                index, number = row.key
                found.setdefault(index, {})[number] = read_reply(row.written, stops, tokenizer)
            whole = [index for index, replies in found.items() if len(replies) == k]
            if whole:
                yield {index: [one for _, one in sorted(found.pop(index).items())] for index in whole}
    finally:  # also when nobody asks for the rest
        model.train(was_training)


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
    """The line that `matches` looks at: after the last `####`, or else the first; None in an empty reply."""
    final = (reply.rpartition("####")[2] or reply).strip().splitlines()
    return final[0] if final else None


def _bare(text: str) -> str:
    return text.strip().removesuffix(".").strip().casefold()


def read_reply(ids: list[int], stops: set[int], tokenizer: PreTrainedTokenizerBase) -> Reply:
    """Generated ids up to the first stop token as a Reply."""
    end = next((i for i, token in enumerate(ids) if token in stops), None)
    return Reply(
        tokenizer.decode(ids[:end], skip_special_tokens=True), len(ids if end is None else ids[:end]), end is not None
    )
