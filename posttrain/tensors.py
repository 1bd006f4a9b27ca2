"""Checkpoints as files of tensors, a piece at a time: a model larger than memory is read, combined and written so.

The format is safetensors' own: 8 bytes with the header's length, a JSON header with dtype, shape and place of every
tensor, then their bytes. Reading is the library's; what it cannot do is to write a file whose tensors are not all in
memory, which is done here.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from posttrain.errors import UserError

PIECE = 1 << 22  # elements worked on at once: 16 MB in float32
SHARD_BYTES = 5 << 30  # of a file, as transformers has it
INDEX, WEIGHTS, ADAPTER = "model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}  # what weights come in
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class Tensors:
    """The tensors of a folder (`model*.safetensors`, or an adapter's file), mapped and not read.

    names: in the order in which they are written · Raises UserError for a folder without weights, a shard that is
    missing or cut short, and for dtypes that weights do not come in.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder).expanduser()
        self._files: dict[str, Any] = {}
        self._where: dict[str, str] = {}
        for file in _files(self.folder):
            path = self.folder / file
            try:
                self._files[file] = safe_open(str(path), "pt")
            except FileNotFoundError:
                raise UserError(f"{path} is missing, although the folder's index names it") from None
            except (SafetensorError, OSError) as error:
                raise UserError(f"{path} is no whole safetensors file ({error}): copy it again") from None
            self._where |= dict.fromkeys(self._files[file].keys(), file)
        self.names = sorted(self._where)
        for name in self.names:
            if (dtype := self._slice(name).get_dtype()) not in DTYPES:
                raise UserError(f"{self.folder}: tensor {name} is of dtype {dtype}: only float weights can be averaged")

    def _slice(self, name: str) -> Any:
        return self._files[self._where[name]].get_slice(name)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._slice(name).get_shape())

    def dtype(self, name: str) -> torch.dtype:
        return DTYPES[self._slice(name).get_dtype()]

    def read(self, name: str) -> Tensor:
        return self._files[self._where[name]].get_tensor(name)

    def pieces(self, name: str) -> Iterator[Tensor]:
        """The tensor from its first rows to its last, at most about PIECE elements at a time."""
        shape = self.shape(name)
        if not shape:
            yield self.read(name)
            return
        rows = max(1, PIECE // max(1, torch.Size(shape[1:]).numel()))
        part = self._slice(name)
        for start in range(0, shape[0], rows):
            yield part[start : start + rows]


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
