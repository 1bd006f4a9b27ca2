"""The filters by the names that a mixture's YAML uses, and a user's own as `module:function`."""

import copy
import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from posttrain.data.conversation import prompts
from posttrain.data.filters import Filter, Finding, Row
from posttrain.data.formats import read_row
from posttrain.data.sources import open_source, parse_raw
from posttrain.errors import UserError

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
        if given is None or given is True or (isinstance(given, dict) and given == row):
            return None
        if given is False:
            return Finding("rejected")
        if isinstance(given, dict):
            return Finding("changed", row=given)
        if isinstance(given, Finding):
            return given
        raise TypeError(f"a filter returns True, False, None, a row or a Finding, not {type(given).__name__}")


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
            near = difflib.get_close_matches(name, FILTERS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(FILTERS)}, or module:function"
            raise UserError(f"{where}: unknown filter {name!r} ({hint})")
        if name in (known for known, _ in found):
            raise UserError(f"{where}: filter {name!r} stands twice")
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


def evaluation_sets(against: Any, folder: Path = Path()) -> dict[str, list[tuple[str, str]]]:
    """{set: [(item id, what is asked)]} of evaluation files and built-in sets, for decontamination."""
    if not isinstance(against, list) or not against:
        raise UserError("filter contamination: `against` must list evaluation sets: files, hub ids or built-in names")
    sets = {}
    for entry in against:
        entry = {"from": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict) or not isinstance(entry.get("from"), str) or entry.keys() - _SET_KEYS:
            raise UserError(f"filter contamination: `against`: an entry is a name or {{from: …}}, not {entry!r:.60}")
        name = entry["from"]
        source = open_source(name, config=entry.get("config"), split=entry.get("split", _split_of(name)), folder=folder)
        items = []
        for where, content in source.rows():
            row = read_row(parse_raw(content, where), where, entry.get("format"))
            question = row | {"messages": row.get("messages", [])[:1], "chosen": [], "rejected": []}
            items.append((where, "\n\n".join(prompts(question))))
        if not items:
            raise UserError(f"filter contamination: {name} has no rows")
        sets[name] = items
    return sets


_SET_KEYS = {"from", "config", "split", "format"}


def _split_of(name: str) -> str:
    """Built-in evaluation sets have one split, called train; what is on the hub has a test split."""
    return "test" if name.count("/") == 1 and not name.startswith(("own/", ".", "~")) else "train"


def _custom(name: str, settings: dict[str, Any]) -> Custom:
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except ImportError as error:
        raise UserError(f"filter {name}: cannot import {module} ({error}); is it on PYTHONPATH?") from None
    except AttributeError:
        raise UserError(f"filter {name}: {module} has no {function!r}") from None
    if not callable(found):
        raise UserError(f"filter {name}: is a {type(found).__name__}, not a function")
    return Custom(found, settings, stateful=bool(getattr(found, "stateful", False)))
