"""Talk to a checkpoint or a served model in the terminal; replies stream as they are made."""

import unicodedata
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TextStreamer

from posttrain.chat import encode_prompt, normalise_messages
from posttrain.endpoint import explain, open_client
from posttrain.errors import UserError
from posttrain.evaluate.decoding import left_padded
from posttrain.evaluate.llama_cpp import LlamaCpp
from posttrain.evaluate.replies import read_reply
from posttrain.gemma import SAMPLING, load_model, stop_token_ids

HELP = "Commands: /reset begins anew, /exit (or Ctrl-D) leaves."
RETRIES, TIMEOUT = 2, 600.0  # of a server; seconds
CONVERSATION_TOKENS = 8192  # of llama.cpp's context, beside the reply's


class Speaker(Protocol):
    def reply(self, messages: list[dict[str, Any]], greedy: bool, max_new_tokens: int) -> str:
        """The next reply, printed word by word; a line says so where it was cut at `max_new_tokens`."""


def chat(
    source: str,
    *,
    endpoint: str | None = None,
    backend: str = "hf",
    system: str | None = None,
    prompt: str | None = None,
    greedy: bool = False,
    max_new_tokens: int = 512,
) -> None:
    """A conversation with the model of `source`, or of that name at `endpoint`; with `prompt`, one reply and out."""
    if max_new_tokens < 1:
        raise UserError(f"--max-new-tokens must be at least 1, not {max_new_tokens}")
    speaker = _speaker(source, endpoint, backend, max_new_tokens)
    opening = [{"role": "system", "content": system}] if system else []
    if prompt is not None:
        speaker.reply([*opening, {"role": "user", "content": prompt}], greedy, max_new_tokens)
        return
    print(f"{source}. {HELP}")
    messages = list(opening)
    while (text := _read_line()) is not None:
        if text == "/reset":
            messages = list(opening)
        elif text.startswith("/"):
            print(HELP)
        elif text:
            messages.append({"role": "user", "content": text})
            reply = speaker.reply(messages, greedy, max_new_tokens)
            # An empty reply is no turn that could be encoded again.
            messages.append({"role": "assistant", "content": reply.strip() or "…"})


class LocalSpeaker:
    """A model in this process."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase):
        self.model, self.tokenizer = model, tokenizer

    def reply(self, messages: list[dict[str, Any]], greedy: bool, max_new_tokens: int) -> str:
        model, tokenizer = self.model, self.tokenizer
        inputs = left_padded([encode_prompt(messages, tokenizer)], tokenizer.pad_token_id, model.device)
        settings = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None} if greedy else {}
        streamer = _PlainStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        output = model.generate(**inputs, max_new_tokens=max_new_tokens, streamer=streamer, **settings)
        written = output[0, inputs["input_ids"].shape[1] :].tolist()
        reply = read_reply(written, set(stop_token_ids(tokenizer)), tokenizer)
        _say_if_cut(not reply.stopped, max_new_tokens)
        return reply.text


class ServedSpeaker:
    """A model behind an OpenAI-compatible server, which renders the template; system messages are folded here."""

    def __init__(self, url: str, name: str, engine: Any = None):
        self.url, self.name, self.engine = url, name, engine
        self.client = open_client(url, retries=RETRIES, timeout=TIMEOUT, needed_by="chat with a server")

    def reply(self, messages: list[dict[str, Any]], greedy: bool, max_new_tokens: int) -> str:
        from openai import OpenAIError

        sampling: dict[str, Any] = {"temperature": 0.0}
        if not greedy:
            sampling = {name: SAMPLING[name] for name in ("temperature", "top_p")}
        said, finished = "", None
        try:
            for chunk in self.client.chat.completions.create(
                model=self.name,
                messages=normalise_messages(messages),
                max_tokens=max_new_tokens,
                stream=True,
                **sampling,
            ):
                for choice in chunk.choices:
                    said += choice.delta.content or ""
                    finished = choice.finish_reason or finished
                    print(printable(choice.delta.content or ""), end="", flush=True)
        except (OpenAIError, ValueError, TypeError, AttributeError) as error:  # the last three: not the protocol's JSON
            otherwise = "the answer is not that of a chat completions endpoint"
            raise UserError(f"{self.url}: {explain(error, RETRIES, otherwise)}") from None
        print()
        _say_if_cut(finished == "length", max_new_tokens)
        return said


def _speaker(source: str, endpoint: str | None, backend: str, max_new_tokens: int) -> Speaker:
    if endpoint:
        if backend != "hf":
            raise UserError(f"--endpoint is a server of its own: leave out --backend {backend}")
        if not endpoint.startswith(("http://", "https://")):
            raise UserError(f"--endpoint {endpoint}: must begin with http:// or https://")
        return ServedSpeaker(endpoint.rstrip("/"), source)
    if backend == "llama.cpp":
        engine = LlamaCpp(Path(source).expanduser(), 1, CONVERSATION_TOKENS + max_new_tokens)
        return ServedSpeaker(engine.url, engine.path.name, engine)
    model, tokenizer = load_model(source)
    if torch.accelerator.is_available():
        model.to(torch.accelerator.current_accelerator())
    return LocalSpeaker(model, tokenizer)


def _say_if_cut(cut: bool, max_new_tokens: int) -> None:
    if cut:
        print(f"[cut after {max_new_tokens} tokens]")


def printable(text: str) -> str:
    """The text without control characters, by which a model or a file could write to the clipboard or title."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


class _PlainStreamer(TextStreamer):
    def on_finalized_text(self, text, stream_end=False):
        super().on_finalized_text(printable(text), stream_end)


def _read_line() -> str | None:
    """The next line from the person, or None when they leave."""
    try:
        text = input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return None
    return None if text in ("/exit", "/quit") else text
