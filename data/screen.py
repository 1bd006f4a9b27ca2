"""One source's raw rows through format and filters: what stays, and a record of everything that did not."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from posttrain.chat import count_tokens
from posttrain.data.conversation import COLUMNS, Row, prompts
from posttrain.data.filters import Filter, Finding
from posttrain.data.filters.registry import build_filter
from posttrain.data.formats import AllAlikeError, as_kind, detect_format, read_row
from posttrain.data.preferences import Verifier, load_function, score_samples
from posttrain.data.sources import BadRow, parse_raw
from posttrain.data.spec import MixtureSpec
from posttrain.errors import UserError

MALFORMED = "malformed"  # the name under which unreadable rows are counted, as if by a filter


@dataclass
class Screened:
    """A batch of raw rows after screening."""

    read: int = 0
    rows: list[Row] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)  # of `finding_record`
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # by filter
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # rows that came to each filter
    formats: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Screen:
    """Rows of one source through its format and its stateless filters.

    Called with raw rows in batches, in any process: it keeps no memory of them.
    """

    def __init__(self, spec: MixtureSpec, name: str):
        self.spec, self.name, self.source = spec, name, spec.sources[name]
        # A source that is named after its file would only say the name twice.
        self.prefix = "" if self.source.origin.endswith(name) else f"{name}: "

    @cached_property
    def filters(self) -> list[tuple[str, Filter]]:
        built = [(n, build_filter(n, settings, self.spec.folder)) for n, settings in self.spec.filters_of(self.name)]
        return [(name, one) for name, one in built if not one.stateful]

    @cached_property
    def verifier(self) -> Verifier | None:
        return load_function(self.source.verifier, "verifier") if self.source.verifier else None

    @cached_property
    def tokenizer(self):
        from posttrain.gemma import load_tokenizer

        return load_tokenizer(self.spec.tokenizer) if self.spec.tokenizer else None

    def __call__(self, batch: list) -> Screened:
        result = Screened(read=len(batch))
        for where, content in batch:
            self._read(content, f"{self.prefix}{where}", result)
        self._count_tokens(result)
        for name, one in self.filters:
            started = time.perf_counter()
            result.seen[name] += len(result.rows)
            result.rows = [row for row in (self._pass(name, one, row, result) for row in result.rows) if row]
            result.seconds[name] += time.perf_counter() - started
        result.rows = [row for row in result.rows if self._has_replies(row, result)]
        return result

    def _read(self, content: Any, where: str, result: Screened) -> None:
        started, raw = time.perf_counter(), None
        _, number, _, file = where.removeprefix(self.prefix).split(" ", 3)
        try:
            raw = parse_raw(content, where)
            format = self.source.format or detect_format(raw, where)
            row = self._scored(read_row(raw, where, format, tuple(self.source.columns)), where)
            row = as_kind(row, self.spec.kind, where)
            subset = {"subset": raw["source"]} if isinstance(raw.get("source"), str) else {}
            row |= subset | {
                "source": self.name,
                "id": f"{file}:{number}" if raw.get("id") in (None, "") else str(raw["id"]),
            }
            _check_text(row, where)
            result.rows.append(row | {"where": where})
            result.formats[format] += 1
        except AllAlikeError as error:
            result.findings.append(finding_record(where, None, "samples", Finding("all_alike", str(error)), raw))
        except UserError as error:
            message = str(error) if str(error).startswith(self.prefix) else f"{self.prefix}{error}"
            self._malformed(message, where, raw if raw is not None else content, result)
        except (
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            RecursionError,
        ) as error:  # an odder row than we thought of
            fault = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            self._malformed(f"{where}: cannot be read ({fault})", where, raw if raw is not None else content, result)
        result.seconds["read"] += time.perf_counter() - started

    def _scored(self, row: Row, where: str) -> Row:
        """The row; its samples with scores where the source names a verifier for them."""
        if "samples" not in row or "scores" in row or self.verifier is None:
            return row
        try:
            return row | {"scores": score_samples(self.verifier, row, where)}
        except (Exception, SystemExit) as error:  # a user's function can raise anything, or call exit(): say where
            fault = f"verifier {self.source.verifier} failed: {type(error).__name__}: {error}"
            raise UserError(f"{where}: {' '.join(fault.split())}") from None

    def _malformed(self, message: str, where: str, raw: Any, result: Screened) -> None:
        if self.spec.on_bad_row == "error":
            raise UserError(message)
        raw = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
        raw = raw.raw if isinstance(raw, BadRow) else raw
        excerpt = message.removeprefix(f"{where}: ")
        result.findings.append(finding_record(where, None, MALFORMED, Finding(MALFORMED, excerpt), raw))

    def _count_tokens(self, result: Screened) -> None:
        if not self.tokenizer or not result.rows:
            return
        started = time.perf_counter()
        whole = [row.get("messages") or row["prompt"] + row.get("chosen", []) for row in result.rows]
        for row, (tokens, trained) in zip(result.rows, count_tokens(whole, self.tokenizer), strict=True):
            row |= {"tokens": tokens, "reply_tokens": trained}
        result.seconds["tokenise"] += time.perf_counter() - started

    def _pass(self, name: str, one: Filter, row: Row, result: Screened) -> Row | None:
        found = judge(name, one, row, skip=self.spec.on_bad_row == "skip")
        if found is None:
            return row
        result.findings.append(finding_record(row["where"], row["id"], name, found, row))
        return found.row

    def _has_replies(self, row: Row, result: Screened) -> bool:
        """Empty replies pass the reader so that a filter may count them; without that filter they are malformed."""
        for column in ("messages", "chosen", "rejected"):
            for message in row.get(column) or ():
                if message["role"] == "assistant" and not message["content"].strip():
                    fault = f"{row['where']}: an empty reply; drop the row, fill it, or add the filter empty_or_cut"
                    self._malformed(fault, row["where"], row, result)
                    return False
        return True


def finding_record(where: str, id: str | None, filter: str, found: Finding, before: Any) -> dict[str, Any]:
    """A finding as a line of rejected.jsonl or changed.jsonl."""
    return {
        "where": where,
        "id": id,
        "filter": filter,
        "reason": found.reason,
        "excerpt": found.excerpt[:300],
        "overlaps": found.overlaps,
        "before": before,
        "after": found.row,
    }


def judge(name: str, one: Filter, row: Row, *, skip: bool) -> Finding | None:
    """The filter's finding. One that raises is a UserError that says where; with `skip` it is a finding of its own."""
    try:
        return one(row)
    except (Exception, SystemExit) as error:  # a user's filter can raise anything, or call exit()
        fault = " ".join(f"filter {name} failed: {type(error).__name__}: {error}".split())
        if not skip:
            raise UserError(f"{row['where']}: {fault}") from None
        return Finding(MALFORMED, fault)


def json_line(value: Any) -> str:
    """The value as a line of JSON: readable text, but for halves of characters, which a file could not hold."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, default=str)
    return text + "\n"


def _check_text(row: Row, where: str) -> None:
    """Raises UserError for a column with half a character (a lone surrogate); messages were looked at before."""
    for column, value in row.items():
        if column not in COLUMNS:
            try:
                (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).encode()
            except UnicodeEncodeError:
                raise UserError(f"{where}: `{column}` has half a character (a lone surrogate); mend it") from None


def prompt_text(row: Row) -> str:
    """What is asked, in one string: rows that share it belong on one side of a split."""
    return "\n\n".join(" ".join(text.casefold().split()) for text in prompts(row))
