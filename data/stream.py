"""A mixture read on the fly, for sets that are not to be built first: nothing is written, one block a source is held.

Filters that remember earlier rows, `count`, `cap` and `test` need the whole mixture, and are refused: build it instead.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from posttrain.data.conversation import Row
from posttrain.data.filters.registry import build_filter
from posttrain.data.screen import Screen
from posttrain.data.spec import MixtureSpec, read_spec
from posttrain.errors import UserError

BLOCK = 1000  # raw rows read, screened and shuffled at once


class MixtureStream:
    """Rows of a mixture, one after the other, the same for every number of processes.

    A slot of the stream takes its source by weight (1 where none is given) from a generator that knows only seed and
    slot number, and the next row of that source; process `rank` of `processes` is given every so-manieth slot, so the
    processes' rows are disjoint and together those of one process. Sources are shuffled block by block. With `total`
    the stream ends after so many rows, and a source that is through starts over; without, it ends when all are through.

        stream = MixtureStream("mixture.yaml", rank=0, processes=2)
        for row in stream: ...; state = stream.state_dict()      # later, in a new process
        stream.load_state_dict(state)                            # goes on with the row after the last
    """

    def __init__(self, spec: str | Path | dict[str, Any], *, rank: int = 0, processes: int = 1):
        self.spec = read_spec(spec)
        if not 0 <= rank < processes:
            raise UserError(f"rank {rank} of {processes} processes: must be 0 to {processes - 1}")
        _check_streamable(self.spec)
        self.rank, self.processes = rank, processes
        self.names = [name for name, source in self.spec.sources.items() if source.weight != 0]
        self._begin()

    def __iter__(self) -> Iterator[Row]:
        while True:
            row = self._next()
            if row is None:
                return
            self.slot += 1
            if (self.slot - 1) % self.processes == self.rank:
                yield row

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is, as plain values for JSON; read it after the last row that was used."""
        sources = {name: cursor.state() for name, cursor in self.cursors.items()}
        return {"spec": _digest(self.spec), "slot": self.slot, "sources": sources}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken. Raises UserError if it was taken from another spec."""
        if state["spec"] != _digest(self.spec):
            raise UserError("the stream's state was taken from another mixture; begin anew, or go back to its spec")
        self._begin()
        self.slot = state["slot"]
        for name, cursor in self.cursors.items():
            cursor.resume(state["sources"][name])

    @property
    def dropped(self) -> dict[str, dict[str, int]]:
        """{source: {"filter/reason": rows}} of what this process has read so far; unreadable rows are `malformed`."""
        return {name: dict(cursor.dropped) for name, cursor in self.cursors.items()}

    def _begin(self) -> None:
        self.slot = 0  # of all processes together
        repeat = self.spec.total is not None
        self.cursors = {name: _Cursor(self.spec, name, repeat) for name in self.names}

    def _next(self) -> Row | None:
        if self.spec.total is not None and self.slot >= self.spec.total:
            return None
        while open_names := [name for name in self.names if not self.cursors[name].through]:
            weights = [self.spec.sources[name].weight for name in open_names]
            name = _choose(open_names, [1.0 if weight is None else weight for weight in weights], self.spec, self.slot)
            row = self.cursors[name].next()
            if row is not None:
                return row
        return None


class _Cursor:
    """One source's rows, block after block: read, screened, shuffled by seed, pass and place."""

    def __init__(self, spec: MixtureSpec, name: str, repeat: bool):
        self.screen, self.source, self.repeat = Screen(spec, name), spec.open(name), repeat
        self.seed = int.from_bytes(hashlib.sha256(f"{spec.seed}/{name}".encode()).digest()[:8], "big")
        self.through = False
        self.limit = spec.sources[name].limit
        self.dropped: Counter[str] = Counter()
        self._seek(0, 0)

    def next(self) -> Row | None:
        """The next row; None when the source is through."""
        while self.used == len(self.block):
            if not self._fill():
                return None
        self.used += 1
        return self.block[self.used - 1]

    def state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "block": self.start, "used": self.used, "through": self.through}

    def resume(self, state: dict[str, Any]) -> None:
        self._seek(state["epoch"], state["block"])
        if state["used"]:
            self._fill()
        self.used, self.through = state["used"], state["through"]
        self.yielded = True  # or the stream would have ended with an error before it had a state

    def _seek(self, epoch: int, start: int) -> None:
        self.epoch, self.start, self.end, self.used = epoch, start, start, 0
        self.block: list[Row] = []
        self.yielded = False  # any row in this pass
        self.raw = islice(self.source.rows(start), None if self.limit is None else max(self.limit - start, 0))

    def _fill(self) -> bool:
        """Read the next block; False when there is none."""
        raw = list(islice(self.raw, BLOCK))
        if not raw:
            if not self.yielded:
                raise UserError(f"{self.screen.name}: no row is left after its filters")
            if not self.repeat:
                self.through = True
                return False
            self._seek(self.epoch + 1, 0)
            return self._fill()
        self.start, self.end, self.used = self.end, self.end + len(raw), 0
        screened = self.screen(raw)
        rows = screened.rows
        self.dropped.update(f"{f['filter']}/{f['reason']}" for f in screened.findings if f["after"] is None)
        order = np.random.default_rng([self.seed, self.epoch, self.start]).permutation(len(rows))
        self.block = [rows[i] for i in order]
        self.yielded |= bool(rows)
        return True


def _check_streamable(spec: MixtureSpec) -> None:
    if not spec.shuffle:
        raise UserError("a stream mixes and shuffles its sources: `shuffle: false` needs the mixture built")
    for name, source in spec.sources.items():
        for key in ("count", "cap", "test"):
            if getattr(source, key):
                raise UserError(f"{name}: `{key}` needs the whole mixture: build it first, or leave it out to stream")
        for filter_name, settings in spec.filters_of(name):
            if build_filter(filter_name, settings, spec.folder).stateful:
                raise UserError(f"{name}: filter {filter_name} needs the whole mixture: build it first to use it")


def _choose(names: list[str], weights: list[float], spec: MixtureSpec, slot: int) -> str:
    """A source by weight, from a number in [0, 1) that depends on seed and slot alone."""
    digest = hashlib.blake2b(f"{spec.seed}/{slot}".encode(), digest_size=8).digest()
    mark = int.from_bytes(digest, "big") / 2**64 * sum(weights)
    for name, weight in zip(names, weights, strict=True):
        mark -= weight
        if mark < 0:
            return name
    return names[-1]


def _digest(spec: MixtureSpec) -> str:
    return hashlib.sha256(repr(spec.as_dict()).encode()).hexdigest()
