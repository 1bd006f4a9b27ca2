"""The program in a reply, and its completion by the prompt's code.

The first block fenced as Python that defines what is asked for (the entry point, or what the tests call), else the
first such block, else the first block without a language: HumanEval's protocol, which does not fail a reply for showing
how the function is called before it gives the function. Other blocks that only define what that block uses go before
it. Without any fence it is the whole reply but for its prose. A reply cut off inside a block counts up to its end.
What stands before the last </think> does not count.
"""

import keyword
import re
import textwrap
from collections.abc import Sequence
from typing import Any

MAX_PROGRAM = 200_000  # characters; longer ones are no programs
# Quantifiers with a further + give nothing back: no text takes longer than its length.
_FENCE = re.compile(
    r"(?P<indent>[ \t]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)?+)(?P<mark>`{3,}+|~{3,}+)[ \t]*+(?P<tag>[^`]*+)"
)
_PYTHON = re.compile(r"\{?\.?i?py(?:thon)?[ ]?[23]?(?:\.\d+)*(?![\w+#-])")
_WORD = re.compile(r"[A-Za-z_]\w*+")
_FREE_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*+")  # and no attribute
_DEFINED = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w++)|^(\w++)[ \t]*+(?::[^=\n]*+)?=(?!=)", re.M)
_IMPORTED = re.compile(r"^(?:from[ \t][^\n]*?[ \t])?import[ \t]([^\n]*)", re.M)
_STRING = re.compile(r"\\.|'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"|#.*+")
_STATEMENT = re.compile(r"(?:async|class|def|from|import)\b|[@#)\]}\"']|\w++[ \t]*+(?::[^=\n]*+)?=(?!=)|$")


def extract_program(reply: str, entry_point: str | None = None, names: Sequence[str] = ()) -> str | None:
    """The reply's program as it stands, None where there is none. The text is not parsed: it is not trusted.

    names: where there is no entry point, what the tests use of the program.
    """
    spoken = reply.rpartition("</think>")[2]
    if "<think>" in spoken:  # never closed
        spoken = spoken.partition("<think>")[0]
    if len(spoken) > 10 * MAX_PROGRAM:
        return None
    blocks = find_blocks(spoken)
    python = [body for tag, body in blocks if _PYTHON.match(tag.lower())]
    candidates = python or [body for tag, body in blocks if not tag]
    if not blocks:
        candidates = _without_prose(spoken)
    program = _choose([one for one in candidates if one.strip()], [entry_point] if entry_point else names)
    return program if program.strip() and len(program) <= MAX_PROGRAM else None


def find_blocks(text: str) -> list[tuple[str, str]]:
    """(what follows the opening mark, body) of each fenced block, without the indent of its fence; in one pass."""
    blocks: list[tuple[str, list[str]]] = []
    mark, indent = "", 0  # of the block that is open
    for line in text.split("\n"):
        stripped = line.strip()
        if mark and stripped.startswith(mark) and not stripped.strip(mark[0]):
            blocks[-1][1].append("")
            mark = ""
        elif mark:
            blocks[-1][1].append(_unindented(line, indent))
        elif (found := _FENCE.match(line)) is not None and found.end() == len(line):
            mark, indent = found["mark"], len(found["indent"])
            blocks.append((found["tag"].strip(), []))
    return [(tag, "\n".join(lines)) for tag, lines in blocks]


def _unindented(line: str, width: int) -> str:
    return line[:width].lstrip(" \t") + line[width:]


def _choose(blocks: list[str], names: Sequence[str]) -> str:
    """The block that defines most of the names (the first of several), after those that it needs.

    Without names it is a program that runs by itself: the first block that does more than define."""
    if not blocks:
        return ""
    if names:
        chosen = max(blocks, key=lambda block: sum(_gives(block, name) for name in names))
    else:
        chosen = next((block for block in blocks if not _defines_only(block)), blocks[0])
    if names and not any(_gives(chosen, name) for name in names):
        return chosen  # a function's body, perhaps
    needed = _needed(chosen, [block for block in blocks if block is not chosen], names)
    return "\n".join([*needed, _at_margin(chosen, names)])


def _gives(block: str, name: str) -> int:
    """2 where the block defines the name at its margin, 1 where it does further in: as a method, or all indented."""
    inside = re.search(rf"^[ \t]*+def[ \t]+{re.escape(name.rpartition('.')[2])}\b", block, re.M)
    return 2 if defines(block, name) else int(inside is not None)


def _at_margin(program: str, names: Sequence[str]) -> str:
    """Without the indent of the whole, where it is a whole program that is indented and not a function's body."""
    if program[:1] not in (" ", "\t") or any(defines(program, name) for name in names):
        return program
    shifted = textwrap.dedent(program)
    return shifted if any(defines(shifted, name) for name in names) else program


def _needed(chosen: str, others: list[str], names: Sequence[str]) -> list[str]:
    """Of the other blocks those that only define, and define what the chosen one uses or what they themselves use."""
    firsts = {name.partition(".")[0] for name in names}
    rest = [block for block in others if not firsts & set(_FREE_WORD.findall(block)) and _defines_only(block)]
    givers: dict[str, list[int]] = {}
    for i, block in enumerate(rest):
        for name in _definitions(block):
            givers.setdefault(name, []).append(i)
    taken: set[int] = set()
    used, known = [chosen], _definitions(chosen)
    while used:
        for name in set(_WORD.findall(used.pop())) - known:
            known.add(name)
            if name in givers and not taken & set(givers[name]):
                taken.add(givers[name][0])
                used.append(rest[givers[name][0]])
    return [rest[i] for i in sorted(taken)]


def _definitions(block: str) -> set[str]:
    found = {name for pair in _DEFINED.findall(block) for name in pair if name}
    return found.union(*map(_WORD.findall, _IMPORTED.findall(block)))


def _defines_only(block: str) -> bool:
    """Whether nothing stands at its margin but imports, definitions and assignments, as far as lines show it."""
    return all(line[:1] in (" ", "\t", "") or _STATEMENT.match(line) for line in block.split("\n"))


def _without_prose(text: str) -> list[str]:
    """The stretches of a text between its lines of prose: all of it where there is no such line."""
    stretches: list[list[str]] = [[]]
    quote = ""  # what ends the text of several lines that is open
    prose = False
    for line in text.split("\n"):
        if not quote and _is_prose(line):
            prose = True
            stretches.append([])
        else:
            stretches[-1].append(line)
            quote = _open_quote(line, quote)
    if not prose:
        return [text]
    return [found for lines in stretches if (found := "\n".join(lines)).strip()]


def _is_prose(line: str) -> bool:
    """Whether a line at the margin holds two words side by side that no Python has: no name follows a name."""
    if line[:1] in ("", " ", "\t", "#", "@"):
        return False
    bare = _STRING.sub("''", line)
    if re.fullmatch(r"[A-Za-z]\w*+[.!:?]", bare.strip()):
        return not keyword.iskeyword(bare.strip()[:-1])
    pairs = re.finditer(r"(?=(?<![\w'])([A-Za-z]\w*+) ([A-Za-z]\w*+))", bare)
    return any(not _is_keyword(pair[1]) and not _is_keyword(pair[2]) for pair in pairs)


def _is_keyword(word: str) -> bool:
    return keyword.iskeyword(word) or word in keyword.softkwlist


def _open_quote(line: str, quote: str) -> str:
    """The triple quote that is still open at a line's end."""
    for found in re.findall(r'"""|\'\'\'', line):
        quote = "" if found == quote else quote or found
    return quote


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
        if isinstance(prompt, list):  # content parts
            prompt = "".join(part.get("text") or "" for part in prompt if isinstance(part, dict))
    if not entry_point or not isinstance(prompt, str):
        return None
    blocks = [body for _, body in find_blocks(prompt)] or [prompt]
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
