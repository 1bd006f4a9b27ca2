"""Weights averaged over checkpoints: WARM's mean, WARP's SLERP and LITI, EMA; a piece at a time, whatever the size.

Each is a linear combination Σ c_i·θ_i, of which only the coefficients differ; SLERP's hang on the weights, by the
angles between task vectors, one set a layer. Arithmetic is in float32, angles in float64.

Folders hold whole models, or LoRA adapters of one base. Of adapters the updates ΔW = s·BA are combined, not A and B by
themselves, whose mean is another update: the result has the ranks of all its members together.
"""

import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from posttrain.adapters import combine_adapters, inner_products, is_adapter, read_adapter
from posttrain.errors import UserError
from posttrain.gemma import resolve_dtype, write_config_dtype
from posttrain.stage import check_room, fingerprint, finish_stage, written_whole
from posttrain.tensors import Tensors, write_tensors

Folder = str | os.PathLike
Coefficients = Callable[[str], Sequence[float]]  # of a tensor's name: a number a source

LAYER = re.compile(r"^(.*\blayers\.\d+)\.")
SMALL = 1e-6  # sin Ω below which SLERP is LERP
# What a model's folder holds beside its weights.
COMPANIONS = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "chat_template*",
    "special_tokens_map.json",
    "added_tokens.json",
    "preprocessor_config.json",
    "processor_config.json",
)


def mean(folders: Sequence[Folder], out: Folder, *, dtype: str | None = None) -> Path:
    """Their uniform mean (WARM, 2401.12187; model soups, 2203.05482). Of one folder: itself.

    dtype: of the written weights; the sources' own by default. Raises UserError, before anything is written, for
    folders whose tensors differ in name, shape or dtype, naming the first that does, and for an `out` that is taken.
    """
    paths = _paths(folders)
    weights = [1 / len(paths)] * len(paths)
    return _write("mean", paths, out, lambda name: weights, {}, dtype)


def greedy_mean(
    folders: Sequence[Folder], out: Folder, score: Callable[[Path], float], *, dtype: str | None = None
) -> tuple[Path, list[Path]]:
    """The mean of those members that do not make it worse: the best first, then each in its turn (2203.05482 §2).

    score: of a folder on held-out data, the higher the better · Returns the folder and its members.
    """
    paths = _paths(folders)
    scores = {path: score(path) for path in paths}
    order = sorted(paths, key=lambda path: -scores[path])
    chosen, best = order[:1], scores[order[0]]
    trial = Path(out).expanduser().with_name(f".{Path(out).name}.trial")
    try:
        for path in order[1:]:
            shutil.rmtree(trial, ignore_errors=True)
            found = score(mean([*chosen, path], trial, dtype=dtype))
            if found >= best:
                chosen, best = [*chosen, path], found
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return mean(chosen, out, dtype=dtype), chosen


def slerp(
    init: Folder, folders: Sequence[Folder], out: Folder, *, weight: float | None = None, dtype: str | None = None
) -> Path:
    """WARP's merge (2406.16768 §3.2): spherical interpolation of the task vectors δ_m = θ_m − θ_init, layer by layer.

    θ_init + sin((1−λ)Ω)/sinΩ·δ₁ + sin(λΩ)/sinΩ·δ₂ with Ω the angle between them, over all tensors of a decoder layer as
    one vector; embedding and final norm are vectors of their own. Of M > 2 the m-th joins the merge of those before it
    with λ = 1/m. Where a task vector is 0 or Ω is 0 or π: linear.
    weight: λ of two folders, ½ by default; 0 gives the first to the bit, 1 the second.
    init of adapters: an adapter they began from, or their base. dtype and errors are as for `mean`.
    """
    paths = _paths(folders)
    if len(paths) < 2:
        raise UserError("slerp merges two folders or more: for one alone take interpolate")
    if weight is not None and (len(paths) != 2 or not 0 <= weight <= 1):
        raise UserError("weight is λ of two folders, between 0 and 1")
    start = Path(init).expanduser()
    _check_free(Path(out).expanduser(), [start, *paths])
    apart = is_adapter(paths[0]) and not is_adapter(start)  # adapters that began at their base: δ is the update itself
    sources = paths if apart else [start, *paths]
    gram = _adapter_gram(sources, apart) if is_adapter(paths[0]) else _gram(_open(sources))
    groups = {group: slerp_weights(products, weight) for group, products in gram.items()}

    def coefficients(name: str) -> list[float]:
        found = groups[group_of(name)]
        return found if apart else [1 - sum(found), *found]

    return _write("slerp", sources, out, coefficients, {"weight": weight}, dtype)


def interpolate(init: Folder, other: Folder, eta: float, out: Folder, *, dtype: str | None = None) -> Path:
    """(1−η)·θ_init + η·θ_other (LITI, WARP 2406.16768 §3.3): η=0 and 1 give the ends to the bit. Also beyond, η > 1.

    dtype and errors are as for `mean`.
    """
    if not math.isfinite(eta) or eta < 0:
        raise UserError(f"eta must be 0 or above, not {eta}")
    start, end = Path(init).expanduser(), Path(other).expanduser()
    if is_adapter(end) and not is_adapter(start):  # its base
        return _write("interpolate", [end], out, lambda name: [eta], {"eta": eta}, dtype)
    return _write("interpolate", [start, end], out, lambda name: [1 - eta, eta], {"eta": eta}, dtype)


def ema(folders: Sequence[Folder], out: Folder, rate: float, *, dtype: str | None = None) -> Path:
    """Their exponential moving average in the order given: θ ← (1−rate)·θ + rate·θ_m from the first on.

    dtype and errors are as for `mean`.
    """
    if not 0 <= rate <= 1:
        raise UserError(f"rate must lie between 0 and 1, not {rate}")
    paths = _paths(folders)
    later = [rate * (1 - rate) ** (len(paths) - 1 - m) for m in range(1, len(paths))]
    weights = [(1 - rate) ** (len(paths) - 1), *later]
    return _write("ema", paths, out, lambda name: weights, {"rate": rate}, dtype)


def slerp_weights(gram: np.ndarray, weight: float | None = None) -> list[float]:
    """c_m with merge = Σ c_m·δ_m, from the inner products (M, M) of the task vectors; see `slerp`."""
    found = np.eye(len(gram))[0]
    for m in range(1, len(gram)):
        share = 1 / (m + 1) if weight is None else weight
        norms = math.sqrt(max(found @ gram @ found, 0.0)), math.sqrt(max(gram[m, m], 0.0))
        one, other = 1 - share, share
        if min(norms) > 0:
            cosine = min(1.0, max(-1.0, found @ gram[m] / (norms[0] * norms[1])))
            angle = math.acos(cosine)
            if math.sin(angle) > SMALL:
                one, other = (math.sin(part * angle) / math.sin(angle) for part in (1 - share, share))
        found = one * found
        found[m] = other
    return found.tolist()


def group_of(name: str) -> str:
    """The vector that a tensor is part of: its decoder layer, or itself."""
    layer = LAYER.match(name)
    return layer.group(1) if layer else name


def _gram(sources: list[Tensors]) -> dict[str, np.ndarray]:
    """Inner products (M, M) of the task vectors by group; the first source is where they began."""
    start, *others = sources
    products: dict[str, np.ndarray] = {}
    with _bar("Angles", sources) as bar:
        for name in start.names:
            total = products.setdefault(group_of(name), np.zeros((len(others), len(others))))
            for first, *rest in zip(*(source.pieces(name) for source in sources), strict=True):
                begun = first.float()
                steps = torch.stack([(piece.float() - begun).flatten() for piece in rest])
                total += (steps @ steps.T).double().numpy()
                bar.update(begun.numel() * len(sources))
    return products


def _adapter_gram(sources: list[Path], apart: bool) -> dict[str, np.ndarray]:
    adapters = [read_adapter(path) for path in sources]
    products: dict[str, np.ndarray] = {}
    for module, found in inner_products(adapters).items():
        if not apart:  # <θ_i − θ_0, θ_j − θ_0>
            found = found[1:, 1:] - found[1:, :1] - found[:1, 1:] + found[0, 0]
        group = group_of(module)
        products[group] = products.get(group, 0) + found
    return products


def _write(
    how: str, sources: list[Path], out: Folder, coefficients: Coefficients, settings: dict[str, Any], dtype: str | None
) -> Path:
    """The combination as a whole folder: weights, what the first source has beside them, and `stage.json`."""
    started, folder = time.monotonic(), Path(out).expanduser()
    _check_free(folder, sources)
    adapters = [is_adapter(path) for path in sources]
    if any(adapters) != all(adapters):
        raise UserError(f"{sources[adapters.index(True)]} is an adapter and others are whole models: merge it first")
    with written_whole(folder, "averaging") as staging:
        if all(adapters):
            read = [read_adapter(path) for path in sources]
            staging.mkdir(parents=True)
            _copy_companions(sources[0], staging)
            combine_adapters(read, coefficients, staging, dtype)
        else:
            _combine(_open(sources), coefficients, staging, dtype)
            _copy_companions(sources[0], staging)
            if dtype is not None:
                write_config_dtype(staging, resolve_dtype(dtype))
        inputs = {str(path): fingerprint(path) for path in sources}
        finish_stage(staging, "average", {"config": {"how": how, **settings}, "inputs": inputs}, started)
    return folder


def _combine(sources: list[Tensors], coefficients: Coefficients, staging: Path, dtype: str | None) -> None:
    first = sources[0]
    wanted = None if dtype is None else resolve_dtype(dtype)
    layout = {name: (first.shape(name), wanted or first.dtype(name)) for name in first.names}
    check_room(staging, sum(torch.Size(shape).numel() * kind.itemsize for shape, kind in layout.values()))
    staging.mkdir(parents=True)
    with _bar("Averaging", sources[:1]) as bar:

        def pieces(name: str) -> Iterator[Tensor]:
            used = [(c, source) for c, source in zip(coefficients(name), sources, strict=True) if c]
            for found in zip(*(source.pieces(name) for _, source in used), strict=True):
                bar.update(found[0].numel())
                yield _weighted([c for c, _ in used], found)

        write_tensors(staging, layout, pieces)


def _weighted(weights: list[float], pieces: Sequence[Tensor]) -> Tensor:
    if weights == [1.0]:
        return pieces[0]
    total = pieces[0].to(torch.float32, copy=True).mul_(weights[0])
    for weight, piece in zip(weights[1:], pieces[1:], strict=True):
        total.add_(piece.float(), alpha=weight)
    return total


def _open(paths: Sequence[Path]) -> list[Tensors]:
    """Their tensors, once they are known to be the same in name, shape and dtype."""
    first, *others = sources = [Tensors(path) for path in paths]
    for other in others:
        if odd := sorted(set(first.names) ^ set(other.names)):
            has, lacks = (first, other) if odd[0] in first.names else (other, first)
            raise UserError(f"{has.folder} has the tensor {odd[0]}, which {lacks.folder} has not: not the same model")
        for name in first.names:
            for what in ("shape", "dtype"):
                mine, theirs = getattr(first, what)(name), getattr(other, what)(name)
                if mine != theirs:
                    raise UserError(f"{name} has {what} {mine} in {first.folder}, {theirs} in {other.folder}")
    return sources


def _paths(folders: Sequence[Folder]) -> list[Path]:
    if not folders:
        raise UserError("no folders to average")
    return [Path(folder).expanduser() for folder in folders]


def _check_free(folder: Path, sources: list[Path]) -> None:
    for path in sources:
        if not path.is_dir():
            raise UserError(f"{path} is no folder: give folders of models or adapters")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserError(f"out: {folder} is there already: choose another, or delete it")


def _copy_companions(source: Path, folder: Path) -> None:
    for pattern in COMPANIONS:
        for path in source.glob(pattern):
            shutil.copyfile(path, folder / path.name)


def _bar(what: str, sources: list[Tensors]) -> tqdm:
    total = sum(torch.Size(source.shape(name)).numel() for source in sources for name in source.names)
    return tqdm(desc=what, total=total, unit=" weights", unit_scale=True, leave=False)
