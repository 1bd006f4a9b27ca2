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
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from datasets import Dataset, DatasetDict
from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from filelock import FileLock
from tqdm.auto import tqdm

from posttrain.cache import cache_dir
from posttrain.data.builtin import is_built_in
from posttrain.data.conversation import COLUMNS, Row
from posttrain.data.filters import Filter
from posttrain.data.filters.contamination import Contamination, summarise
from posttrain.data.filters.registry import build_filter
from posttrain.data.screen import Screen, Screened, finding_record, prompt_text
from posttrain.data.sources import Source
from posttrain.data.spec import MixtureSpec, SourceSpec, read_spec, single_source
from posttrain.errors import UserError

VERSION = 1  # of what a build writes: raised when the same spec would give other rows
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
    columns: list[str] = field(default_factory=list)
    train: int = 0  # rows drawn, repeats included
    test: int = 0


def load_mixture(
    spec: str | Path | dict[str, Any], *, split: str = "train", limit: int | None = None, workers: int | None = None
) -> DatasetDict:
    """The mixture's `train` and, where rows are held out, `test` split, memory-mapped.

    spec: a mixture's YAML file or dict; a folder that `posttrain data build` wrote; or one source as it is (a file, a
    glob, a hub id, a built-in name; `split` is the source's own, `limit` takes its first rows). Built once into the
    cache, found there again as long as spec and files stay the same. Safe to call from every process of a launch at
    once: one builds, the others wait. Raises UserError for whatever is wrong with spec, files or rows.
    """
    return _open_built(_built(spec, split, limit, workers))


@dataclass
class Splits:
    """What a recipe trains on and holds out."""

    train: Dataset
    test: Dataset | None
    manifest: dict[str, Any]  # of the training rows' build: fingerprint, spec, counts
    fingerprints: dict[str, str]  # of `train` and, where given apart, `eval`


def load_splits(train: str, eval: str | None, *, eval_rows: int, limit: int | None, seed: int) -> Splits:
    """Rows to train on and rows to hold out, as the recipes' data arguments say.

    Held out are the first `eval_rows` of `eval` or of the mixture's own test split; without either, so many rows at
    random, and at most a third, of `train`. Raises UserError as `load_mixture` does.
    """
    folder = _built(train, "train", limit, None)
    manifest, mixture = _manifest(folder), _open_built(folder)
    rows, test = mixture["train"], mixture.get("test")
    rows = rows.select(range(min(limit or len(rows), len(rows))))
    fingerprints = {"train": manifest["fingerprint"]}
    if eval or is_built_in(train):
        folder = _built(eval or train, "test" if is_built_in(eval or train) else "train", None, None)
        other = _open_built(folder)
        test = other.get("test", other["train"])
        fingerprints["eval"] = _manifest(folder)["fingerprint"]
    if test is None and eval_rows:
        rows, test = hold_out(rows, min(eval_rows, len(rows) // 3), seed)
    elif test is not None:
        test = test.select(range(min(eval_rows, len(test))))
    return Splits(rows, test if test is not None and len(test) else None, manifest, fingerprints)


def hold_out(rows: Dataset, count: int, seed: int) -> tuple[Dataset, Dataset]:
    """Take `count` rows out at random; the rest keep their order."""
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[_rng(seed, 0, "hold out").permutation(len(rows))[:count]] = True
    return rows.select(np.flatnonzero(~chosen)), rows.select(np.flatnonzero(chosen))


def first_rows(spec: str | Path | dict[str, Any], count: int) -> list[Row]:
    """The first rows of every source that pass format and filters, `count` in all, for a look: nothing is written."""
    if isinstance(spec, str | Path) and _is_built(spec):
        return list(_open_built(Path(spec).expanduser())["train"].select(range(count)))
    mixture = mixture_spec(spec)
    share = -(-count // len(mixture.sources))
    rows: list[Row] = []
    for name in mixture.sources:
        screen, source = Screen(mixture, name), mixture.open(name)
        kept = (row for batch in _batches(source.rows(), size=share) for row in screen(batch).rows)
        rows += islice(kept, share)
    if not rows:
        raise UserError(f"{spec}: has no rows")
    return rows[:count]


def build_mixture(spec: MixtureSpec, out: Path, *, workers: int | None = None) -> dict[str, Any]:
    """Build into `out` and return the manifest. Screened sources that an interrupted build left there are used again.

    Writes train-*.parquet, test-*.parquet, rejected.jsonl (every row that a filter dropped, and why), changed.jsonl
    (every row that one mended, before and after) and manifest.json, which stands only when all else is complete.
    """
    started = time.monotonic()
    filters = _build_filters(spec)
    sources = {name: spec.open(name) for name in spec.sources}  # all faults of the spec are found before work starts
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.json").unlink(missing_ok=True)
    with Pool(workers if workers is not None else _cores()) as pool:
        screened = {n: _screen_source(spec, n, source, out / "screened", pool) for n, source in sources.items()}
    for name, source in screened.items():
        _sift(source, [(one, filters[one, key]) for one, key in _filter_keys(spec, name) if filters[one, key].stateful])
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
        rows = islice(source.rows(), spec.sources[name].limit)
        batches, screen, started = _batches(rows), Screen(spec, name), time.monotonic()
        for batch in batches:
            yield screen(batch)
            if self.workers > 1 and (self._pool or time.monotonic() - started > POOL_AFTER):
                yield from self._spread(spec, name, batches)

    def _spread(self, spec: MixtureSpec, name: str, batches: Iterator[list]) -> Iterator[Screened]:
        # Spawned, not forked: this process may hold threads (tokenizers, torch) that a fork would break.
        pool = self._pool = self._pool or ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
        waiting: deque[Future[Screened]] = deque()
        for batch in batches:
            waiting.append(pool.submit(_screen_batch, spec, name, batch))
            if len(waiting) > 2 * self.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_screens: dict[tuple[str, str], Screen] = {}  # of a worker process


def _screen_batch(spec: MixtureSpec, name: str, batch: list) -> Screened:
    key = (json.dumps(spec.as_dict(), sort_keys=True, default=str), name)
    if key not in _screens:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers are the parallelism
        _screens[key] = Screen(spec, name)
    return _screens[key](batch)


def _screen_source(spec: MixtureSpec, name: str, source: Source, folder: Path, pool: Pool) -> ScreenedSource:
    """Screen a source into `folder`, or find it there complete from an interrupted build."""
    stem = folder / f"{_safe(name)}-{_source_key(spec, name, source)[:16]}"
    if Path(f"{stem}.json").is_file():
        return ScreenedSource(stem)
    folder.mkdir(parents=True, exist_ok=True)
    report, columns = SourceReport(), set[str]()
    dropped, changed, formats = Counter[str](), Counter[str](), Counter[str]()
    seconds: dict[str, float] = defaultdict(float)
    writer = pyarrow.ipc.new_stream(f"{stem}.arrow", SCREENED)
    progress = tqdm(desc=f"Screening {name}", unit=" rows", leave=False, disable=None)
    with writer, open(f"{stem}.screened.jsonl", "w", encoding="utf-8") as findings, progress:
        for batch in pool.screen(spec, name, source):
            writer.write_batch(_as_arrow(batch.rows))
            for finding in batch.findings:
                findings.write(json.dumps(finding, ensure_ascii=False) + "\n")
                counter = dropped if finding["after"] is None else changed
                counter[f"{finding['filter']}/{finding['reason']}"] += 1
            columns.update(*batch.rows)
            formats.update(batch.formats)
            for filter_name, spent in batch.seconds.items():
                seconds[filter_name] += spent
            report.read += batch.read
            report.kept += len(batch.rows)
            progress.update(batch.read)
    if not report.read:
        raise UserError(f"{spec.sources[name].origin}: the file has no rows")
    report.formats, report.seconds, report.columns = dict(formats), dict(seconds), sorted(columns)
    report.dropped, report.changed = dict(dropped), dict(changed)
    _write_whole(Path(f"{stem}.json"), json.dumps(dataclasses.asdict(report)))
    return ScreenedSource(stem)


def _filter_keys(spec: MixtureSpec, name: str) -> list[tuple[str, str]]:
    """(name, settings as JSON) of the source's filters: sources that give the same share one instance."""
    return [(one, json.dumps(settings, sort_keys=True)) for one, settings in spec.filters_of(name)]


def _build_filters(spec: MixtureSpec) -> dict[tuple[str, str], Filter]:
    keys = dict.fromkeys(key for name in spec.sources for key in _filter_keys(spec, name))
    return {(name, settings): build_filter(name, json.loads(settings), spec.folder) for name, settings in keys}


def _sift(source: ScreenedSource, filters: list[tuple[str, Filter]]) -> None:
    """The source's rows one by one, in order, through the filters that remember earlier rows."""
    if not filters:
        return
    dropped, seconds = Counter(source.report.dropped), defaultdict(float, source.report.seconds)
    rows = tqdm(source.all(), desc="Comparing rows", total=len(source.rows), unit=" rows", leave=False, disable=None)
    with open(f"{source.stem}.sifted.jsonl", "w", encoding="utf-8") as findings:
        for index, row in enumerate(rows):
            for name, one in filters:
                started = time.perf_counter()
                found = one(row)
                seconds[name] += time.perf_counter() - started
                if found is None:
                    continue
                source.keep[index] = False
                dropped[f"{name}/{found.reason}"] += 1
                record = finding_record(row["where"], row["id"], name, found, row)
                findings.write(json.dumps(record, ensure_ascii=False) + "\n")
                break
    source.report.kept = int(source.keep.sum())
    source.report.dropped, source.report.seconds = dict(dropped), dict(seconds)


def _draw(spec: MixtureSpec, screened: dict[str, ScreenedSource]) -> dict[str, np.ndarray]:
    """{split: (n, 2) array of (source, row)} in the order in which they are written."""
    tests = {name: _held_out(source, spec.sources[name], spec.seed) for name, source in screened.items()}
    held = np.concatenate([screened[name].prompts[chosen] for name, chosen in tests.items()])
    available = {}
    for number, (name, source) in enumerate(screened.items()):
        free = source.keep & ~np.isin(source.prompts, held)  # a prompt stands on one side, whichever source brings it
        rows = np.flatnonzero(free)
        cap = spec.sources[name].cap
        if cap is not None and cap < len(rows):
            rows = np.sort(_rng(spec.seed, number, "cap").permutation(rows)[:cap])
        if not len(rows) and not len(tests[name]):
            raise UserError(f"{name}: no row is left of {source.report.read} ({_reasons(source.report)})")
        available[name] = rows
    counts = _counts(spec, {name: len(rows) for name, rows in available.items()})
    train, test = [], []
    for number, (name, source) in enumerate(screened.items()):
        drawn = _repeat(available[name], counts[name], _rng(spec.seed, number, "draw"))
        source.report.train, source.report.test = len(drawn), len(tests[name])
        train.append(np.column_stack([np.full(len(drawn), number), drawn]).astype(np.int64))
        test.append(np.column_stack([np.full(len(tests[name]), number), tests[name]]).astype(np.int64))
    splits = {"train": np.concatenate(train), "test": np.concatenate(test)}
    if spec.shuffle:
        splits = {split: _rng(spec.seed, 0, split).permutation(order) for split, order in splits.items()}
    return {split: order for split, order in splits.items() if len(order)}


def _held_out(source: ScreenedSource, spec: SourceSpec, seed: int) -> np.ndarray:
    """Kept rows of the test split; all rows of a prompt together.

    A prompt's side follows from a hash of prompt and seed: a share (`test: 0.1`) never moves a row when the source
    grows; a number of rows takes the lowest hashes.
    """
    rows = np.flatnonzero(source.keep)
    if spec.test >= 1 and spec.test > len(rows):
        raise UserError(f"{spec.origin}: `test: {spec.test}` is more than the {len(rows)} rows that are left")
    distinct, inverse, sizes = np.unique(source.prompts[rows], return_inverse=True, return_counts=True)
    ranks = _mix(distinct, seed)
    if spec.test < 1:
        return rows[(ranks / 2**64 < spec.test)[inverse]]
    order = np.argsort(ranks, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]  # rows of the prompts that are taken first
    chosen = np.zeros(len(distinct), dtype=bool)
    chosen[order[before < spec.test]] = True
    return rows[chosen[inverse]]


def _counts(spec: MixtureSpec, available: dict[str, int]) -> dict[str, int]:
    """Rows to draw from each source: its `count`, its share of `total` by weight, or all of its rows."""
    counts = {name: spec.sources[name].count for name in available}
    weights = {n: spec.sources[n].weight for n in available if spec.sources[n].weight is not None}
    if weights:
        total = spec.total or sum(available[name] for name in weights)
        shares = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
        counts |= {name: int(share) for name, share in shares.items()}
        rest = sorted(shares, key=lambda name: (int(shares[name]) - shares[name], name))
        for name in rest[: total - sum(int(share) for share in shares.values())]:
            counts[name] += 1
    counts = {name: available[name] if count is None else count for name, count in counts.items()}
    for name, count in counts.items():
        if count and not available[name]:
            raise UserError(f"{name}: {count} rows are asked for, and none is left to train on")
    return counts


def _repeat(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the rows: each as often as the others, but for a last part that the generator chooses."""
    if count == len(rows):
        return rows
    whole, part = divmod(count, len(rows)) if len(rows) else (0, 0)
    return np.concatenate([*[rows] * whole, np.sort(rng.permutation(rows)[:part])]).astype(np.int64)


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
    return [entry for one in against for entry in summarise(overlaps, one.sizes(), one.alarm)]


def _collect_findings(out: Path, screened: dict[str, ScreenedSource]) -> None:
    """rejected.jsonl and changed.jsonl from the sources' findings; each row with its source."""
    paths = (out / "rejected.jsonl", out / "changed.jsonl")
    with paths[0].open("w", encoding="utf-8") as rejected, paths[1].open("w", encoding="utf-8") as changed:
        for name, source in screened.items():
            for finding in source.findings():
                file = rejected if finding["after"] is None else changed
                file.write(json.dumps({"source": name, **finding}, ensure_ascii=False) + "\n")


def _batches(rows: Iterator, size: int = BATCH) -> Iterator[list]:
    while batch := list(islice(rows, size)):
        yield batch


def _reasons(report: SourceReport) -> str:
    most = Counter(report.dropped).most_common(3)
    return ", ".join(f"{count} {reason}" for reason, count in most) or "all are held out"


def _mix(values: np.ndarray, seed: int) -> np.ndarray:
    """SplitMix64 of value and seed: a random rank that depends on nothing else."""
    with np.errstate(over="ignore"):
        z = values + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _rng(seed: int, number: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, number, *purpose.encode()])


def _key(spec: MixtureSpec) -> str:
    content = {name: _source_key(spec, name, spec.open(name)) for name in spec.sources}
    return hashlib.sha256(json.dumps([VERSION, spec.as_dict(), content], sort_keys=True).encode()).hexdigest()


def _source_key(spec: MixtureSpec, name: str, source: Source) -> str:
    """Of everything that decides a source's screened rows."""
    chosen = dataclasses.asdict(spec.sources[name]) | {"weight": None, "count": None, "cap": None, "test": 0}
    parts = [VERSION, spec.kind, spec.on_bad_row, spec.tokenizer, chosen, spec.filters_of(name), source.fingerprint()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _is_built(spec: str | Path) -> bool:
    return (Path(spec).expanduser() / "manifest.json").is_file()


def mixture_spec(spec: str | Path | dict[str, Any], split: str = "train", limit: int | None = None) -> MixtureSpec:
    """A YAML's or dict's spec, or that of one source as it is."""
    if isinstance(spec, dict) or Path(spec).suffix in (".yaml", ".yml"):
        return read_spec(spec)
    return single_source(str(spec), split=split, limit=limit)


def _built(spec: str | Path | dict[str, Any], split: str, limit: int | None, workers: int | None) -> Path:
    """The folder of the built mixture; built now, into the cache, if it is not there."""
    if isinstance(spec, str | Path) and _is_built(spec):
        return Path(spec).expanduser()
    mixture = mixture_spec(spec, split, limit)
    out = cache_dir() / "data" / _key(mixture)[:32]
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{out}.lock"):
        if not _is_built(out):
            build_mixture(mixture, out, workers=workers)
    return out


def _manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def _open_built(folder: Path) -> DatasetDict:
    splits = {}
    were_on = not are_progress_bars_disabled()
    disable_progress_bars()  # of the conversion to Arrow, which takes a moment and is done once
    try:
        for split in _manifest(folder)["rows"]:
            paths = sorted(map(str, folder.glob(f"{split}-*.parquet")))
            splits[split] = Dataset.from_parquet(paths, cache_dir=str(cache_dir() / "data" / "arrow"))
    finally:
        if were_on:
            enable_progress_bars()
    return DatasetDict(splits)


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
