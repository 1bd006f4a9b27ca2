"""A teacher's words on disk: written once by many processes, mapped into memory, read at random.

DIR/  teacher.json              written last: who spoke, about which rows, how; the shards with their sizes
      teacher.building.json     the same as far as it is known, while shards are missing
      train-00000.arrow, …      SHARD_ROWS rows each, whole or not there; `test-…` for the held-out rows

A shard is an Arrow file with a record a row and a list a column, so that any Arrow reader opens it:

    lengths  uint8    a position's number of ids, less one       entropy  float16  of the teacher, in nats; of `top`
    low      uint16   lowest 16 bits of each id                                    the mass of all other ids
    high     uint8    the two bits above, four ids a byte        crc      uint32   of the row's other columns
    weights  uint8    counts less one (`draws`), or float16 probabilities

An id and its count take 3.25 bytes. A row's checksum is looked at whenever it is read, and a shard's metadata says of
what cache and which shard it is, so that none can take another's place.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from posttrain.errors import UserError
from posttrain.teacher.targets import Picked, SparseTargets, padded
from posttrain.tracking import write_whole

FORMAT = 2
LARGEST = (1 << 18) - 1  # the largest id that can be stored; Gemma's vocabulary ends there
SHARD_ROWS = 256
BATCH_ROWS = 64  # rows of an Arrow record batch
MANIFEST, BUILDING = "teacher.json", "teacher.building.json"
COLUMNS = ("lengths", "low", "high", "weights", "entropy")
# What must be the student's too, and what a user calls it.
SAME = {
    "tokenizer": "the tokenizer",
    "template": "the chat template",
    "max_length": "max_length",
    "rows": "the number of rows",
    "data": "the rows",
}


def shard_path(folder: Path, split: str, number: int) -> Path:
    return folder / f"{split}-{number:05}.arrow"


def stamp(identity: dict[str, Any], split: str, number: int) -> dict[str, str]:
    """What a shard's metadata says."""
    made = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return {"cache": made, "split": split, "shard": str(number)}


def begin(folder: Path, identity: dict[str, Any]) -> None:
    """Say what is being built; on a folder that was begun before, check that it is the same.

    Raises UserError naming the keys that differ, and for shards of which nothing says what they are.
    """
    for name in (MANIFEST, BUILDING):
        if (folder / name).exists():
            before = json.loads((folder / name).read_text())
            differing = [key for key in identity if before.get(key) != identity[key]]
            if differing:
                changes = ", ".join(
                    f"{key}: {_short(before.get(key))} then, {_short(identity[key])} now" for key in differing
                )
                raise UserError(f"{folder} holds a cache made otherwise ({changes}): choose another --output_dir")
            return
    if stray := sorted(folder.glob("*.arrow")):
        raise UserError(f"{stray[0]} is there without {MANIFEST}: delete the shards, or choose another --output_dir")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UserError(f"{folder} is a file: choose another --output_dir") from None
    _write_json(folder / BUILDING, identity)


def missing_shards(folder: Path, identity: dict[str, Any], split: str, rows: int) -> list[int]:
    """Numbers of the shards of this cache that are not there whole."""
    return [
        number
        for number in range(-(-rows // SHARD_ROWS))
        if not _is_whole(shard_path(folder, split, number), rows_of_shard(number, rows), stamp(identity, split, number))
    ]


def rows_of_shard(number: int, rows: int) -> int:
    return min(SHARD_ROWS, rows - number * SHARD_ROWS)


def write_shard(path: Path, rows: Iterator[Picked], method: str, said: dict[str, str]) -> None:
    """Write rows in their order, and what the shard is (`stamp`); the file is there whole or not at all.

    Raises UserError where the disk is full.
    """
    weights = pa.uint8() if method == "draws" else pa.float16()
    types = {"lengths": pa.uint8(), "low": pa.uint16(), "high": pa.uint8(), "weights": weights, "entropy": pa.float16()}
    columns = [(name, pa.list_(kind)) for name, kind in types.items()] + [("crc", pa.uint32())]
    schema = pa.schema(columns, metadata=said)
    staging = path.with_name(f".{path.name}")
    try:
        with pa.OSFile(str(staging), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            batch: list[dict[str, np.ndarray]] = []
            for row in rows:
                batch.append(_columns(row, method))
                if len(batch) == BATCH_ROWS:
                    writer.write_batch(_record_batch(batch, schema))
                    batch = []
            if batch:
                writer.write_batch(_record_batch(batch, schema))
        with staging.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(staging, path)
    except OSError as error:
        raise UserError(
            f"{path}: could not be written ({error.strerror or error}); the shards before it are kept"
        ) from None
    finally:
        staging.unlink(missing_ok=True)


def finish(folder: Path, identity: dict[str, Any], rows: dict[str, int], facts: dict[str, Any]) -> None:
    """Write the manifest, once every shard is there."""
    shards = {
        path.name: path.stat().st_size
        for split, count in rows.items()
        for path in (shard_path(folder, split, number) for number in range(-(-count // SHARD_ROWS)))
    }
    _write_json(folder / MANIFEST, identity | facts | {"identity": sorted(identity), "shards": shards})
    (folder / BUILDING).unlink(missing_ok=True)


def is_cache(path: str | os.PathLike) -> bool:
    folder = Path(path).expanduser()
    return (folder / MANIFEST).is_file() or (folder / BUILDING).is_file()


def _columns(row: Picked, method: str) -> dict[str, np.ndarray]:
    ids = row.ids.numpy()
    if len(ids) and not 0 <= ids.min() <= ids.max() <= LARGEST:
        raise ValueError(f"ids must lie between 0 and {LARGEST}, not {ids.min()} … {ids.max()}")
    bits = np.zeros(-(-len(ids) // 4) * 4, dtype=np.uint8)
    bits[: len(ids)] = ids >> 16
    quarters = bits.reshape(-1, 4)
    weights = row.weights.numpy()
    return {
        "lengths": (row.lengths.numpy() - 1).astype(np.uint8),
        "low": (ids & 0xFFFF).astype(np.uint16),
        "high": quarters[:, 0] | quarters[:, 1] << 2 | quarters[:, 2] << 4 | quarters[:, 3] << 6,
        "weights": (weights - 1).astype(np.uint8) if method == "draws" else weights.astype(np.float16),
        "entropy": row.entropy.numpy().astype(np.float16),
    }


def _record_batch(rows: list[dict[str, np.ndarray]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for name in COLUMNS:
        offsets = np.cumsum([0, *(len(row[name]) for row in rows)], dtype=np.int32)
        values = pa.array(np.concatenate([row[name] for row in rows]), type=schema.field(name).type.value_type)
        arrays.append(pa.ListArray.from_arrays(pa.array(offsets), values))
    crcs = [_crc([row[name] for name in COLUMNS]) for row in rows]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(crcs, type=pa.uint32())], schema=schema)


def _crc(columns: Sequence[np.ndarray]) -> int:
    crc = 0
    for column in columns:
        crc = zlib.crc32(column.tobytes(), crc)
    return crc


def _metadata(reader: Any) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (reader.schema.metadata or {}).items()}


def _is_whole(path: Path, rows: int, said: dict[str, str]) -> bool:
    try:
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            batches = reader.num_record_batches
            return (
                _metadata(reader) == said
                and batches == -(-rows // BATCH_ROWS)
                and reader.get_batch(batches - 1).num_rows == (rows - 1) % BATCH_ROWS + 1
            )
    except (OSError, ValueError, pa.ArrowException):
        return False


@dataclass
class _Shard:
    """Arrow batches as numpy views of the mapped file, made when first asked for."""

    path: Path
    said: dict[str, str]
    reader: Any = None
    batches: dict[int, tuple[dict[str, tuple[np.ndarray, np.ndarray]], np.ndarray]] = field(default_factory=dict)

    def row(self, number: int) -> dict[str, np.ndarray]:
        if self.reader is None:
            reader = pa.ipc.open_file(pa.memory_map(str(self.path)))
            if _metadata(reader) != self.said:
                raise ValueError("it is a shard of another cache, or another one of this")
            self.reader = reader
        index, place = divmod(number, BATCH_ROWS)
        if index not in self.batches:
            batch = self.reader.get_batch(index)
            batch.validate()  # lengths and offsets, or a changed one would be followed out of the file
            views = {
                name: (
                    batch.column(name).offsets.to_numpy(),
                    batch.column(name).values.to_numpy(zero_copy_only=True),
                )
                for name in COLUMNS
            }
            self.batches[index] = views, batch.column("crc").to_numpy()
        views, crcs = self.batches[index]
        row = {name: values[offsets[place] : offsets[place + 1]] for name, (offsets, values) in views.items()}
        if _crc([row[name] for name in COLUMNS]) != crcs[place]:
            raise ValueError("its checksum does not fit")
        return row


class TeacherCache:
    """A finished cache, open for reading from any number of processes.

    Raises UserError for a folder without a finished cache and for a shard that is missing or cut short; reading a row
    whose bytes have changed raises one too, which names shard and row.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder).expanduser()
        if not (self.folder / MANIFEST).is_file():
            state = (
                "is not finished: run it_teacher.py again, it goes on" if is_cache(folder) else "is no teacher's cache"
            )
            raise UserError(f"{folder} {state}")
        try:
            self.manifest: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text())
            if self.manifest["format"] != FORMAT:
                raise UserError(
                    f"{folder} has format {self.manifest['format']}; this version reads format {FORMAT}: delete it and "
                    "run it_teacher.py again"
                )
            self.method, self.temperature = str(self.manifest["method"]), float(self.manifest["temperature"])
            self.splits: dict[str, dict[str, Any]] = dict(self.manifest["splits"])
            self.identity = {key: self.manifest[key] for key in self.manifest["identity"]}
            shards = self.manifest["shards"].items()
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(
                f"{self.folder / MANIFEST} is damaged: delete the folder, run it_teacher.py again"
            ) from None
        for name, size in shards:
            path = self.folder / name
            found = path.stat().st_size if path.exists() else None
            if found != size:
                state = "is missing:" if found is None else f"has {found} bytes, not {size}: delete it and"
                raise UserError(f"{path} {state} run it_teacher.py again, which makes it anew")
        self.vocabulary = LARGEST + 1
        self._shards: dict[tuple[str, int], _Shard] = {}

    def check(self, split: str, student: dict[str, Any]) -> None:
        """Raises UserError, naming the first field that differs, unless the cache was made for the student's rows.

        student: fields of SAME, as the student has them
        """
        mine = self.manifest | self.splits.get(split, {"rows": 0})
        for key, name in SAME.items():
            if key in student and mine.get(key) != student[key]:
                here, there = _short(student[key]), _short(mine.get(key))
                raise UserError(
                    f"{self.folder} was made with other {name.removeprefix('the ')} ({key}: {there} in the cache's "
                    f"{split} split, {here} here): give both recipes the same settings and rows (those held out "
                    "depend on eval_rows and seed, unless `eval` names them)"
                )

    def row(self, split: str, number: int) -> Picked:
        """The words about one row: as many positions as it has labels."""
        shard, place = divmod(number, SHARD_ROWS)
        key = (split, shard)
        if key not in self._shards:
            self._shards[key] = _Shard(shard_path(self.folder, split, shard), stamp(self.identity, split, shard))
        try:
            return self._unpack(self._shards[key].row(place))
        except (ValueError, LookupError, AttributeError, OSError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{self._shards[key].path}: row {number} cannot be read ({reason}): delete the file and run "
                "it_teacher.py again, which makes it anew"
            ) from None

    def _unpack(self, row: dict[str, np.ndarray]) -> Picked:
        high = row["high"][:, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
        count = len(row["low"])
        ids = row["low"].astype(np.int64) | high.reshape(-1)[:count].astype(np.int64) << 16
        weights = row["weights"].astype(np.float32) + (self.method == "draws")
        lengths = row["lengths"].astype(np.int64) + 1
        if lengths.sum() != count or len(weights) != count or len(lengths) != len(row["entropy"]):
            raise ValueError("its columns do not fit together")
        return Picked(*map(torch.from_numpy, (lengths, ids, weights, row["entropy"].astype(np.float32))))

    def targets(self, split: str, rows: Sequence[int]) -> SparseTargets:
        """The words about rows, one after the other, as the loss takes them."""
        found = [self.row(split, number) for number in rows]
        whole = Picked(*(torch.cat([getattr(row, name) for row in found]) for name in Picked.__dataclass_fields__))
        return padded(whole, self.method)


def build_split(
    folder: Path,
    identity: dict[str, Any],
    split: str,
    rows: int,
    speak: Callable[[int, int], Iterator[Picked]],
    *,
    rank: int = 0,
    world: int = 1,
) -> None:
    """Write this process's share of the shards that are missing. speak(first, count): the words about these rows."""
    for number in missing_shards(folder, identity, split, rows):
        if number % world == rank:
            words = speak(number * SHARD_ROWS, rows_of_shard(number, rows))
            said = stamp(identity, split, number)
            write_shard(shard_path(folder, split, number), words, identity["method"], said)


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 40 else text


def _write_json(path: Path, record: dict[str, Any]) -> None:
    write_whole(path, json.dumps(record, indent=2) + "\n")
