"""Rows from a file or a built-in name, in one shape: {"messages": [...], "answer"?, "id"?, "source", "where"}.

Formats are told by their columns: `messages`; `prompt` and `completion`; `question` and `answer` (GSM8K, whose
`<<3*4=12>>` calculator marks are taken out and whose `#### 12` becomes the row's `answer`); `instruction`, `input`,
`output` (Alpaca).
"""

import gzip
import json
import random
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from posttrain.chat import normalise_messages
from posttrain.errors import UserError

Row = dict[str, Any]
BUILT_IN = ("demo",)


def load_rows(source: str, *, limit: int | None = None, split: str = "train") -> list[Row]:
    """All rows of a `.jsonl`, `.json` or `.json(l).gz` file, or of the built-in `demo` (splits train and test).

    Every row is checked before any work starts. Raises UserError that names file and row.
    """
    if source in BUILT_IN:
        from posttrain.data.demo import demo_rows

        return demo_rows(split)[:limit]
    path = Path(source).expanduser()
    if not path.is_file():
        raise UserError(f"{source}: no such file (built-in: {', '.join(BUILT_IN)})")
    rows: list[Row] = []
    for number, raw in islice(_read(path), limit):
        where = f"row {number} of {path.name}"
        row = as_messages(raw, where)
        turns = normalise_messages(row["messages"], where)
        if turns[-1]["role"] != "assistant":
            raise UserError(f"{where}: a training row must end with a reply, found a user message last")
        rows.append(
            row | {"source": raw.get("source", path.name), "id": raw.get("id", f"{path.name}:{number}"), "where": where}
        )
    if not rows:
        raise UserError(f"{source}: the file has no rows")
    return rows


def as_messages(raw: Any, where: str) -> Row:
    """One raw row in any of the known formats as {"messages", "answer"?}."""
    if not isinstance(raw, dict):
        raise UserError(f"{where}: a row must be a JSON object, found {type(raw).__name__}")
    answer = {"answer": str(raw["answer"])} if raw.get("answer") is not None else {}
    if "messages" in raw:
        return {"messages": raw["messages"], **answer}
    if "prompt" in raw and "completion" in raw:
        return {"messages": _turns(raw["prompt"], "user") + _turns(raw["completion"], "assistant"), **answer}
    if "question" in raw and "answer" in raw:
        return _question_answer(raw["question"], raw["answer"], where)
    if "instruction" in raw and "output" in raw:
        parts = [raw["instruction"], raw.get("input") or ""]
        if not all(isinstance(part, str) for part in parts):
            raise UserError(f"{where}: `instruction` and `input` must be text")
        prompt = "\n\n".join(filter(None, parts))
        return {"messages": _turns(prompt, "user") + _turns(raw["output"], "assistant"), **answer}
    raise UserError(
        f"{where}: columns {', '.join(map(str, raw)) or '(none)'} fit no known format; give `messages`, "
        "`prompt` + `completion`, `question` + `answer`, or `instruction` + `output`"
    )


def hold_out(rows: list[Row], count: int, seed: int) -> tuple[list[Row], list[Row]]:
    """Take `count` rows out at random for evaluation; the rest keep their order. Raises UserError if none remains."""
    if count == 0:
        return rows, []
    if count >= len(rows):
        raise UserError(f"eval_rows={count} would hold out all {len(rows)} rows; lower it, or give --eval FILE")
    chosen = set(random.Random(seed).sample(range(len(rows)), count))
    return [row for i, row in enumerate(rows) if i not in chosen], [rows[i] for i in sorted(chosen)]


def _turns(value: Any, role: str) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [{"role": role, "content": value}]


def _question_answer(question: Any, answer: Any, where: str) -> Row:
    if not isinstance(question, str) or not isinstance(answer, str):
        raise UserError(f"{where}: `question` and `answer` must be text")
    messages = _turns(question, "user")
    if "####" not in answer:  # not GSM8K: nothing in it is a mark, and only a line can be a final answer
        final = {"answer": answer.strip()} if len(answer.strip().splitlines()) == 1 else {}
        return {"messages": messages + _turns(answer, "assistant"), **final}
    reply = re.sub(r"<<[^<>\n]*>>", "", answer)
    return {"messages": messages + _turns(reply, "assistant"), "answer": answer.rpartition("####")[2].strip()}


def _read(path: Path) -> Iterator[tuple[int, Any]]:
    """(row number from 1, parsed row); line numbers for JSON lines, positions for a JSON array."""
    name = path.name.removesuffix(".gz")
    if not name.endswith((".jsonl", ".json")):
        raise UserError(f"{path}: unknown file type; give .jsonl or .json (also .gz)")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:  # -sig: Windows editors write a byte order mark
        try:
            if name.endswith(".json"):
                content = json.load(file)
                yield from enumerate(content if isinstance(content, list) else [content], 1)
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield number, json.loads(line)
                    except json.JSONDecodeError as error:
                        raise UserError(
                            f"row {number} of {path.name}: broken JSON ({error.msg}, column {error.colno})"
                        ) from None
        except json.JSONDecodeError as error:
            raise UserError(f"{path.name}: broken JSON ({error.msg}, line {error.lineno})") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{path.name}: not UTF-8 text (byte {error.start})") from None
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise UserError(f"{path.name}: broken gzip file ({error})") from None
