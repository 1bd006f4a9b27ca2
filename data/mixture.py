"""What recipes read: a mixture by its spec, built once into the cache and found there again."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from filelock import FileLock

from posttrain.cache import cache_dir
from posttrain.data.build import VERSION, batches, build_mixture, source_key
from posttrain.data.builtin import has_test_split
from posttrain.data.conversation import Row
from posttrain.data.draw import generator
from posttrain.data.formats import read_row
from posttrain.data.screen import Screen
from posttrain.data.sources import parse_raw
from posttrain.data.spec import MixtureSpec, read_spec, single_source
from posttrain.errors import UserError


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


def load_splits(
    train: str,
    eval: str | None,
    *,
    eval_rows: int,
    limit: int | None,
    seed: int,
    kind: str = "chat",
    columns: Collection[str] = (),
) -> Splits:
    """Rows to train on and rows to hold out, as the recipes' data arguments say; of what `kind`, the recipe.

    columns: to be kept of a source as it is, beside those that every row keeps (a mixture states its own)

    Held out are the first `eval_rows` of `eval` or of the mixture's own test split; without either, so many rows at
    random, and at most a third, of `train`. Raises UserError as `load_mixture` does.
    """
    folder = _built(train, "train", limit, None, kind, columns)
    manifest, mixture = _manifest(folder), _open_built(folder)
    _check_kind(manifest, kind, train)
    rows, test = mixture["train"], mixture.get("test")
    rows = _head(rows, limit or len(rows))
    fingerprints = {"train": manifest["fingerprint"]}
    if eval or has_test_split(train):
        folder = _built(eval or train, "test" if has_test_split(eval or train) else "train", None, None, kind, columns)
        _check_kind(_manifest(folder), kind, eval or train)
        other = _open_built(folder)
        test = other.get("test", other["train"])
        fingerprints["eval"] = _manifest(folder)["fingerprint"]
    if test is None and eval_rows:
        rows, test = hold_out(rows, min(eval_rows, len(rows) // 3), seed)
    elif test is not None:
        test = _head(test, eval_rows)
    return Splits(rows, test if test is not None and len(test) else None, manifest, fingerprints)


def _check_kind(manifest: dict[str, Any], kind: str, name: str) -> None:
    if manifest["spec"]["kind"] != kind:
        raise UserError(
            f"{name}: its rows are of `kind: {manifest['spec']['kind']}`, and here `kind: {kind}` is wanted"
        )


def _head(rows: Dataset, count: int) -> Dataset:
    return rows.select(range(min(count, len(rows))))


def hold_out(rows: Dataset, count: int, seed: int) -> tuple[Dataset, Dataset]:
    """Take `count` rows out at random; the rest keep their order."""
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[generator(seed, 0, "hold out").permutation(len(rows))[:count]] = True
    return rows.select(np.flatnonzero(~chosen)), rows.select(np.flatnonzero(chosen))


def first_rows(spec: str | Path | dict[str, Any], count: int, *, any_kind: bool = False) -> list[Row]:
    """The first rows of every source that pass format and filters, `count` in all, for a look: nothing is written.

    Each has its `format` beside it. any_kind: rows of a source without a spec are of the kind that its first row is,
    rather than chat rows.
    """
    if isinstance(spec, str | Path) and _is_built(spec):
        return list(_head(_open_built(Path(spec).expanduser())["train"], count))
    mixture = mixture_spec(spec)
    if any_kind and not _is_spec(spec):
        mixture.kind = _first_kind(mixture)
    share = -(-count // len(mixture.sources))
    rows: list[Row] = []
    for name in mixture.sources:
        screen, source = Screen(mixture, name), mixture.open(name)
        screened = map(screen, batches(source.rows(), share))
        kept = (row | {"format": ", ".join(batch.formats)} for batch in screened for row in batch.rows)
        rows += islice(kept, share)
    if not rows:
        raise UserError(f"{spec}: has no rows")
    return rows[:count]


def check_sources(spec: str | Path | dict[str, Any]) -> None:
    """Raise UserError where the spec is at fault, or files that it names are not there. No row is read."""
    if isinstance(spec, str | Path) and _is_built(spec):
        return
    mixture = mixture_spec(spec)
    for name in mixture.sources:
        mixture.open(name)


def _first_kind(mixture: MixtureSpec) -> str:
    """The kind of a lone source's first row."""
    (name,) = mixture.sources
    for where, content in mixture.open(name).rows():
        row = read_row(parse_raw(content, where), where)
        return "preference" if "chosen" in row else "prompt" if "messages" not in row else "chat"
    return mixture.kind


def _is_spec(spec: str | Path | dict[str, Any]) -> bool:
    return isinstance(spec, dict) or Path(spec).suffix in (".yaml", ".yml")


def _is_built(spec: str | Path) -> bool:
    return (Path(spec).expanduser() / "manifest.json").is_file()


def mixture_spec(
    spec: str | Path | dict[str, Any],
    split: str = "train",
    limit: int | None = None,
    kind: str = "chat",
    columns: Collection[str] = (),
) -> MixtureSpec:
    """A YAML's or dict's spec, or that of one source as it is, whose rows are read as `kind`."""
    if _is_spec(spec):
        return read_spec(spec)
    return single_source(str(spec), split=split, limit=limit, kind=kind, columns=columns)


def _built(
    spec: str | Path | dict[str, Any],
    split: str,
    limit: int | None,
    workers: int | None,
    kind: str = "chat",
    columns: Collection[str] = (),
) -> Path:
    """The folder of the built mixture; built now, into the cache, if it is not there."""
    if isinstance(spec, str | Path) and _is_built(spec):
        return Path(spec).expanduser()
    mixture = mixture_spec(spec, split, limit, kind, columns)
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


def _key(spec: MixtureSpec) -> str:
    content = {name: source_key(spec, name, spec.open(name)) for name in spec.sources}
    return hashlib.sha256(json.dumps([VERSION, spec.as_dict(), content], sort_keys=True).encode()).hexdigest()
