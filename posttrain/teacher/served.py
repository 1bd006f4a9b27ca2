"""A teacher behind an endpoint that tells the log-probabilities of a prompt's tokens, as `vllm serve` does."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

import torch
from torch import Tensor

from posttrain.chat import IGNORE
from posttrain.endpoint import explain, open_client
from posttrain.errors import UserError
from posttrain.teacher.identity import SHARED
from posttrain.teacher.targets import Picked, SparseTargets, TokenTargets, padded

SILENT = "it tells no log-probabilities of a prompt's tokens, as `vllm serve` does"
FURTHER = 64  # rows of the head that models from 4B up have more, of which text has none: their mass is the rest's


@dataclass
class ServedTeacher:
    """url: of the endpoint, up to /v1 · model: its name there · top: likeliest tokens a position (vLLM's server gives
    20 unless it was started with --max-logprobs) · tokenizer: the student's, to which the server's pieces are compared

    Rows go as token ids, `concurrency` at a time; a busy, failing or slow server is asked again with growing pauses.
    Raises UserError where it stays away, refuses, tells of other pieces or positions than it was asked about, or
    numbers that are no probabilities.
    """

    url: str
    model: str
    top: int = 20
    tokenizer: Any = field(default=None, repr=False)
    concurrency: int = 16
    retries: int = 5
    timeout: float = 600.0
    vocabulary: int = field(default=SHARED, init=False)
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = open_client(self.url, retries=self.retries, timeout=self.timeout, needed_by="a served teacher")

    def targets(
        self, inputs: dict[str, Tensor], at: Tensor, *, own_tokens: bool = False
    ) -> SparseTargets | TokenTargets:
        """What it says of the tokens after the positions `at`, (B, T−1) bool, of a batch padded on the right: of its
        likeliest, or with `own_tokens` the log-probability of the very token that follows."""
        ids, mask, device = inputs["input_ids"], inputs["attention_mask"], inputs["input_ids"].device
        rows = [row[: int(length)].tolist() for row, length in zip(ids, mask.sum(-1), strict=True)]
        places = [(one.nonzero().squeeze(1) + 1).tolist() for one in at]
        top = 0 if own_tokens else self.top
        with ThreadPoolExecutor(self.concurrency) as pool:
            told = list(pool.map(self.ask, rows, places, repeat(top)))
        if own_tokens:
            pairs = [(one, row[place]) for row, where, said in zip(rows, places, told, strict=True)
                     for place, one in zip(where, said, strict=True)]  # fmt: skip
            return TokenTargets(torch.tensor([one[token] for one, token in pairs], device=device))
        return padded(_picked([one for said in told for one in said], top), "top").to(device)

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
                raise UserError(f"{self.url}: {explain(error, self.retries, SILENT)}") from None

        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(reply, prompts))

    def speak(self, rows: Sequence[dict[str, Any]], first: int, **settings: Any) -> Iterator[Picked]:
        """Its likeliest tokens about encoded rows, in their order, for the cache."""
        waiting = iter(rows)
        with ThreadPoolExecutor(self.concurrency) as pool:
            while batch := list(islice(waiting, 4 * self.concurrency)):
                places = [[i for i, label in enumerate(row["labels"]) if label != IGNORE] for row in batch]
                for said in pool.map(self.ask, [row["input_ids"] for row in batch], places, repeat(self.top)):
                    yield _picked(said, self.top)

    def ask(self, ids: list[int], places: list[int], top: int) -> list[dict[int, float]]:
        """{token: log-probability} at each place of a row: of its own token, and of the `top` likeliest."""
        from openai import OpenAIError

        try:
            answer = self._client.completions.create(
                model=self.model, prompt=ids, max_tokens=1, temperature=0, extra_body={"prompt_logprobs": top}
            )
            told = answer.choices[0].prompt_logprobs  # type: ignore[attr-defined]
            if len(told) != len(ids):
                which = "fewer" if len(told) < len(ids) else "more"
                raise UserError(
                    f"{self.url}: it told {which} positions than it was asked for ({len(told)}, {len(ids)})"
                )
            found = [{int(token): float(one["logprob"]) for token, one in told[place].items()} for place in places]
        except UserError:
            raise
        except (OpenAIError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{self.url}: {explain(error, self.retries, SILENT)}") from None
        for place, one in zip(places, found, strict=True):
            self._check(place, ids[place], one, top)
        self._check_pieces(ids, told)
        return [{token: value for token, value in one.items() if token < self.vocabulary} for one in found]

    def _check(self, place: int, own: int, said: dict[int, float], top: int) -> None:
        if own not in said:
            fault = "no log-probability of the row's own token"
        elif not all(0 <= token < self.vocabulary + FURTHER for token in said):
            fault = f"a token id beyond the vocabulary ({min(said)} … {max(said)})"
        elif not all(math.isfinite(value) and value <= 1e-3 for value in said.values()):
            fault = "a log-probability that is none (not finite, or above 0)"
        elif sum(map(math.exp, said.values())) > 1.01:
            fault = "probabilities that sum to more than 1"
        elif len(said) < top:
            fault = f"{len(said)} tokens, not {top}: ask for fewer (`draws` or `teacher_top`)"
        else:
            return
        raise UserError(f"{self.url}: at position {place} it told {fault}")

    def _check_pieces(self, ids: list[int], told: list[Any]) -> None:
        """Its words for the first row's ids must be the student's: the same numbers mean nothing by themselves."""
        if self.tokenizer is None:
            return
        pairs = [
            (piece.replace("▁", " ").strip(), str(one[str(token)].get("decoded_token") or "").strip())
            for token, piece, one in zip(ids, self.tokenizer.convert_ids_to_tokens(ids), told, strict=True)
            if one and str(token) in one
        ]
        words = [(piece, said) for piece, said in pairs if piece.isalpha() and said]  # servers vary in spaces and bytes
        wrong = [pair for pair in words if pair[0] != pair[1]]
        if len(wrong) > len(words) / 10:
            raise UserError(
                f"{self.url}: its tokenizer differs from the student's: it reads {wrong[0][1]!r} where the student has "
                f"{wrong[0][0]!r}; take a teacher of the same Gemma generation, or its written answers"
            )
        self.tokenizer = None  # once is enough


def _picked(said: list[dict[int, float]], top: int) -> Picked:
    """The `top` likeliest tokens a position; the row's own comes beside them where it is not one of them."""
    kept = [sorted(sorted(one, key=lambda token: -one[token])[:top]) for one in said]  # noqa: B023
    ids = torch.tensor([token for tokens in kept for token in tokens])
    weights = torch.tensor([math.exp(one[token]) for tokens, one in zip(kept, said, strict=True) for token in tokens])
    lengths = torch.tensor([len(tokens) for tokens in kept])
    sums = [sum(math.exp(one[token]) for token in tokens) for tokens, one in zip(kept, said, strict=True)]
    return Picked(lengths, ids, weights, torch.tensor([max(0.0, 1 - told) for told in sums]))
