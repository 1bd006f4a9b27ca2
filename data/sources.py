"""Where raw rows come from: files by path or glob, the hub, and built-in sets; one at a time, in a fixed order.

A raw row is (where, content): where names file and row for errors; content is a dict, bytes of JSON that `parse_raw`
reads (in a worker process, since that is the slow part), or the fault of a row that could not be taken apart.
"""

import csv
import glob
import gzip
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from posttrain.data.builtin import BUILT_IN, built_in_rows, is_built_in
from posttrain.errors import UserError

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
MAX_LINE = 32 << 20  # bytes; a longer line is no conversation, and must not fill the memory
SHOWN = 1000  # characters kept of each cell or line that could not be read


class BadRow(UserError):
    """The fault of one row; the rows after it can still be read. raw: what is left of it, for rejected.jsonl."""

    def __init__(self, message: str, raw: Any = None):
        super().__init__(message)
        self.raw = raw


Raw = tuple[str, bytes | dict[str, Any] | BadRow]


@dataclass(frozen=True)
class Files:
    """Local files of one glob, in sorted order."""

    paths: tuple[Path, ...]

    def rows(self, start: int = 0) -> Iterator[Raw]:
        return islice((raw for path in self.paths for raw in _read(path)), start, None)

    def fingerprint(self) -> str:
        """sha256 over the files' contents: a moved file is the same file."""
        digest = hashlib.sha256()
        for path in self.paths:
            try:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise UserError(f"{path}: could not be read ({error.strerror})") from None
        return digest.hexdigest()


@dataclass(frozen=True)
class Hub:
    """A data set of the Hugging Face hub, streamed."""

    name: str
    config: str | None
    split: str
    revision: str | None

    def rows(self, start: int = 0) -> Iterator[Raw]:
        import datasets

        try:
            rows = datasets.load_dataset(
                self.name, self.config, split=self.split, revision=self.revision, streaming=True
            ).skip(start)
            for number, row in enumerate(rows, start + 1):
                yield f"row {number} of {self.name}", row
        except Exception as error:  # of the client in use, of the network, of a wrong config or split
            raise self._fault(error) from None

    def fingerprint(self) -> str:
        """The commit that the revision stands for now; offline the revision's name."""
        from huggingface_hub import HfApi, constants

        if constants.HF_HUB_OFFLINE:
            return f"{self.name}@{self.revision}"
        try:
            return f"{self.name}@{HfApi().dataset_info(self.name, revision=self.revision).sha}"
        except Exception as error:  # of the client in use, of the network, of a wrong name
            raise self._fault(error) from None

    def _fault(self, error: Exception) -> UserError:
        """A path with one slash in it that is not there looks like a hub id: the message says both."""
        said = " ".join(str(error).split())[:300]
        return UserError(f"{self.name}: no such file or folder here, and as a hub id it cannot be read: {said}")


@dataclass(frozen=True)
class BuiltIn:
    """Rows from an installed package, or of our own."""

    name: str
    split: str
    options: tuple[tuple[str, Any], ...] = ()

    def rows(self, start: int = 0) -> Iterator[Raw]:
        rows = built_in_rows(self.name, self.split, dict(self.options))
        for number, row in enumerate(islice(rows, start, None), start + 1):
            yield f"row {number} of {self.name}", row

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for _, row in self.rows():
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
        return digest.hexdigest()


Source = Files | Hub | BuiltIn


def open_source(
    name: str,
    *,
    config: str | None = None,
    split: str = "train",
    revision: str | None = None,
    options: dict[str, Any] | None = None,
    folder: Path = Path(),
) -> Source:
    """A built-in name, a path or glob (relative to `folder`), or a hub id. Raises UserError where it is none."""
    if is_built_in(name):
        return BuiltIn(name, split, tuple((options or {}).items()))
    if options:
        raise UserError(f"{name}: `options` are for built-in sources ({', '.join(BUILT_IN)})")
    expanded = os.path.expanduser(name)
    literal = os.path.join(folder, expanded)
    pattern = literal if os.path.isabs(expanded) else os.path.join(glob.escape(str(folder)), expanded)
    looks_like_files = name.startswith(("/", "./", "../", "~")) or name.removesuffix(".gz").endswith(SUFFIXES)
    matches = [literal] if os.path.isfile(literal) else sorted(glob.glob(pattern, recursive=True))
    paths = [Path(path) for path in matches if os.path.isfile(path)]
    if paths:
        for path in paths:
            _opener(path)
        return Files(tuple(paths))
    if os.path.isdir(literal):
        raise UserError(f"{name}: is a folder; name its files, as {name.rstrip('/')}/*.jsonl")
    if looks_like_files or any(mark in name for mark in "*?[") or name.count("/") != 1:
        raise UserError(f"{name}: no such file (built-in: {', '.join(BUILT_IN)})")
    return Hub(name, config, split, revision)


def parse_raw(content: bytes | dict[str, Any] | BadRow, where: str) -> Any:
    """The row as the file has it. Raises UserError that begins with `where` for broken JSON or UTF-8."""
    if isinstance(content, BadRow):
        raise content
    if isinstance(content, dict):
        return content
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: broken JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise UserError(f"{where}: JSON nested too deeply") from None
    except ValueError as error:  # an endless number
        raise UserError(f"{where}: broken JSON ({' '.join(str(error).split())[:200]})") from None


def _opener(path: Path):
    """The reader of a file's type. Raises UserError for an unknown one."""
    suffix = path.name.removesuffix(".gz").rpartition(".")[2]
    readers = {"jsonl": _lines, "json": _json_file, "csv": _csv_file, "tsv": _csv_file, "parquet": _parquet}
    if suffix not in readers or (suffix == "parquet" and path.suffix == ".gz"):
        raise UserError(f"{path}: unknown file type; give .jsonl, .json, .csv, .tsv (also .gz) or .parquet")
    return readers[suffix]


def _read(path: Path) -> Iterator[Raw]:
    try:
        yield from _opener(path)(path)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UserError(f"{path.name}: broken gzip file ({error})") from None
    except OSError as error:
        raise UserError(f"{path}: could not be read ({error.strerror or error})") from None


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as file:
        if path.suffix == ".gz":
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file


def _bounded(file: IO[bytes] | gzip.GzipFile) -> Iterator[tuple[bytes, bool]]:
    """(line, whether it goes on) of every line; what is beyond MAX_LINE is read without holding it, and left out."""
    while line := file.readline(MAX_LINE):
        goes_on = len(line) == MAX_LINE and not line.endswith(b"\n")
        while goes_on and (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
            pass
        yield line, goes_on


def _too_long(where: str, start: Any) -> BadRow:
    return BadRow(f"{where}: longer than {MAX_LINE >> 20} MB; split it or take it out", start)


def _lines(path: Path) -> Iterator[Raw]:
    """JSON lines as bytes; a line beyond MAX_LINE is a bad row."""
    with _open(path) as file:
        for number, (line, goes_on) in enumerate(_bounded(file), 1):
            where = f"row {number} of {path.name}"
            if goes_on:
                yield where, _too_long(where, line[:SHOWN].decode(errors="replace"))
                continue
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line  # Windows' byte order mark
            if line.strip():
                yield where, line


def _json_file(path: Path) -> Iterator[Raw]:
    """A JSON array of rows, or one row; read whole (JSON lines are for files larger than memory)."""
    with _open(path) as file:
        try:
            content = json.loads(file.read().removeprefix(b"\xef\xbb\xbf"))
        except json.JSONDecodeError as error:
            hint = "; a file of JSON lines is named .jsonl" if error.msg == "Extra data" else ""
            raise UserError(f"{path.name}: broken JSON ({error.msg}, line {error.lineno}{hint})") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{path.name}: not UTF-8 text (byte {error.start})") from None
        except (ValueError, RecursionError) as error:  # an endless number, endless brackets
            raise UserError(f"{path.name}: broken JSON ({' '.join(str(error).split())[:200]})") from None
    for number, row in enumerate(content if isinstance(content, list) else [content], 1):
        where = f"row {number} of {path.name}"
        fault = f"{where}: a row must be a JSON object, found {type(row).__name__}"
        yield where, row if isinstance(row, dict) else BadRow(fault, row)


def _csv_file(path: Path) -> Iterator[Raw]:
    """Comma or tab separated, the first line names the columns; row numbers count rows below it."""
    csv.field_size_limit(min(MAX_LINE, sys.maxsize))
    cut: list[bytes] = []  # lines beyond MAX_LINE that the reader has taken since the last row

    def lines(file: IO[bytes] | gzip.GzipFile) -> Iterator[str]:
        for number, (line, goes_on) in enumerate(_bounded(file)):
            cut.extend([line] * goes_on)
            # Bytes that are not UTF-8 become lone surrogates, by which their row is told below.
            yield line.decode("utf-8-sig" if number == 0 else "utf-8", "surrogateescape")

    with _open(path) as file:
        rows = csv.reader(lines(file), delimiter="\t" if ".tsv" in path.suffixes else ",", strict=True)
        names = _csv_header(rows, path)
        number = 1
        while (row := _csv_row(rows, names, f"row {number} of {path.name}")) is not None:
            where = f"row {number} of {path.name}"
            if cut:
                row = _too_long(where, cut.pop()[:SHOWN].decode(errors="replace"))
                cut.clear()
            yield where, row
            number += 1


def _csv_header(rows: Iterator[list[str]], path: Path) -> list[str]:
    try:
        names = next((cells for cells in rows if cells), [])
    except csv.Error as error:
        raise UserError(f"{path.name}: broken CSV in the header ({error})") from None
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise UserError(f"{path.name}: the header names column {repeated[0]!r} twice")
    return names


def _csv_row(rows: Iterator[list[str]], names: list[str], where: str) -> dict[str, Any] | BadRow | None:
    """The next row without its empty cells; None at the end. Raises UserError where a quote that is never closed has
    swallowed the rest of the file."""
    try:
        cells = next((cells for cells in rows if cells), None)  # no cells: a blank line
    except csv.Error as error:
        if "end of data" in str(error):
            raise UserError(f"{where}: broken CSV ({error}: a quote is never closed)") from None
        return BadRow(f"{where}: broken CSV ({error})")
    if cells is None:
        return None
    shown = [cell[:SHOWN] for cell in cells]
    if len(cells) != len(names):
        return BadRow(f"{where}: {len(cells)} cells where the header has {len(names)}", shown)
    if not all(map(_is_text, cells)):
        return BadRow(f"{where}: not UTF-8 text", shown)
    return {name: cell for name, cell in zip(names, cells, strict=True) if cell != ""}


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parquet(path: Path) -> Iterator[Raw]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number} of {path.name}", row
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: broken Parquet file ({' '.join(str(error).split())[:200]})") from None
