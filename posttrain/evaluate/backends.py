"""Who answers the prompts: a model in this process, vLLM, or a server that speaks OpenAI's protocol.

A backend has `name`, `settings()` (what must be the same for records to be comparable) and

    answer(prompts, k=, max_new_tokens=, seed=, done=) -> iterator of {index: k replies}

prompts: message lists · done: indices that are answered already and need no reply. k = 1 is greedy; more are sampled.
"""

import random
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import Any, Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from posttrain.chat import encode_prompt, normalise_messages
from posttrain.endpoint import explain, open_client
from posttrain.errors import UserError
from posttrain.evaluate.replies import Reply, generate_batches
from posttrain.gemma import SAMPLING

Messages = list[dict[str, Any]]
NO_CHAT = "the answer is not that of a chat completions endpoint"


class Backend(Protocol):
    name: str

    def settings(self) -> dict[str, Any]: ...

    def answer(
        self, prompts: Sequence[Messages], *, k: int, max_new_tokens: int, seed: int, done: Collection[int]
    ) -> Iterator[dict[int, list[Reply]]]: ...


@dataclass
class LocalModel:
    """A model in this process, by transformers' `generate`."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_size: int = 16
    name: str = "hf"

    def settings(self) -> dict[str, Any]:
        return {"backend": self.name}

    def answer(
        self, prompts: Sequence[Messages], *, k: int, max_new_tokens: int, seed: int, done: Collection[int]
    ) -> Iterator[dict[int, list[Reply]]]:
        """See `replies.generate_batches`. Sampling is the model's generation config."""
        ids = [encoded(prompt, self.tokenizer, f"prompt {i + 1}") for i, prompt in enumerate(prompts)]
        return generate_batches(
            self.model,
            self.tokenizer,
            ids,
            max_new_tokens=max_new_tokens,
            batch_size=self.batch_size,
            k=k,
            seed=seed if k > 1 else None,
            done=done,
        )


@dataclass
class VllmModel:
    """A checkpoint in vLLM, which is asked by token ids: it neither renders the template nor adds a second `<bos>`."""

    source: str
    tokenizer: PreTrainedTokenizerBase
    stop_ids: list[int]
    batch_size: int = 256
    name: str = "vllm"

    def __post_init__(self) -> None:
        if find_spec("vllm") is None:
            raise UserError("--backend vllm: vLLM is not installed: pip install vllm (it needs a GPU), or --backend hf")
        from vllm import LLM

        self.engine = LLM(model=self.source)

    def settings(self) -> dict[str, Any]:
        return {"backend": self.name}

    def answer(
        self, prompts: Sequence[Messages], *, k: int, max_new_tokens: int, seed: int, done: Collection[int]
    ) -> Iterator[dict[int, list[Reply]]]:
        """In requests of `batch_size` prompts, so that a kill loses no more. A prompt's seed is its own."""
        from vllm import SamplingParams

        own = {name: SAMPLING[name] for name in ("temperature", "top_k", "top_p")}
        sampling = own if k > 1 else {"temperature": 0.0}
        ids = {
            i: encoded(prompt, self.tokenizer, f"prompt {i + 1}") for i, prompt in enumerate(prompts) if i not in done
        }
        waiting = iter(ids)
        while batch := list(islice(waiting, self.batch_size)):
            parameters = [
                SamplingParams(
                    n=k, max_tokens=max_new_tokens, seed=_row_seed(seed, i), stop_token_ids=self.stop_ids, **sampling
                )
                for i in batch
            ]
            outputs = self.engine.generate([{"prompt_token_ids": ids[i]} for i in batch], parameters, use_tqdm=False)
            yield {i: [self._read(one) for one in output.outputs] for i, output in zip(batch, outputs, strict=True)}

    def _read(self, output: Any) -> Reply:
        stopped = output.finish_reason == "stop"
        tokens = [token for token in output.token_ids if token not in self.stop_ids]
        return Reply(output.text, len(tokens), stopped)


@dataclass
class ServedModel:
    """A model behind an OpenAI-compatible endpoint (`vllm serve`, llama.cpp's server, Ollama …).

    The server renders the template; system messages are folded as Gemma's template does, so that it need not.
    Requests that meet a full or failing server are tried again with growing pauses by the client library.
    """

    url: str
    model: str
    concurrency: int = 16
    retries: int = 5
    timeout: float = 600.0
    name: str = "endpoint"
    engine: Any = None  # what serves it, where that lives as long as this

    def __post_init__(self) -> None:
        needed_by = "--endpoint" if self.engine is None else f"--backend {self.name}"
        self.client = open_client(self.url, retries=self.retries, timeout=self.timeout, needed_by=needed_by)

    def settings(self) -> dict[str, Any]:
        return {"backend": self.name, "endpoint_model": self.model}

    def answer(
        self, prompts: Sequence[Messages], *, k: int, max_new_tokens: int, seed: int, done: Collection[int]
    ) -> Iterator[dict[int, list[Reply]]]:
        """`concurrency` requests at all times, so that a long reply holds up no other; replies as they come.

        Raises UserError when the server stays away, after the replies to all that had been asked.
        """
        waiting = iter([i for i in range(len(prompts)) if i not in done])
        asked: dict[Future[list[Reply]], int] = {}
        fault = None
        with ThreadPoolExecutor(self.concurrency) as pool:
            while True:
                for i in islice(waiting, 0 if fault else self.concurrency - len(asked)):
                    asked[pool.submit(self._request, prompts[i], k, max_new_tokens, _row_seed(seed, i))] = i
                if not asked:
                    break
                found = {}
                for future in wait(asked, return_when=FIRST_COMPLETED).done:
                    i = asked.pop(future)
                    try:
                        found[i] = future.result()
                    except UserError as error:
                        fault = error
                if found:
                    yield found
        if fault:
            raise fault

    def _request(self, messages: Messages, k: int, max_new_tokens: int, seed: int) -> list[Reply]:
        """k replies, by as many requests as the server needs: some give one choice whatever n says."""
        replies: list[Reply] = []
        draws = random.Random(seed)
        while len(replies) < k:
            got = self._choices(messages, k - len(replies), max_new_tokens, draws.getrandbits(31), sample=k > 1)
            replies += got
        return replies[:k]

    def _choices(self, messages: Messages, n: int, max_new_tokens: int, seed: int, sample: bool) -> list[Reply]:
        from openai import OpenAIError

        sampling: dict[str, Any] = {"temperature": 1.0, "top_p": 0.95} if sample else {"temperature": 0.0}
        several: dict[str, Any] = {"n": n} if n > 1 else {}
        try:
            answer = self.client.chat.completions.create(
                model=self.model,
                messages=normalise_messages(messages),  # type: ignore[arg-type]
                max_tokens=max_new_tokens,
                seed=seed,
                **sampling,
                **several,
            )
            choices = list(answer.choices or ())
            tokens = answer.usage.completion_tokens / len(choices) if answer.usage and choices else 0
            replies = [Reply(c.message.content or "", round(tokens), c.finish_reason == "stop") for c in choices]
        except (OpenAIError, ValueError, TypeError, AttributeError) as error:  # the last three: not the protocol's JSON
            raise UserError(f"{self.url}: {explain(error, self.retries, NO_CHAT)}") from None
        if not replies:
            raise UserError(f"{self.url}: {NO_CHAT} (it has no choices)")
        return replies


def _row_seed(seed: int, row: int) -> int:
    """A row's own, which no other row has under any seed near by."""
    return random.Random(f"{seed}/{row}").getrandbits(31)


def encoded(messages: Messages, tokenizer: PreTrainedTokenizerBase, where: str) -> list[int]:
    """The prompt's token ids, with exactly one `<bos>`: two, or none, spoil every score (see docs/gemma_traps.md)."""
    ids = encode_prompt(messages, tokenizer, where)
    if ids.count(tokenizer.bos_token_id) != 1 or ids[0] != tokenizer.bos_token_id:
        raise UserError(f"{where}: must begin with one {tokenizer.bos_token} and have no other; check the tokenizer")
    return ids
