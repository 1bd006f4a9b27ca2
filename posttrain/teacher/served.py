"""A teacher behind an endpoint that tells the log-probabilities of a prompt's tokens, as `vllm serve` does."""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from posttrain.chat import IGNORE
from posttrain.errors import UserError
from posttrain.teacher.targets import Picked, SparseTargets, TokenTargets, padded


@dataclass
class ServedTeacher:
    """url: of the endpoint, up to /v1 · model: its name there · top: likeliest tokens a position (vLLM's server gives
    20 unless it was started with --max-logprobs), or 0 for the following token's own log-probability alone

    Rows go as token ids, `concurrency` at a time; a busy, failing or slow server is asked again with growing pauses.
    Raises UserError where it stays away, refuses, or tells fewer positions than it was asked for.
    """

    url: str
    model: str
    top: int = 20
    concurrency: int = 16
    retries: int = 5
    timeout: float = 600.0
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if find_spec("openai") is None:
            raise UserError('a served teacher needs the client: pip install "posttrain[eval]" (or openai)')
        from openai import OpenAI

        key = os.environ.get("OPENAI_API_KEY", "none")  # local servers ask for none, the client for any
        self._client = OpenAI(base_url=self.url, api_key=key, max_retries=self.retries, timeout=self.timeout)

    def targets(self, inputs: dict[str, Tensor], at: Tensor) -> SparseTargets | TokenTargets:
        """What it says of the tokens after the positions `at`, (B, T−1) bool, of a batch padded on the right."""
        ids, mask, device = inputs["input_ids"], inputs["attention_mask"], inputs["input_ids"].device
        rows = [row[: int(length)].tolist() for row, length in zip(ids, mask.sum(-1), strict=True)]
        places = [(one.nonzero().squeeze(1) + 1).tolist() for one in at]
        with ThreadPoolExecutor(self.concurrency) as pool:
            told = list(pool.map(self.ask, rows, places))
        if not self.top:
            pairs = [(one, row[place]) for row, where, said in zip(rows, places, told, strict=True)
                     for place, one in zip(where, said, strict=True)]  # fmt: skip
            return TokenTargets(torch.tensor([one[token] for one, token in pairs], device=device))
        return padded(_picked([one for said in told for one in said], self.top), "top").to(device)

    def write(self, prompts: list[list[int]], tokenizer: Any, max_new_tokens: int) -> list[str]:
        """Its greedy replies to prompts (token ids)."""
        from openai import OpenAIError

        def reply(ids: list[int]) -> str:
            try:
                answer = self._client.completions.create(
                    model=self.model, prompt=ids, max_tokens=max_new_tokens, temperature=0
                )
                return answer.choices[0].text
            except (OpenAIError, LookupError, TypeError, AttributeError) as error:
                raise UserError(f"{self.url}: {_fault(error, self.retries)}") from None

        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(reply, prompts))

    def speak(self, rows: Sequence[dict[str, Any]], first: int, **settings: Any) -> Iterator[Picked]:
        """Its likeliest tokens about encoded rows, in their order, for the cache."""
        waiting = iter(rows)
        with ThreadPoolExecutor(self.concurrency) as pool:
            while batch := list(islice(waiting, 4 * self.concurrency)):
                places = [[i for i, label in enumerate(row["labels"]) if label != IGNORE] for row in batch]
                for said in pool.map(self.ask, [row["input_ids"] for row in batch], places):
                    yield _picked(said, self.top)

    def ask(self, ids: list[int], places: list[int]) -> list[dict[int, float]]:
        """{token: log-probability} at each place of a row: of its own token, and of the `top` likeliest."""
        from openai import OpenAIError

        try:
            answer = self._client.completions.create(
                model=self.model, prompt=ids, max_tokens=1, temperature=0, extra_body={"prompt_logprobs": self.top}
            )
            told = answer.choices[0].prompt_logprobs  # type: ignore[attr-defined]
            found = [{int(token): float(one["logprob"]) for token, one in told[place].items()} for place in places]
        except IndexError:
            raise UserError(f"{self.url}: it told fewer positions than it was asked for ({len(ids)})") from None
        except (OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise UserError(f"{self.url}: {_fault(error, self.retries)}") from None
        for place, one in zip(places, found, strict=True):
            if ids[place] not in one or not all(value <= 1e-3 for value in one.values()):
                raise UserError(f"{self.url}: at position {place} it told no log-probability of the row's own token")
            if len(one) < self.top:
                raise UserError(f"{self.url}: it tells {len(one)} tokens a position, not {self.top}: set `draws` lower")
        return found


def _picked(said: list[dict[int, float]], top: int) -> Picked:
    """The `top` likeliest tokens a position; the row's own comes beside them where it is not one of them."""
    kept = [sorted(sorted(one, key=lambda token: -one[token])[:top]) for one in said]  # noqa: B023
    ids = torch.tensor([token for tokens in kept for token in tokens])
    weights = torch.tensor([math.exp(one[token]) for tokens, one in zip(kept, said, strict=True) for token in tokens])
    lengths = torch.tensor([len(tokens) for tokens in kept])
    return Picked(lengths, ids, weights, torch.full((len(said),), torch.nan))


def _fault(error: Exception, retries: int) -> str:
    from openai import APIConnectionError, APIStatusError

    said = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, APIStatusError) and not (error.status_code in (408, 409, 429) or error.status_code >= 500):
        return f"the server refuses what it is asked ({said})"
    if isinstance(error, APIConnectionError | APIStatusError):
        return f"no answer after {retries} further tries ({said})"
    return f"it tells no log-probabilities of a prompt's tokens, as `vllm serve` does ({said})"
