"""What a trainer hands to a reward function, as plain text."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from posttrain.errors import UserError

Completion = str | Sequence[dict[str, Any]]


def completion_texts(completions: Sequence[Completion]) -> list[str]:
    """The text of each completion: a str as it is, of a message list the last assistant message's content.

    A list without an assistant message, or one whose content is None (only tool calls), is the empty text. Content
    parts (`[{"type": "text", "text": …}]`) are joined. UserError, naming it, for one that is neither.
    """
    _check_list("completions", completions)
    return [
        _last_of(completion, ("assistant", "model"), f"completion {row + 1}")
        for row, completion in enumerate(completions)
    ]


def question_texts(prompts: Sequence[Completion]) -> list[str]:
    """What the user asked last in each prompt: a str as it is, of a message list the last user message's content.

    As `completion_texts`: content parts are joined, a list without a user message is the empty text.
    """
    _check_list("prompts", prompts)
    return [_last_of(prompt, ("user",), f"prompt {row + 1}") for row, prompt in enumerate(prompts)]


def _last_of(said: Any, roles: tuple[str, ...], where: str) -> str:
    """The content of the last message of one of the roles, or the text itself."""
    if isinstance(said, str):
        return said
    if not isinstance(said, Sequence) or not all(isinstance(message, Mapping) for message in said):
        raise UserError(f"{where} must be a text or a list of messages, not {said!r:.60}")
    content = next((message.get("content") for message in reversed(said) if message.get("role") in roles), None)
    if isinstance(content, str):
        return content
    if content is not None and not isinstance(content, Sequence):
        raise UserError(f"{where}: a message's content must be a text or a list of parts, not {content!r:.60}")
    return "".join(part.get("text") or "" for part in content or () if isinstance(part, Mapping))


def says_something(text: str, categories: str = "LNS") -> bool:
    """Whether there is a letter, a digit or a symbol: dots, dashes and characters without width are nothing.

    categories: the first letters of Unicode's categories that count, L, N and S.
    """
    return any(unicodedata.category(character)[0] in categories for character in text)


def column_hint(value: Any, completions: Sequence[Completion]) -> str:
    """The end of a message about a setting whose value is a list with an entry a completion, else "".

    A trainer hands over every column by name, and one may be named as a setting is.
    """
    listed = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    there = listed and 0 < len(value) == len(completions)
    return " (a column of the data? build_reward keeps those out)" if there else ""


def check_lengths(completions: Sequence[Completion], **columns: Any) -> None:
    """Raise UserError, naming the column, unless each is a list with one entry a completion; None is left alone."""
    _check_list("completions", completions)
    for name, values in columns.items():
        if values is None:
            continue
        _check_list(name, values)
        if len(values) != len(completions):
            raise UserError(f"{name} has {len(values)} entries for {len(completions)} completions: give one for each")


def _check_list(name: str, values: Any) -> None:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise UserError(f"{name} must be a list with one entry a completion, not {values!r:.60}")
