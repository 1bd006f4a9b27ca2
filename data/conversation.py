"""The text inside a row, whichever columns hold it.

A row holds one of: `messages` (a conversation that ends with a reply), `prompt` (one that ends with the user; what RL
starts from), or `prompt` + `chosen` + `rejected` (a preference; the last two hold the reply turns). Each is a list of
{"role": "system" | "user" | "assistant", "content": str}.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

Row = dict[str, Any]
COLUMNS = ("messages", "prompt", "chosen", "rejected")


def texts(row: Row) -> Iterator[tuple[str, str]]:
    """(role, text) of every message in the row."""
    for column in COLUMNS:
        for message in row.get(column) or ():
            yield message["role"], message["content"]


def prompts(row: Row) -> list[str]:
    """What was asked: user and system text, in order."""
    return [text for role, text in texts(row) if role != "assistant"]


def replies(row: Row) -> list[str]:
    """What a model is taught to say: the replies in `messages` and `chosen`; a rejected reply is meant to be bad."""
    turns = [message for column in ("messages", "chosen") for message in row.get(column) or ()]
    return [turn["content"] for turn in turns if turn["role"] == "assistant"]


def map_texts(row: Row, change: Callable[[str], str]) -> Row:
    """A copy of the row with every message's text changed; all other columns stay."""
    changed = {
        column: [message | {"content": change(message["content"])} for message in row[column]]
        for column in COLUMNS
        if row.get(column)
    }
    return row | changed


def exchanges(row: Row) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """(the messages before it, reply) of every reply that the row teaches; a rejected reply is not one."""
    turns = [message for column in ("prompt", "messages", "chosen") for message in row.get(column) or ()]
    before: list[dict[str, Any]] = []
    taught = len(row.get("prompt") or ())  # replies within a `prompt` are context
    for number, turn in enumerate(turns):
        if turn["role"] == "assistant" and number >= taught:
            yield list(before), turn["content"]
        before.append(turn)


class Prompt:
    """What was asked before a reply, joined only when a rule wants to know; of a very long text the two ends."""

    def __init__(self, before: list[dict[str, Any]], limit: int = 20_000) -> None:
        self.before = before
        self.limit = limit  # characters

    @cached_property
    def text(self) -> str:
        asked = "\n".join(turn["content"] for turn in self.before if turn["role"] != "assistant")
        return asked if len(asked) <= self.limit else asked[: self.limit // 2] + asked[-self.limit // 2 :]

    def has(self, pattern: "re.Pattern[str] | str") -> bool:
        """Whether the pattern occurs; one given as a string is matched without regard to case."""
        return bool(re.search(pattern, self.text, re.IGNORECASE if isinstance(pattern, str) else 0))
