"""Sources become one data set: screened, deduplicated, split, drawn by weight, shuffled, written as Parquet.

    screen   every source's rows through format and filters, in worker processes -> one Arrow file a source
    sift     the kept rows once through the filters that remember (duplicates), in the mixture's order
    draw     which rows, how often and in which order: index arrays from the seed, 12 bytes a row
    write    rows by random access from the memory-mapped Arrow files -> Parquet, and manifest.json last

Memory is flat in the number of rows but for the index arrays and what `duplicates` remembers. A killed build goes on at
the source it was at; the same spec and files give the same rows in the same order, whatever the number of processes.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from datasets import Dataset
from tqdm.auto import tqdm

from posttrain.data.conversation import COLUMNS, Row
from posttrain.data.draw import generator, held_out, repeat, share_out
from posttrain.data.filters import Filter
from posttrain.data.filters.contamination import Contamination, summarise
from posttrain.data.filters.registry import build_filter, fingerprint_filter
from posttrain.data.screen import Screen, Screened, finding_record, json_line, judge, prompt_text
from posttrain.data.sources import Source
from posttrain.data.spec import MixtureSpec, SourceSpec
from posttrain.errors import UserError

VERSION = 2  # of what a build writes: raised when the same spec would give other rows
BATCH = 1000  # rows a worker takes at once, and a Parquet row group
SHARD = 100_000  # rows in a Parquet file
POOL_AFTER = 8.0  # seconds of screening a source alone, before worker processes (which take as long to start) help
SCREENED = pyarrow.schema([("row", pyarrow.large_string()), ("prompt", pyarrow.uint64()), ("tokens", pyarrow.int32())])
MESSAGES = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
NUMBERS = {"tokens": pyarrow.int32(), "reply_tokens": pyarrow.int32(), "margin": pyarrow.float32()}
TEXT_LISTS = ("instruction_id_list",)


@dataclass
class SourceReport:
    """What became of one source's rows."""

    read: int = 0
    kept: int = 0  # after all filters
    formats: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)  # "filter/reason" -> rows
    changed: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # by filter, summed over processes
    seen: dict[str, int] = field(default_factory=dict)  # rows that came to each filter
    columns: list[str] = field(default_factory=list)
    available: int = 0  # distinct rows that `train` draws from
    held_elsewhere: int = 0  # rows left out of `train` because their prompts are in the test split
    train: int = 0  # rows drawn, repeats included
    test: int = 0


def build_mixture(spec: MixtureSpec, out: Path, *, workers: int | None = None) -> dict[str, Any]:
    """Build into `out` and return the manifest. Screened sources that an interrupted build left there are used again.

    Writes train-*.parquet, test-*.parquet, rejected.jsonl (every row that a filter dropped, and why), changed.jsonl
    (every row that one mended, before and after) and manifest.json, which stands only when all else is complete.
    """
    filters = _build_filters(spec)
    sources = {name: spec.open(name) for name in spec.sources}  # all faults of the spec are found before work starts
    try:
        return _build(spec, out, sources, filters, workers if workers is not None else _cores())
    except OSError as error:  # of the sources' files it is a UserError already
        raise UserError(f"{out}: could not be written ({error.strerror or error}); run it again to go on") from None


def _build(
    spec: MixtureSpec, out: Path, sources: dict[str, Source], filters: dict[tuple[str, str], Filter], workers: int
) -> dict[str, Any]:
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.json").unlink(missing_ok=True)
    with Pool(workers) as pool:
        screened = {n: _screen_source(spec, n, source, out / "screened", pool) for n, source in sources.items()}
    for name, source in screened.items():
        remembering = [(one, filters[one, key]) for one, key in _filter_keys(spec, name) if filters[one, key].stateful]
        _sift(source, remembering, skip=spec.on_bad_row == "skip")
    splits = _draw(spec, screened)
    fingerprint, columns = hashlib.sha256(), _columns(spec, screened)
    for split, order in splits.items():
        _write_split(out, split, order, screened, columns, fingerprint)
    for stale in ("train", "test"):
        if stale not in splits:
            _remove_parts(out, stale)
    _collect_findings(out, screened)
    manifest = {
        "version": VERSION,
        "fingerprint": fingerprint.hexdigest(),
        "spec": spec.as_dict(),
        "rows": {split: len(order) for split, order in splits.items()},
        "sources": {name: dataclasses.asdict(one.report) for name, one in screened.items()},
        "contamination": _contamination(filters, screened),
        "seconds": time.monotonic() - started,
    }
    shutil.rmtree(out / "screened")
    _write_whole(out / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
    return manifest


class ScreenedSource:
    """A screened source on disk: rows by random access, and its report."""

    def __init__(self, stem: Path):
        self.stem = stem
        self.rows = Dataset.from_file(f"{stem}.arrow")
        self.report = SourceReport(**json.loads(Path(f"{stem}.json").read_text()))
        self.keep = np.ones(len(self.rows), dtype=bool)

    @cached_property
    def prompts(self) -> np.ndarray:
        """A 64-bit hash of every row's prompt."""
        columns = self.rows.with_format("arrow").iter(BATCH)
        return np.concatenate([batch["prompt"].to_numpy() for batch in columns] or [np.zeros(0, np.uint64)])

    def hold_out(self, spec: SourceSpec, seed: int) -> np.ndarray:
        """The kept rows of the test split."""
        kept = np.flatnonzero(self.keep)
        return kept[held_out(self.prompts[kept], spec.test, seed, spec.origin)]

    def all(self) -> Iterator[Row]:
        for batch in self.rows.iter(BATCH):
            yield from map(json.loads, batch["row"])

    def take(self, indices: list[int]) -> list[Row]:
        return [json.loads(text) for text in self.rows[indices]["row"]]

    def findings(self) -> Iterator[dict[str, Any]]:
        """What every filter found: first those that judge rows one at a time, then those that remember."""
        for step in ("screened", "sifted"):
            path = Path(f"{self.stem}.{step}.jsonl")
            if path.is_file():
                with path.open(encoding="utf-8") as lines:
                    yield from map(json.loads, lines)


class Pool:
    """Worker processes that screen batches; started once they pay, results in the order of the rows."""

    def __init__(self, workers: int):
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def screen(self, spec: MixtureSpec, name: str, source: Source) -> Iterator[Screened]:
        rest = batches(islice(source.rows(), spec.sources[name].limit))
        screen, started = Screen(spec, name), time.monotonic()
        for batch in rest:
            yield screen(batch)
            if (
                self.workers > 1
                and not _of_the_script(spec, name)
                and (self._pool or time.monotonic() - started > POOL_AFTER)
            ):
                try:
                    yield from self._spread(spec, name, rest)
                except BrokenProcessPool:
                    raise UserError(f"{name}: a worker process died (out of memory?); try with --workers 1") from None

    def _spread(self, spec: MixtureSpec, name: str, rest: Iterator[list]) -> Iterator[Screened]:
        # Spawned, not forked: this process may hold threads (tokenizers, torch) that a fork would break.
        pool = self._pool = self._pool or ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
        waiting: deque[Future[Screened]] = deque()
        for batch in rest:
            with _script_left_alone():
                waiting.append(pool.submit(_screen_batch, spec, name, batch))
            if len(waiting) > 2 * self.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _of_the_script(spec: MixtureSpec, name: str) -> bool:
    """Whether a filter or verifier is a function of the script that runs (`__main__:f`), which no worker has."""
    functions = [one for one, _ in spec.filters_of(name)] + [spec.sources[name].verifier or ""]
    return any(one.startswith("__main__:") for one in functions)


@contextmanager
def _script_left_alone() -> Iterator[None]:
    """Worker processes that are started within do not run the user's script once more, as `spawn` has them do: it may
    have no `if __name__ == "__main__"`, and would then wait for the very build that waits for its workers."""
    script = sys.modules["__main__"]
    known: dict[str, Any] = {
        name: script.__dict__.pop(name) for name in ("__file__", "__spec__") if name in script.__dict__
    }
    script.__spec__ = None
    try:
        yield
    finally:
        script.__dict__.update(known)


_screens: dict[tuple[str, str], Screen] = {}  # of a worker process


def _screen_batch(spec: MixtureSpec, name: str, batch: list) -> Screened:
    key = (json.dumps(spec.as_dict(), sort_keys=True, default=str), name)
    if key not in _screens:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers are the parallelism
        _screens[key] = Screen(spec, name)
    return _screens[key](batch)


def _screen_source(spec: MixtureSpec, name: str, source: Source, folder: Path, pool: Pool) -> ScreenedSource:
    """Screen a source into `folder`, or find it there complete from an interrupted build."""
    stem = folder / f"{_safe(name)}-{source_key(spec, name, source)[:16]}"
    if Path(f"{stem}.json").is_file():
        return ScreenedSource(stem)
    folder.mkdir(parents=True, exist_ok=True)
    report, columns = SourceReport(), set[str]()
    dropped, changed, formats, seen = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    seconds: dict[str, float] = defaultdict(float)
    writer = pyarrow.ipc.new_stream(f"{stem}.arrow", SCREENED)
    progress = tqdm(desc=f"Screening {name}", unit=" rows", leave=False, disable=None)
    with writer, open(f"{stem}.screened.jsonl", "w", encoding="utf-8") as findings, progress:
        for batch in pool.screen(spec, name, source):
            writer.write_batch(_as_arrow(batch.rows))
            for finding in batch.findings:
                findings.write(json_line(finding))
                counter = dropped if finding["after"] is None else changed
                counter[f"{finding['filter']}/{finding['reason']}"] += 1
            columns.update(*batch.rows)
            formats.update(batch.formats)
            seen.update(batch.seen)
            for filter_name, spent in batch.seconds.items():
                seconds[filter_name] += spent
            report.read += batch.read
            report.kept += len(batch.rows)
            progress.update(batch.read)
    if not report.read:
        raise UserError(f"{spec.sources[name].origin}: the file has no rows")
    report.formats, report.seconds, report.columns = dict(formats), dict(seconds), sorted(columns)
    report.dropped, report.changed, report.seen = dict(dropped), dict(changed), dict(seen)
    _write_whole(Path(f"{stem}.json"), json.dumps(dataclasses.asdict(report)))
    return ScreenedSource(stem)


def _filter_keys(spec: MixtureSpec, name: str) -> list[tuple[str, str]]:
    """(name, settings as JSON) of the source's filters: sources that give the same share one instance."""
    return [(one, json.dumps(settings, sort_keys=True)) for one, settings in spec.filters_of(name)]


def _build_filters(spec: MixtureSpec) -> dict[tuple[str, str], Filter]:
    keys = dict.fromkeys(key for name in spec.sources for key in _filter_keys(spec, name))
    return {(name, settings): build_filter(name, json.loads(settings), spec.folder) for name, settings in keys}


def _sift(source: ScreenedSource, filters: list[tuple[str, Filter]], *, skip: bool) -> None:
    """The source's rows one by one, in order, through the filters that remember earlier rows."""
    if not filters:
        return
    dropped, seconds = Counter(source.report.dropped), defaultdict(float, source.report.seconds)
    seen = Counter(source.report.seen)
    rows = tqdm(source.all(), desc="Comparing rows", total=len(source.rows), unit=" rows", leave=False, disable=None)
    with open(f"{source.stem}.sifted.jsonl", "w", encoding="utf-8") as findings:
        for index, row in enumerate(rows):
            for name, one in filters:
                started = time.perf_counter()
                seen[name] += 1
                found = judge(name, one, row, skip=skip)
                seconds[name] += time.perf_counter() - started
                if found is None:
                    continue
                if found.row is not None:
                    raise UserError(
                        f"{row['where']}: filter {name}: a stateful filter cannot change rows, only drop them"
                    )
                source.keep[index] = False
                dropped[f"{name}/{found.reason}"] += 1
                findings.write(json_line(finding_record(row["where"], row["id"], name, found, row)))
                break
    source.report.kept = int(source.keep.sum())
    source.report.dropped, source.report.seconds, source.report.seen = dict(dropped), dict(seconds), dict(seen)


def _draw(spec: MixtureSpec, screened: dict[str, ScreenedSource]) -> dict[str, np.ndarray]:
    """{split: (n, 2) array of (source, row)} in the order in which they are written."""
    tests = {name: source.hold_out(spec.sources[name], spec.seed) for name, source in screened.items()}
    held = np.concatenate([screened[name].prompts[chosen] for name, chosen in tests.items()])
    available = {}
    for number, (name, source) in enumerate(screened.items()):
        free = source.keep & ~np.isin(source.prompts, held)  # a prompt stands on one side, whichever source brings it
        rows = np.flatnonzero(free)
        source.report.held_elsewhere = source.report.kept - len(tests[name]) - len(rows)
        cap = spec.sources[name].cap
        if cap is not None and cap < len(rows):
            rows = np.sort(generator(spec.seed, number, "cap").permutation(rows)[:cap])
        if not len(rows) and not len(tests[name]):
            raise UserError(f"{name}: no row is left of {source.report.read} ({_reasons(source.report)})")
        available[name] = rows
    counts = share_out(spec, {name: len(rows) for name, rows in available.items()})
    train, test = [], []
    for number, (name, source) in enumerate(screened.items()):
        drawn = repeat(available[name], counts[name], generator(spec.seed, number, "draw"))
        source.report.available = len(available[name])
        source.report.train, source.report.test = len(drawn), len(tests[name])
        train.append(np.column_stack([np.full(len(drawn), number), drawn]).astype(np.int64))
        test.append(np.column_stack([np.full(len(tests[name]), number), tests[name]]).astype(np.int64))
    splits = {"train": np.concatenate(train), "test": np.concatenate(test)}
    if not len(splits["train"]):
        raise UserError("no row is left to train on: every one is held out, or every `count` is 0")
    if spec.shuffle:
        splits = {split: generator(spec.seed, 0, split).permutation(order) for split, order in splits.items()}
    return {split: order for split, order in splits.items() if len(order)}


def _write_split(out: Path, split: str, order: np.ndarray, screened: dict, schema: pyarrow.Schema, digest: Any) -> None:
    _remove_parts(out, split)
    parts = -(-len(order) // SHARD)
    sources = list(screened.values())
    progress = tqdm(desc=f"Writing {split}", total=len(order), unit=" rows", leave=False, disable=None)
    for part in range(parts):
        path = out / f"{split}-{part:05}-of-{parts:05}.parquet"
        with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(part * SHARD, min((part + 1) * SHARD, len(order)), BATCH):
                stop = min(start + BATCH, (part + 1) * SHARD, len(order))
                rows = _gather(sources, order[start:stop])
                for row in rows:
                    digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"))
                columns = {name: [_cell(row.get(name), name) for row in rows] for name in schema.names}
                writer.write_table(pyarrow.table(columns, schema=schema))
                progress.update(len(rows))
    progress.close()


def _gather(sources: list[ScreenedSource], order: np.ndarray) -> list[Row]:
    """The rows of (source, row) pairs, in their order."""
    rows: list[Row] = [{}] * len(order)
    for number, source in enumerate(sources):
        places = np.flatnonzero(order[:, 0] == number)
        if len(places):
            for place, row in zip(places, source.take(order[places, 1].tolist()), strict=True):
                rows[place] = row
    return rows


def _columns(spec: MixtureSpec, screened: dict[str, ScreenedSource]) -> pyarrow.Schema:
    """Messages as lists of {role, content}, token counts as integers, all else as text (lists and numbers as JSON)."""
    found = {column for source in screened.values() for column in source.report.columns}
    first = [column for column in (*COLUMNS, "source", "id") if column in found]
    types = dict.fromkeys(COLUMNS, MESSAGES) | NUMBERS
    types |= dict.fromkeys(TEXT_LISTS, pyarrow.list_(pyarrow.string()))
    return pyarrow.schema([(c, types.get(c, pyarrow.string())) for c in first + sorted(found - set(first))])


def _cell(value: Any, column: str) -> Any:
    if value is None or column in (*COLUMNS, *NUMBERS, *TEXT_LISTS):
        return value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_arrow(rows: list[Row]) -> pyarrow.RecordBatch:
    texts = [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    hashes = [int.from_bytes(hashlib.blake2b(prompt_text(r).encode(), digest_size=8).digest(), "big") for r in rows]
    columns = [texts, np.array(hashes, dtype=np.uint64), [row.get("tokens") for row in rows]]
    arrays = [pyarrow.array(values, type=one.type) for values, one in zip(columns, SCREENED, strict=True)]
    return pyarrow.record_batch(arrays, schema=SCREENED)


def _contamination(filters: dict[tuple[str, str], Filter], screened: dict[str, ScreenedSource]) -> list[dict[str, Any]]:
    """How much of each evaluation set stood in the sources: {"set", "items", "overlapping", "share", "alarm"}."""
    against = [one for one in filters.values() if isinstance(one, Contamination)]
    overlaps: set[tuple[str, str]] = set()
    for source in screened.values() if against else ():
        overlaps |= {tuple(pair) for finding in source.findings() for pair in finding["overlaps"]}
    found = [entry for one in against for entry in summarise(overlaps, one.sizes(), one.alarm)]
    return list({entry["set"]: entry for entry in found}.values())


def _collect_findings(out: Path, screened: dict[str, ScreenedSource]) -> None:
    """rejected.jsonl and changed.jsonl from the sources' findings; each row with its source."""
    paths = (out / "rejected.jsonl", out / "changed.jsonl")
    with paths[0].open("w", encoding="utf-8") as rejected, paths[1].open("w", encoding="utf-8") as changed:
        for name, source in screened.items():
            for finding in source.findings():
                file = rejected if finding["after"] is None else changed
                file.write(json_line({"source": name, **finding}))


def batches(rows: Iterator[Any], size: int | None = None) -> Iterator[list]:
    """Lists of `size` rows (BATCH if not given), the last one shorter."""
    size = size or BATCH
    while batch := list(islice(rows, size)):
        yield batch


def _reasons(report: SourceReport) -> str:
    most = Counter(report.dropped).most_common(3)
    return ", ".join(f"{count} {reason}" for reason, count in most) or "all are held out"


def source_key(spec: MixtureSpec, name: str, source: Source) -> str:
    """Of everything that decides a source's screened rows."""
    filters = [[*entry, fingerprint_filter(*entry, spec.folder)] for entry in spec.filters_of(name)]
    chosen = dataclasses.asdict(spec.sources[name]) | {"weight": None, "count": None, "cap": None, "test": 0}
    parts = [
        VERSION,
        name,
        spec.kind,
        spec.on_bad_row,
        spec.tokenizer,
        chosen,
        filters,
        source.fingerprint(),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _remove_parts(out: Path, split: str) -> None:
    for path in out.glob(f"{split}-*-of-*.parquet"):
        path.unlink()


def _write_whole(path: Path, text: str) -> None:
    """Written beside and renamed, so that the file is there whole or not at all."""
    beside = path.with_suffix(path.suffix + ".part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
