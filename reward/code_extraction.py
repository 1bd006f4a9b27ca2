"""The program in a reply, and its completion by the prompt's code.

The first block fenced as Python that defines the entry point, else the first such block, else the first block without
a language, else (no fence at all) the whole reply: HumanEval's protocol, which does not fail a reply for showing how
the function is called before it gives the function. A reply cut off inside a block counts up to its end. What stands
before the last </think> does not count.
"""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

MAX_PROGRAM = 200_000  # characters; longer ones are no programs
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>```+|~~~+)[ \t]*(?P<language>[^\n`]*)\n(?P<body>.*?)(?:^[ \t]*(?P=mark)[ \t]*$|\Z)", re.M | re.S
)
_PYTHON = ("python", "py", "python3")


def extract_program(reply: str, entry_point: str | None = None) -> str | None:
    """The reply's program as it stands, None where there is none. The text is not parsed: it is not trusted."""
    spoken = reply.rpartition("</think>")[2]
    if "<think>" in spoken:  # never closed
        spoken = spoken.partition("<think>")[0]
    blocks = [(match["language"].strip().lower(), match["body"]) for match in _FENCE.finditer(spoken)]
    python = [body for language, body in blocks if language.split(" ")[0] in _PYTHON]
    candidates = python or [body for language, body in blocks if not language]
    if not blocks:
        candidates = [spoken]
    found = next((body for body in candidates if entry_point and defines(body, entry_point)), None)
    program = found if found is not None else next(iter(candidates), "")
    return program if program.strip() and len(program) <= MAX_PROGRAM else None


def defines(program: str, name: str) -> bool:
    """Whether the text has a definition of the name at its left margin (of the class, for `Class.method`)."""
    first = re.escape(name.partition(".")[0])
    return (
        re.search(rf"^(?:(?:async[ \t]+)?def|class)[ \t]+{first}\b|^{first}[ \t]*(?::[^=\n]*)?=(?!=)", program, re.M)
        is not None
    )


def prompt_stub(prompt: Any, entry_point: str | None) -> str | None:
    """The unfinished program of a prompt (a text, or messages of which the last user's counts): HumanEval's `prompt`.

    That is what defines the entry point: a fenced block, or the whole text. None where nothing does.
    """
    if isinstance(prompt, Sequence) and not isinstance(prompt, str):
        asked = [message for message in prompt if isinstance(message, dict) and message.get("role") == "user"]
        prompt = asked[-1].get("content") if asked else None
    if not entry_point or not isinstance(prompt, str):
        return None
    blocks = [match["body"] for match in _FENCE.finditer(prompt)] or [prompt]
    return next((body for body in blocks if defines(body, entry_point)), None)


def stub_prelude(stub: str, entry_point: str) -> str:
    """What a stub gives before the function that is asked for: imports and helpers."""
    heads = list(re.finditer(rf"^(?:@.*\n)*(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(entry_point)}\b", stub, re.M))
    return stub[: heads[-1].start()] if heads else ""


def complete_program(program: str, stub: str | None, entry_point: str | None) -> str:
    """The program with what the prompt has given: its imports and helpers before a whole function, the whole stub
    before a body that only continues it."""
    if stub is None or entry_point is None:
        return program
    if defines(program, entry_point):
        prelude = stub_prelude(stub, entry_point)
        return program if "from __future__" in program else f"{prelude}\n{program}"
    return f"{stub.rstrip()}\n{_as_body(program)}"


def _as_body(program: str) -> str:
    """Indented as a function's body. A reply may have lost the indent of its first line, or of all."""
    lines = [line for line in program.strip("\n").splitlines() if line.strip()]
    if lines[0][0] in " \t":
        return program
    indents = [len(line) - len(line.lstrip()) for line in lines[1:]]
    block_opens = lines[0].rstrip().endswith(":") and bool(indents) and indents[0] <= 4
    if indents and min(indents) >= 4 and not block_opens:
        return " " * min(indents) + program.lstrip()
    return textwrap.indent(program, "    ")
