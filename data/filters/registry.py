"""The filters by the names that a mixture's YAML uses, and a user's own as `module:function`."""

import copy
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from posttrain.data.conversation import COLUMNS
from posttrain.data.filters import Filter, Finding, Row
from posttrain.data.formats import check_conversations, read_row
from posttrain.data.preferences import load_function
from posttrain.data.sources import Source, open_source, parse_raw
from posttrain.errors import UserError, nearest

# name -> (module of this package, class); imported on first use, since some bring a package of their own.
FILTERS = {
    "empty_or_cut": ("quality", "EmptyOrCut"),
    "repetition": ("repetition", "Repetition"),
    "length": ("quality", "Length"),
    "personal_information": ("personal", "PersonalInformation"),
    "self_identification": ("identity", "SelfIdentification"),
    "unsafe": ("safety", "Unsafe"),
    "language": ("language", "Language"),
    "duplicates": ("duplicates", "Duplicates"),
    "contamination": ("contamination", "Contamination"),
}
Entry = tuple[str, dict[str, Any]]


@dataclass
class Custom:
    """A user's function `f(row, **settings)`: true or None keeps the row, false drops it, a dict takes its place.

    It may also return a Finding of its own. Changed rows must keep the columns that they have.
    """

    function: Callable[..., Any]
    settings: dict[str, Any]
    stateful: bool = False

    def __call__(self, row: Row) -> Finding | None:
        given = self.function(copy.deepcopy(row), **self.settings)  # what it does to its row in place changes nothing
        given = bool(given) if isinstance(given, np.bool_) else given
        if given is None or given is True or (isinstance(given, dict) and given == row):
            return None
        if given is False:
            return Finding("rejected")
        if isinstance(given, dict):
            return Finding("changed", row=_checked_change(row, given))
        if isinstance(given, Finding):
            return given
        raise TypeError(f"a filter returns True, False, None, a row or a Finding, not {type(given).__name__}")


def _checked_change(row: Row, given: Row) -> Row:
    """The row that a user's filter returned, with our own columns as they were. Raises UserError if it is no row."""
    given = {key: value for key, value in given.items() if key not in OURS}
    ours = {key: row[key] for key in OURS if key in row}
    missing = [column for column in COLUMNS if column in row and column not in given]
    if missing:
        raise UserError(f"the row that it returned has no `{missing[0]}`")
    return check_conversations(given, "the row that it returned") | ours


def read_filters(entries: list, where: str) -> list[Entry]:
    """(name, settings) of a YAML list such as `[empty_or_cut, {length: {max_tokens: 2048}}]`.

    Raises UserError that begins with `where` for an unknown name (naming the nearest) or one that stands twice.
    """
    found: list[Entry] = []
    for entry in entries:
        name, settings = entry, None
        if isinstance(entry, dict) and len(entry) == 1:
            (name, settings), *_ = entry.items()
        if not isinstance(name, str) or not isinstance(settings, dict | None):
            raise UserError(f"{where}: a filter is a name, or {{name: {{setting: value}}}}; found {entry!r:.60}")
        if name not in FILTERS and ":" not in name:
            hint = nearest(name, FILTERS) or f" (known: {', '.join(FILTERS)}, or module:function)"
            raise UserError(f"{where}: unknown filter {name!r}{hint}")
        if name in (known for known, _ in found):
            raise UserError(f"{where}: filter {name!r} stands twice")
        try:
            json.dumps(settings, sort_keys=True)
        except TypeError:
            raise UserError(f"{where}: filter {name}: settings must be text, numbers, lists or maps of them") from None
        found.append((name, settings or {}))
    return found


def build_filter(name: str, settings: dict[str, Any], folder: Path = Path()) -> Filter:
    """The filter, ready to be called. Raises UserError for an unknown setting or a bad value.

    folder: what the paths in `against` (evaluation sets of `contamination`) are relative to.
    """
    if ":" in name:
        return _custom(name, settings)
    module, kind = FILTERS[name]
    try:
        build = getattr(import_module(f"posttrain.data.filters.{module}"), kind)
    except ImportError as error:
        raise UserError(f'filter {name}: {error.name} is not installed: pip install "posttrain[data]"') from None
    if name == "contamination":
        settings = settings | {"against": evaluation_sets(settings.get("against"), folder)}
    known = {key for key in inspect.signature(build).parameters if key != "stateful"}
    unknown = settings.keys() - known
    if unknown:
        raise UserError(f"filter {name}: unknown setting {min(unknown)!r} (known: {', '.join(sorted(known))})")
    return build(**settings)


def fingerprint_filter(name: str, settings: dict[str, Any], folder: Path = Path()) -> list[str]:
    """What decides the filter's verdicts beside its settings: a user's source code, the evaluation sets' contents."""
    if ":" in name:
        load_function(name, "filter")
        origin = getattr(sys.modules[name.partition(":")[0]], "__file__", None)
        return [hashlib.sha256(Path(origin).read_bytes()).hexdigest()] if origin else []
    if name == "contamination":
        return [source.fingerprint() for _, source, _ in _evaluation_sources(settings.get("against"), folder)]
    return []


def evaluation_sets(against: Any, folder: Path = Path()) -> dict[str, list[tuple[str, str]]]:
    """{set: [(item id, what the user asks)]} of evaluation files and built-in sets, for decontamination."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for label, source, format in _evaluation_sources(against, folder):
        if label in sets:
            raise UserError(f"filter contamination: `against` names {label} twice")
        items = []
        for where, content in source.rows():
            row = read_row(parse_raw(content, where), where, format)
            turns = row.get("prompt") or row["messages"]
            items.append((where, "\n\n".join(turn["content"] for turn in turns if turn["role"] == "user")))
        if not items:
            raise UserError(f"filter contamination: {label} has no rows")
        sets[label] = items
    return sets


def _evaluation_sources(against: Any, folder: Path) -> Iterator[tuple[str, Source, str | None]]:
    """(label, source, stated format) of each entry of `against`."""
    if not isinstance(against, list) or not against:
        raise UserError("filter contamination: `against` must list evaluation sets: files, hub ids or built-in names")
    for entry in against:
        entry = {"from": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict) or not isinstance(entry.get("from"), str) or entry.keys() - _SET_KEYS:
            raise UserError(f"filter contamination: `against`: an entry is a name or {{from: …}}, not {entry!r:.60}")
        name = entry["from"]
        label = "/".join([name, *(str(entry[key]) for key in ("config", "split") if key in entry)])
        split = entry.get("split", _split_of(name))
        yield label, open_source(name, config=entry.get("config"), split=split, folder=folder), entry.get("format")


OURS = ("source", "id", "where", "tokens", "reply_tokens", "margin")  # columns that a filter cannot write
_SET_KEYS = {"from", "config", "split", "format"}


def _split_of(name: str) -> str:
    """Built-in evaluation sets have one split, called train; what is on the hub has a test split."""
    return "test" if name.count("/") == 1 and not name.startswith(("own/", ".", "~")) else "train"


def _custom(name: str, settings: dict[str, Any]) -> Custom:
    found = load_function(name, "filter")
    return Custom(found, settings, stateful=bool(getattr(found, "stateful", False)))
