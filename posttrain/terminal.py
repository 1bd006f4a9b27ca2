"""Talk to a checkpoint in the terminal; replies stream as they are made."""

import unicodedata
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TextStreamer

from posttrain.chat import encode_prompt
from posttrain.errors import UserError
from posttrain.evaluate.decoding import left_padded
from posttrain.evaluate.replies import Reply, read_reply
from posttrain.gemma import load_model, stop_token_ids

HELP = "Commands: /reset begins anew, /exit (or Ctrl-D) leaves."


def chat(
    source: str,
    *,
    system: str | None = None,
    prompt: str | None = None,
    greedy: bool = False,
    max_new_tokens: int = 512,
) -> None:
    """A conversation with the model of `source`; with `prompt`, one reply and out."""
    if max_new_tokens < 1:
        raise UserError(f"--max-new-tokens must be at least 1, not {max_new_tokens}")
    model, tokenizer = load_model(source)
    if torch.accelerator.is_available():
        model.to(torch.accelerator.current_accelerator())
    opening = [{"role": "system", "content": system}] if system else []
    if prompt is not None:
        stream_reply(model, tokenizer, [*opening, {"role": "user", "content": prompt}], greedy, max_new_tokens)
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
            reply = stream_reply(model, tokenizer, messages, greedy, max_new_tokens)
            # An empty reply is no turn that could be encoded again.
            messages.append({"role": "assistant", "content": reply.text.strip() or "…"})


def stream_reply(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    messages: list[dict[str, Any]],
    greedy: bool,
    max_new_tokens: int,
) -> Reply:
    """Generate the next reply and print it word by word; a line says so where it was cut at `max_new_tokens`."""
    inputs = left_padded([encode_prompt(messages, tokenizer)], tokenizer.pad_token_id, model.device)
    settings = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None} if greedy else {}
    streamer = _PlainStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    output = model.generate(**inputs, max_new_tokens=max_new_tokens, streamer=streamer, **settings)
    reply = read_reply(output[0, inputs["input_ids"].shape[1] :].tolist(), set(stop_token_ids(tokenizer)), tokenizer)
    if not reply.stopped:
        print(f"[cut after {max_new_tokens} tokens]")
    return reply


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
