"""The text inside a row, whichever columns hold it.

A row holds one of: `messages` (a conversation that ends with a reply), `prompt` (one that ends with the user; what RL
starts from), or `prompt` + `chosen` + `rejected` (a preference; the last two hold the reply turns). Each is a list of
{"role": "system" | "user" | "assistant", "content": str}.
"""

from collections.abc import Callable, Iterator
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
