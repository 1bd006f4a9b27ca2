"""What a trainer hands to a reward function, as plain text."""

from collections.abc import Sequence
from typing import Any

from posttrain.errors import UserError

Completion = str | Sequence[dict[str, Any]]


def completion_texts(completions: Sequence[Completion]) -> list[str]:
    """The text of each completion: a str as it is, of a message list the last assistant message's content.

    A list without an assistant message, or one whose content is None (only tool calls), is the empty text. Content
    parts (`[{"type": "text", "text": …}]`) are joined.
    """
    return [completion if isinstance(completion, str) else _last_reply(completion) for completion in completions]


def _last_reply(messages: Sequence[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message.get("role") in ("assistant", "model"):
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "".join(part.get("text") or "" for part in content or () if isinstance(part, dict))
    return ""


def check_lengths(completions: Sequence[Completion], **columns: Any) -> None:
    """Raise UserError, naming the column, unless each is a list with one entry a completion; None is left alone."""
    for name, values in columns.items():
        if values is None:
            continue
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise UserError(f"{name} must be a list with one entry a completion, not {values!r:.60}")
        if len(values) != len(completions):
            raise UserError(f"{name} has {len(values)} entries for {len(completions)} completions: give one for each")
