"""The public formats of chat, preference and prompt rows, each read into one shape.

A reader takes a raw row (columns as they stand in the file) to a row of `posttrain.data.conversation`: `messages`,
`prompt`, or `prompt` + `chosen` + `rejected`, beside them what verifiers need (`answer`, `tests`, `entry_point`,
`instruction_id_list`, `instruction_kwargs`). The format is told by the columns, or stated.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from posttrain.chat import Message, read_messages
from posttrain.data.conversation import Row
from posttrain.data.preferences import best_pair
from posttrain.errors import UserError
from posttrain.pairs import read_margin

KINDS = ("chat", "prompt", "preference")
NOT_KEPT = ("messages", "prompt", "chosen", "rejected", "samples", "scores")  # when a row changes its kind
# Columns that verifiers and reports read; kept from any format under these names.
KEPT = (
    "answer",
    "tests",
    "public_tests",
    "entry_point",
    "instruction_id_list",
    "instruction_kwargs",
    "language",
    "kind",
)
SHAREGPT_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant"}
HH_TURN = re.compile(r"\n\n(Human|Assistant): ?")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|(?<=\s)([^\s$\\{}]+))")


def _messages(raw: Row, where: str) -> Row:
    return {"messages": _with_system(raw, _listed(raw["messages"], where, "messages"))}


def _sharegpt(raw: Row, where: str) -> Row:
    column = "conversations" if "conversations" in raw else "conversation"
    turns = []
    for position, turn in enumerate(_listed(raw[column], where, column), 1):
        if not isinstance(turn, dict) or not {"from", "value"} <= turn.keys():
            raise UserError(f"{where}: `{column}` entry {position} must have `from` and `value`, found {turn!r:.60}")
        role = str(turn["from"]).lower()
        turns.append({"role": SHAREGPT_ROLES.get(role, role), "content": turn["value"]})
    return {"messages": _with_system(raw, turns)}


def _alpaca(raw: Row, where: str) -> Row:
    parts = [_text(raw, "instruction", where), raw.get("input") or raw.get("context") or ""]
    if not isinstance(parts[1], str):
        raise UserError(f"{where}: `input` must be text, found {type(parts[1]).__name__}")
    reply = _text(raw, "output" if "output" in raw else "response", where)
    return {"messages": _with_system(raw, _dialogue("\n\n".join(filter(None, parts)), reply))}


def _prompt_completion(raw: Row, where: str) -> Row:
    column = "completion" if "completion" in raw else "response"
    return {"messages": _with_system(raw, _turns(raw["prompt"], "user")) + _turns(raw[column], "assistant")}


def _question_answer(raw: Row, where: str) -> Row:
    """GSM8K: `<<3*4=12>>` marks are taken out, and `#### 12` is the answer. Other answers: a single line is one."""
    question, answer = _text(raw, "question", where), _text(raw, "answer", where)
    mark = re.search(r"#### *([^\n]+)\s*$", answer)
    if mark is None:
        final = {"answer": answer.strip()} if len(answer.strip().splitlines()) == 1 else {}
        return {"messages": _dialogue(question, answer), "answer": None} | final
    reply = re.sub(r"<<[^<>\n]*>>", "", answer)
    return {"messages": _dialogue(question, reply), "answer": mark[1].strip()}


def _math(raw: Row, where: str) -> Row:
    """MATH: the solution's last \\boxed{…} is the answer, unless the row states one."""
    question, solution = ("problem", "solution") if "problem" in raw else ("input", "output")
    reply = _text(raw, solution, where)
    stated = raw.get("answer")
    answer = str(stated) if stated not in (None, "") else last_boxed(reply)
    return {"messages": _dialogue(_text(raw, question, where), reply), "answer": answer}


def _preference(raw: Row, where: str) -> Row:
    """`chosen` and `rejected`: replies to `prompt`, or whole conversations that share all but the end (HH-RLHF too).

    `margin`, where there is one: how much better the chosen reply is, a number or an ordinal label (posttrain.pairs).
    """
    chosen, rejected = (_conversation(raw[column], where, column) for column in ("chosen", "rejected"))
    margin = {} if raw.get("margin") is None else {"margin": read_margin(raw["margin"], where)}
    if len(chosen) == 1 or chosen[0]["role"] in ("assistant", "model"):
        return {"prompt": _with_system(raw, _asked(raw, where)), "chosen": chosen, "rejected": rejected} | margin
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and _same(chosen[shared], rejected[shared]):
        shared += 1
    shared -= chosen[shared - 1]["role"] in ("assistant", "model") if shared else 0
    prompt = _with_system(raw, chosen[:shared])
    return {"prompt": prompt, "chosen": chosen[shared:], "rejected": rejected[shared:]} | margin


def _asked(raw: Row, where: str) -> list[Message]:
    """What two replies answer: `prompt`, `question` (Orca's pairs), or Alpaca's `instruction` and `input`."""
    column = next((column for column in ("prompt", "question", "instruction", "input") if raw.get(column)), None)
    if column is None:
        raise UserError(f"{where}: `chosen` holds only a reply, and there is no `prompt`")
    if column == "instruction" and isinstance(raw.get("input"), str):
        return _turns("\n\n".join(filter(None, (_text(raw, column, where), raw["input"]))), "user")
    return _turns(raw[column], "user")


def _ifeval(raw: Row, where: str) -> Row:
    """IFEval and IFBench prompts; `kwargs` without the keys that are null, as JSON text."""
    given = raw.get("kwargs", raw.get("instruction_kwargs")) or []
    given = _json(given, where, "kwargs") if isinstance(given, str) else given
    names = raw["instruction_id_list"]
    if not isinstance(names, list) or not isinstance(given, list) or len(names) != len(given):
        raise UserError(f"{where}: `instruction_id_list` and `kwargs` must be lists of one length")
    if not all(isinstance(name, str) for name in names) or not all(isinstance(one, dict | None) for one in given):
        raise UserError(f"{where}: `instruction_id_list` must hold names, and `kwargs` maps or null")
    kwargs = [{key: value for key, value in (one or {}).items() if value is not None} for one in given]
    row = {"instruction_id_list": names, "instruction_kwargs": kwargs}
    return row | (_messages(raw, where) if raw.get("messages") is not None else _prompt(raw, where))


def _humaneval(raw: Row, where: str) -> Row:
    prompt = f"Complete this Python function.\n\n```python\n{_text(raw, 'prompt', where).rstrip()}\n```"
    row: Row = {"prompt": _turns(prompt, "user"), "tests": raw["test"], "entry_point": raw["entry_point"]}
    if isinstance(raw.get("canonical_solution"), str):
        code = f"```python\n{raw['prompt'].rstrip()}\n{raw['canonical_solution'].rstrip()}\n```"
        row = {"messages": _dialogue(prompt, code)} | {key: row[key] for key in ("tests", "entry_point")}
    return row


def _mbpp(raw: Row, where: str) -> Row:
    """MBPP, and its sanitised form: what the asserts stand on (imports, a tree to walk) leads the `tests`, unasked."""
    asserts = _listed(raw["test_list"], where, "test_list")
    task = _text(raw, "text" if "text" in raw else "prompt", where)
    prompt = f"{task}\n\nYour code should pass these tests:\n\n```python\n" + "\n".join(map(str, asserts)) + "\n```"
    imports = raw.get("test_imports") and _listed(raw["test_imports"], where, "test_imports")
    setup = [*(imports or []), raw.get("test_setup_code") or ""]
    if not all(isinstance(line, str) for line in setup):
        raise UserError(f"{where}: `test_imports` must hold text and `test_setup_code` be text")
    tests = [line.strip() for line in setup if line.strip()] + asserts
    if not isinstance(raw.get("code"), str):
        return {"prompt": _turns(prompt, "user"), "tests": tests}
    return {"messages": _dialogue(prompt, f"```python\n{raw['code'].strip()}\n```"), "tests": tests}


def _samples(raw: Row, where: str) -> Row:
    """Replies of one model to one prompt, with a score each unless a verifier is to give them."""
    samples = _listed(raw["samples"], where, "samples")
    if not all(isinstance(sample, str) for sample in samples):
        raise UserError(f"{where}: `samples` must be a list of text")
    row = {"prompt": _with_system(raw, _turns(raw["prompt"], "user")), "samples": samples}
    if raw.get("scores") is None:
        return row
    scores = _listed(raw["scores"], where, "scores")
    if len(scores) != len(samples) or not all(map(_is_score, scores)):
        raise UserError(f"{where}: `scores` must hold a number or null for each of the {len(samples)} samples")
    return row | {"scores": scores}


def _prompt(raw: Row, where: str) -> Row:
    return {"prompt": _with_system(raw, _turns(raw["prompt"], "user"))}


@dataclass(frozen=True)
class Format:
    """A format: its reader, and the sets of columns of which it needs one."""

    read: Callable[[Row, str], Row]
    needs: tuple[frozenset[str], ...]

    def fits(self, columns: set[str]) -> bool:
        return any(need <= columns for need in self.needs)


def _format(read: Callable[[Row, str], Row], *needs: str) -> Format:
    return Format(read, tuple(frozenset(need.split()) for need in needs))


# In the order in which they are tried: what needs more, or tells more, first.
FORMATS = {
    "ifeval": _format(_ifeval, "prompt instruction_id_list", "messages instruction_id_list"),
    "preference": _format(_preference, "chosen rejected"),
    "samples": _format(_samples, "prompt samples"),
    "messages": _format(_messages, "messages"),
    "sharegpt": _format(_sharegpt, "conversations", "conversation"),
    "prompt_completion": _format(_prompt_completion, "prompt completion", "prompt response"),
    "humaneval": _format(_humaneval, "prompt test entry_point"),
    "mbpp": _format(_mbpp, "text test_list", "prompt test_list"),
    "math": _format(_math, "problem solution", "input output answer"),
    "question_answer": _format(_question_answer, "question answer"),
    "alpaca": _format(_alpaca, "instruction output", "instruction response"),
    "prompt": _format(_prompt, "prompt"),
}
# `math`'s second set of columns is only for rows that say so: `instruction` beside it is Alpaca's.
_STATED_ONLY = {"math": {"instruction"}}


def detect_format(raw: Any, where: str) -> str:
    """The format that the row's columns tell. Raises UserError, listing the known ones, where none fits."""
    if not isinstance(raw, dict):
        raise UserError(f"{where}: a row must be a JSON object, found {type(raw).__name__}")
    columns = {key for key, value in raw.items() if value is not None}
    for name, known in FORMATS.items():
        if known.fits(columns) and not columns & _STATED_ONLY.get(name, set()):
            return name
    raise UserError(
        f"{where}: columns {', '.join(map(str, raw)) or '(none)'} fit no known format; give `messages`, "
        "`prompt` + `completion`, `question` + `answer`, `instruction` + `output`, `chosen` + `rejected`, … "
        f"(formats: {', '.join(FORMATS)})"
    )


def read_row(raw: Any, where: str, format: str | None = None, columns: tuple[str, ...] = ()) -> Row:
    """One raw row in a stated or detected format; conversations are checked, contents are text and trimmed.

    columns: further columns of the raw row to keep. Empty replies pass here, for a filter to count.
    Raises UserError that begins with `where`.
    """
    detected = detect_format(raw, where) if format is None else _stated(raw, where, format)
    row = FORMATS[detected].read(raw, where)
    kept = {key: raw[key] for key in (*KEPT, *columns) if raw.get(key) is not None and key not in row}
    missing = [column for column in columns if column not in raw]
    if missing:
        raise UserError(f"{where}: no column {missing[0]!r} (columns: {', '.join(map(str, raw))})")
    row = check_conversations(row, where) | kept
    if row.get("answer") is not None:
        row["answer"] = str(row["answer"])
    return {key: value for key, value in row.items() if value is not None}


class AllAlikeError(ValueError):
    """No two samples of the row differ in score, so that there is nothing to prefer."""


def as_kind(row: Row, kind: str, where: str) -> Row:
    """The row as `chat` (to be trained on), `prompt` (for RL) or `preference`. Raises UserError where it cannot be.

    Scored samples become the best against the worst as a preference, or the best alone as chat (best of n). Raises
    AllAlikeError where they score alike.
    """
    if "samples" in row and kind != "prompt":
        row = _judged(row, where)
    rest = {key: value for key, value in row.items() if key not in NOT_KEPT}
    if kind == "preference":
        if "chosen" not in row:
            raise UserError(f"{where}: a preference needs `chosen` and `rejected`")
        return row
    if kind == "chat":
        messages = row.get("messages") or (row["prompt"] + row["chosen"] if "chosen" in row else None)
        if messages is None:
            raise UserError(f"{where}: a chat row needs a reply, and this one has only a prompt (no `completion`, …)")
        if messages[-1]["role"] != "assistant":
            raise UserError(f"{where}: a training row must end with a reply, found a user message last")
        return {"messages": messages} | rest
    prompt = row.get("prompt") or row["messages"]
    while prompt and prompt[-1]["role"] == "assistant":
        prompt = prompt[:-1]
    return {"prompt": prompt} | rest


def _judged(row: Row, where: str) -> Row:
    """Scored samples as a preference with its `margin`, the difference of the scores."""
    if "scores" not in row:
        raise UserError(f"{where}: samples need `scores`, or a `verifier` that gives them")
    samples, scores = row["samples"], row["scores"]
    pair = best_pair(samples, scores)
    if pair is None:
        raise AllAlikeError(f"scores {', '.join(map(str, scores))}"[:200])
    chosen, rejected = ([{"role": "assistant", "content": samples[index]}] for index in pair)
    rest = {key: value for key, value in row.items() if key not in ("samples", "scores")}
    return rest | {"chosen": chosen, "rejected": rejected, "margin": scores[pair[0]] - scores[pair[1]]}


def last_boxed(text: str) -> str | None:
    """What stands in the last \\boxed{…} or \\fbox{…}, its braces in balance, or the word after `\\boxed `."""
    *_, box = (None, *_BOX.finditer(text))
    if box is None:
        return None
    if box[1]:  # `\boxed 2`, as a few solutions of MATH have it
        return box[1]
    depth = 0
    for end in range(box.end() - 1, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[box.end() : end]
    return None


def _stated(raw: Any, where: str, format: str) -> str:
    if format not in FORMATS:
        raise UserError(f"unknown format {format!r}; known are {', '.join(FORMATS)}")
    if not isinstance(raw, dict):
        raise UserError(f"{where}: a row must be a JSON object, found {type(raw).__name__}")
    needs = FORMATS[format].needs
    if not FORMATS[format].fits({key for key, value in raw.items() if value is not None}):
        wanted = " or ".join(" + ".join(f"`{column}`" for column in sorted(need)) for need in needs)
        raise UserError(
            f"{where}: format {format} needs {wanted}, found columns {', '.join(map(str, raw)) or '(none)'}"
        )
    return format


def check_conversations(row: Row, where: str) -> Row:
    """Every conversation read by `read_messages`: roles alternate over prompt and reply, contents are text."""
    if "messages" in row:
        return row | {"messages": read_messages(row["messages"], where, allow_empty=True)}
    prompt = read_messages(row["prompt"], where, allow_empty=True) if row.get("prompt") else []
    if not prompt or prompt[-1]["role"] != "user":
        raise UserError(f"{where}: the prompt must end with a user message")
    checked: Row = {"prompt": prompt}
    for column in ("chosen", "rejected"):
        if column in row:
            whole = read_messages([*row["prompt"], *row[column]], f"{where}: `{column}`", allow_empty=True)
            if whole[-1]["role"] != "assistant":
                raise UserError(f"{where}: `{column}` must end with a reply")
            checked[column] = whole[len(prompt) :]
    if "chosen" in checked and checked["chosen"] == checked.get("rejected"):
        raise UserError(f"{where}: `chosen` and `rejected` are the same")
    return row | checked


def _dialogue(prompt: str, reply: str) -> list[Message]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]


def _with_system(raw: Row, turns: list[Message]) -> list[Message]:
    """The turns after the system message that some sets keep in a column of its own, unless they begin with one."""
    text = raw.get("system")
    begins = bool(turns) and isinstance(turns[0], dict) and turns[0].get("role") in ("system", "developer")
    return (
        turns
        if begins or not isinstance(text, str) or not text.strip()
        else [{"role": "system", "content": text}, *turns]
    )


def _turns(value: Any, role: str) -> list[Message]:
    return value if isinstance(value, list) else [{"role": role, "content": value}]


def _conversation(value: Any, where: str, column: str) -> list[Message]:
    """A preference's side: a message list, HH-RLHF's `\\n\\nHuman: … \\n\\nAssistant: …` text, or a plain reply."""
    if isinstance(value, dict | list):
        turns = [value] if isinstance(value, dict) else _listed(value, where, column)
        if not all(isinstance(turn, dict) and "role" in turn for turn in turns):
            raise UserError(f"{where}: `{column}` must be a list of {{role, content}}, found {value!r:.60}")
        return turns
    if not isinstance(value, str):
        raise UserError(f"{where}: `{column}` must be text or a list of messages, found {type(value).__name__}")
    if not HH_TURN.match(value if value.startswith("\n\n") else f"\n\n{value}"):
        return [{"role": "assistant", "content": value}]
    _, *parts = HH_TURN.split(value if value.startswith("\n\n") else f"\n\n{value}")
    roles = {"Human": "user", "Assistant": "assistant"}
    return [{"role": roles[name], "content": text} for name, text in zip(parts[::2], parts[1::2], strict=True)]


def _is_score(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and abs(value) < 1e30)  # no NaN, no infinity


def _same(one: Message, other: Message) -> bool:
    return isinstance(one, dict) and isinstance(other, dict) and one == other


def _listed(value: Any, where: str, column: str) -> list:
    value = _json(value, where, column) if isinstance(value, str) and value.lstrip().startswith("[") else value
    if not isinstance(value, list) or not value:
        raise UserError(f"{where}: `{column}` must be a list of at least one entry, found {value!r:.60}")
    return value


def _json(text: str, where: str, column: str) -> Any:
    """A nested value that a CSV or Parquet column holds as JSON text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: `{column}` is not readable as JSON ({error.msg})") from None


def _text(raw: Row, column: str, where: str) -> str:
    value = raw.get(column)
    if not isinstance(value, str):
        raise UserError(f"{where}: `{column}` must be text, found {type(value).__name__}")
    return value
