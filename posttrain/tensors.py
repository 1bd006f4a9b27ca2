"""Checkpoints as files of tensors, a piece at a time: a model larger than memory is read, combined and written so.

The format is safetensors' own: 8 bytes with the header's length, a JSON header with dtype, shape and place of every
tensor, then their bytes. The library maps a file that it reads, and writes only what is in memory as a whole.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from posttrain.errors import UserError

PIECE = 1 << 18  # elements worked on at once: 1 MB in float32, which stays in a core's cache
SHARD_BYTES = 5 << 30  # of a file, as transformers has it
INDEX, WEIGHTS, ADAPTER = "model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies. start: of its bytes in the file"""

    path: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int


class Tensors:
    """The tensors of a folder (`model*.safetensors`, or an adapter's file), none of them read yet.

    names: in the order in which they are written · Raises UserError for a folder without weights, a shard that is
    missing or cut short, and for dtypes that weights do not come in.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder).expanduser()
        self._places: dict[str, _Place] = {}
        for file in _files(self.folder):
            self._places |= _places(self.folder / file)
        self.names = sorted(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._places[name].shape

    def dtype(self, name: str) -> torch.dtype:
        return self._places[name].dtype

    def read(self, name: str) -> Tensor:
        count = torch.Size(self.shape(name)).numel()
        return next(self._parts(name, max(1, count)), torch.empty(0, dtype=self.dtype(name))).view(self.shape(name))

    def pieces(self, name: str, size: int = PIECE) -> Iterator[Tensor]:
        """The tensor's numbers from its first to its last, (n,) with n up to `size`.

        They are read, not mapped: of a mapped file all that has been looked at would count as memory in use.
        """
        return self._parts(name, size)

    def _parts(self, name: str, count: int) -> Iterator[Tensor]:
        place = self._places[name]
        left = torch.Size(place.shape).numel()
        with place.path.open("rb") as file:
            file.seek(place.start)
            while left:
                buffer = bytearray(min(left, count) * place.dtype.itemsize)
                if file.readinto(buffer) != len(buffer):
                    raise UserError(f"{place.path} has become shorter while it was read")
                yield torch.frombuffer(buffer, dtype=place.dtype)
                left -= min(left, count)


def _places(path: Path) -> dict[str, _Place]:
    try:
        with safe_open(str(path), "pt"):  # which looks the header over: places in order, none beyond the end
            pass
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
    except FileNotFoundError:
        raise UserError(f"{path} is missing, although the folder's index names it") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is no whole safetensors file ({error}): copy it again") from None
    header.pop("__metadata__", None)
    if odd := next((name for name, entry in header.items() if entry["dtype"] not in DTYPES), None):
        raise UserError(f"{path}: tensor {odd} is of dtype {header[odd]['dtype']}: only float weights can be averaged")
    return {
        name: _Place(path, DTYPES[entry["dtype"]], tuple(entry["shape"]), 8 + size + entry["data_offsets"][0])
        for name, entry in header.items()
    }


def _files(folder: Path) -> list[str]:
    if (folder / INDEX).is_file():
        try:
            return sorted(set(json.loads((folder / INDEX).read_text())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError):
            raise UserError(f"{folder / INDEX} is damaged: copy the folder again") from None
    for name in (WEIGHTS, ADAPTER):
        if (folder / name).is_file():
            return [name]
    raise UserError(f"{folder} has no weights ({WEIGHTS}, {INDEX} or {ADAPTER}): give the folder of a model or adapter")


def write_tensors(
    folder: Path,
    layout: dict[str, tuple[tuple[int, ...], torch.dtype]],
    pieces: Callable[[str], Iterator[Tensor]],
    *,
    file: str = WEIGHTS,
) -> None:
    """Write tensors of which `layout` tells (shape, dtype), each from its pieces, in files of up to SHARD_BYTES.

    Pieces may come in any float dtype; they are cast. The folder has nothing of that name before.
    """
    sizes = {name: torch.Size(shape).numel() * dtype.itemsize for name, (shape, dtype) in layout.items()}
    shards: list[list[str]] = [[]]
    held = 0
    for name in layout:
        if shards[-1] and held + sizes[name] > SHARD_BYTES:
            shards.append([])
            held = 0
        shards[-1].append(name)
        held += sizes[name]
    if len(shards) == 1:
        _write_file(folder / file, layout, pieces)
        return
    stem = file.removesuffix(".safetensors")
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards, 1):
        shard = f"{stem}-{number:05}-of-{len(shards):05}.safetensors"
        _write_file(folder / shard, {name: layout[name] for name in names}, pieces)
        weight_map |= dict.fromkeys(names, shard)
    index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": weight_map}
    (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n")


def _write_file(
    path: Path, layout: dict[str, tuple[tuple[int, ...], torch.dtype]], pieces: Callable[[str], Iterator[Tensor]]
) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, (shape, dtype) in layout.items():
        end = place + torch.Size(shape).numel() * dtype.itemsize
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of 8, as the library has it
    with path.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for name, (_, dtype) in layout.items():
            for piece in pieces(name):
                out.write(memoryview(piece.to(dtype).contiguous().view(-1).view(torch.uint8).numpy()))
        out.flush()
        os.fsync(out.fileno())
