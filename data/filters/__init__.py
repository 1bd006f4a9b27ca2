"""Filters: what a row must pass before anything trains on it.

A filter is a callable `row -> Finding | None`: None keeps the row, a Finding drops it or, with a `row` inside, changes
it. Filters that remember earlier rows (duplicates) say `stateful = True`: they see the rows one by one in the mixture's
order, the others run in worker processes. A user's own filter is any `module:function`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

Row = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """Why a filter objects to a row."""

    reason: str  # a short, stable label, e.g. "email"; the report counts by it
    excerpt: str = ""  # the text that gave it away, for a person to judge by
    row: Row | None = None  # the row mended; None: the row is dropped
    overlaps: tuple[tuple[str, str], ...] = ()  # (evaluation set, item) that the row holds, for decontamination


class Filter(Protocol):
    """What `posttrain.data.mixture` runs on each row."""

    stateful: bool

    def __call__(self, row: Row) -> Finding | None: ...
