"""An evaluation on disk: a record a row, added batch by batch, that a killed run goes on from.

DIR/TASK.jsonl      {"index", "id", "prompt", "replies": [{"text", "tokens", "stopped", "correct", "extracted", …}]}
DIR/TASK.run.json   what the records were made with: model, rows, settings; written first
DIR/results.json    the metrics by task, and the settings; written last
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posttrain.errors import UserError
from posttrain.tracking import append_lines, read_lines, write_whole

RESULTS = "results.json"
DIGEST = re.compile(r"(?:\w+ )?[0-9a-f]{32,}")
DIGESTS = {"rows": "other rows, by --data, --limit or their contents", "model": "a model of other weights"}
Record = dict[str, Any]


class Records:
    """The records of one task in a folder, or only in memory where `folder` is None."""

    def __init__(self, folder: Path | None, task: str, run: dict[str, Any]):
        """run: what must be the same to go on. Raises UserError, naming a key, where the folder's records differ."""
        self.path = folder and folder / f"{task}.jsonl"
        self.by_index: dict[int, Record] = {}
        if folder is None or self.path is None:
            return
        make_folder(folder)
        about = folder / f"{task}.run.json"
        if about.exists():
            _check_same(_read_json(about), run, folder, task)
            found = _read_records(self.path)
            if len(found) != len(self.path.read_bytes().splitlines() if self.path.exists() else ()):
                write_whole(self.path, "".join(json.dumps(record) + "\n" for record in found))  # a line cut by a kill
            self.by_index = {record["index"]: record for record in found}
        else:
            self.path.unlink(missing_ok=True)
            write_whole(about, json.dumps(run, indent=2) + "\n")

    def add(self, records: Sequence[Record]) -> None:
        """Keep the records, on disk too before this returns."""
        if self.path:
            append_lines(self.path, list(records))
        self.by_index |= {record["index"]: record for record in records}

    def in_order(self) -> list[Record]:
        return [self.by_index[index] for index in sorted(self.by_index)]


def make_folder(folder: Path) -> None:
    """The folder, with its parents. Raises UserError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {folder}: the folder cannot be made ({error.strerror}): choose another") from error


def write_results(folder: Path, task: str, run: dict[str, Any], metrics: dict[str, float]) -> None:
    """Add the task's metrics to the folder's results, which are there whole or not at all."""
    path = folder / RESULTS
    results = _read_json(path) if path.exists() else {}
    write_whole(path, json.dumps(results | {task: {"metrics": metrics, "run": run}}, indent=2) + "\n")


def read_records(folder: Path, task: str) -> list[Record]:
    """The records of a finished task. Raises UserError where there are none."""
    found = {record["index"]: record for record in _read_records(folder / f"{task}.jsonl")}
    if not found:
        raise UserError(f"{folder}: has no records of task {task}")
    return [found[index] for index in sorted(found)]


def read_results(folder: Path) -> dict[str, Any]:
    """{task: {"metrics", "run"}}. Raises UserError for a folder without finished results."""
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(f"{folder}: has no {RESULTS}: not an evaluation, or one that was cut short (run it again)")
    return _read_json(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: is damaged ({error}): evaluate anew with --overwrite") from error


def _read_records(path: Path) -> list[Record]:
    try:
        return read_lines(path)
    except ValueError as error:
        raise UserError(f"{path}: has a damaged line ({error}): evaluate anew with --overwrite") from error


def _change(key: str, before: Any, now: Any) -> str:
    """A setting that differs, in words where its values are digests of what cannot be shown."""
    if all(isinstance(value, str) and DIGEST.fullmatch(value) for value in (before, now)):
        return DIGESTS.get(key, f"other {key}")
    return f"{key}: {before!r} then, {now!r} now"


def _check_same(before: dict[str, Any], now: dict[str, Any], folder: Path, task: str) -> None:
    differing = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    if "rows" in differing and "prompts" in differing:
        differing.remove("prompts")  # they are made of the rows
    if differing:
        changes = ", ".join(_change(key, before.get(key), now.get(key)) for key in differing[:3])
        raise UserError(
            f"{folder} holds records of {task} made with other settings ({changes}): set them back to go on, "
            "choose another --out, or --overwrite to begin anew"
        )
