"""Checkpoints as others take them: merged HF folders, LoRA adapters, GGUF files with Ollama's Modelfile."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from posttrain.averaging import COMPANIONS
from posttrain.errors import UserError, nearest
from posttrain.export.adapter_folder import check_effect, vllm_rank, write_adapter
from posttrain.export.card import read_evaluations, write_card
from posttrain.export.gguf_file import DTYPES, write_gguf, write_mmproj
from posttrain.export.ollama import write_modelfile
from posttrain.export.source import Source, open_source
from posttrain.gemma import (
    load_tokenizer,
    resolve_dtype,
    save_tokenizer,
    write_config_dtype,
    write_generation_config,
)
from posttrain.lora import ADAPTER_FOLDER
from posttrain.stage import check_room, fingerprint, finish_stage, rounded_form, written_whole
from posttrain.tensors import write_tensors

FORMATS = ("hf", "adapter", "gguf")


def export(
    model: str | os.PathLike,
    out: str | os.PathLike,
    form: str = "hf",
    *,
    dtype: str | None = None,
    base: str | None = None,
    evaluations: Sequence[str] = (),
) -> Path:
    """Write `model` into the folder `out` in a format that others read, with a card (README.md) and `stage.json`.

    model: HF folder, hub id, `.gguf`, built-in name, or an adapter's folder, which is added to its base
    form: hf (safetensors under the base's own names), adapter (PEFT's, as vLLM takes it), gguf (llama.cpp, Ollama)
    dtype: hf: bfloat16 or float32, by default what the weights are in; gguf: f16 (default), bf16, q8_0 or q4_0
    base: of an adapter, by default the one it names · evaluations: folders of `posttrain eval`, for the card

    A few tensors' pieces are in memory at a time. Raises UserError, before anything is written, for what is no whole
    checkpoint, an unknown format and a folder that is taken; a run that is killed leaves nothing under `out`.
    """
    started, folder = time.monotonic(), Path(out).expanduser().resolve()
    _check(form, dtype, folder)
    figures = read_evaluations(evaluations)
    named = str(model)
    if form == "adapter" and (Path(named).expanduser() / ADAPTER_FOLDER).is_dir():
        named = str(Path(named).expanduser() / ADAPTER_FOLDER)
    source = open_source(named, base)
    if form == "adapter" and source.adapter is None:
        raise UserError(
            f"{model} has no adapter: it was tuned in full, or merged elsewhere; export it with --format hf"
        )
    _check_stored(source, form, dtype)
    _check_room(source, folder, form, dtype)
    with written_whole(folder, "exporting") as staging:
        staging.mkdir(parents=True)
        about = _WRITERS[form](source, staging, dtype)
        write_card(staging, source, form, name=str(out), about=about, evaluations=figures)
        config = {"model": str(model), "format": form, "dtype": about["dtype"], "base": base}
        inputs = {str(source.folder): fingerprint(source.folder)}
        if source.adapter is not None:
            inputs[named] = fingerprint(source.adapter.folder)
        finish_stage(staging, "export", {"config": config, "inputs": inputs}, started)
    return folder


def _write_hf(source: Source, folder: Path, dtype: str | None) -> dict[str, Any]:
    wanted = None if dtype is None else resolve_dtype(dtype)
    layout = {name: (source.shape(name), wanted or source.dtype(name)) for name in source.names}
    write_tensors(folder, layout, source.pieces)
    for pattern in COMPANIONS:
        for path in source.folder.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    tokenizer = load_tokenizer(source.folder)
    save_tokenizer(tokenizer, folder)
    stored = wanted or next(iter(layout.values()))[1]
    write_config_dtype(folder, stored)
    write_generation_config(folder, tokenizer)
    name = str(stored).removeprefix("torch.")
    return {"what": f"a plain transformers folder in {name}", "dtype": name}


def _write_adapter(source: Source, folder: Path, dtype: str | None) -> dict[str, Any]:
    assert source.adapter is not None
    rank = source.adapter.config["r"]
    told = vllm_rank(rank)
    write_adapter(source, folder)
    save_tokenizer(load_tokenizer(source.folder), folder)
    change = check_effect(source, folder)
    if change is None:
        print("the base does not fit into half of this machine's free memory: not tried whether its replies change")
    else:
        print(f"the adapter moves the base's logits by up to {change:.3g}")
    dtype = str(next(iter(source.adapter.pairs.values()))[0].dtype).removeprefix("torch.")
    return {"what": f"a LoRA adapter of rank {rank}", "rank": told, "dtype": dtype}


def _write_gguf(source: Source, folder: Path, dtype: str | None) -> dict[str, Any]:
    dtype = dtype or "f16"
    file = f"model-{dtype}.gguf"
    write_gguf(source, folder / file, dtype)
    write_modelfile(folder, file)
    if source.config.model_type == "gemma3":
        write_mmproj(source, folder / "mmproj-f16.gguf")
    limits = f"Its weights are rounded to {dtype.upper()}." if dtype.startswith("q") else ""
    return {"what": f"GGUF in {dtype.upper()}", "file": file, "dtype": dtype, "limits": limits}


_WRITERS = {"hf": _write_hf, "adapter": _write_adapter, "gguf": _write_gguf}


def _check(form: str, dtype: str | None, folder: Path) -> None:
    if form not in FORMATS:
        raise UserError(f"--format must be one of {', '.join(FORMATS)}, not {form!r}{nearest(form, FORMATS)}")
    if form == "adapter" and dtype is not None:
        raise UserError("an adapter is exported in the dtype that it has: leave --dtype out")
    if form == "hf" and dtype is not None:
        if dtype in DTYPES and dtype.startswith("q"):
            raise UserError(f"--dtype {dtype} is a GGUF's: give --format gguf with it")
        if resolve_dtype(dtype) not in (torch.bfloat16, torch.float32) or dtype == "auto":
            raise UserError(f"--dtype must be bfloat16 or float32, not {dtype!r}")
    if form == "gguf" and dtype is not None and dtype not in DTYPES:
        raise UserError(f"--dtype of a GGUF must be one of {', '.join(DTYPES)}, not {dtype!r}{nearest(dtype, DTYPES)}")
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise UserError(f"--out {folder}: {path} is a file: choose another folder")
    if os.path.ismount(folder):
        raise UserError(f"{folder} is a mount point, which cannot be made as a whole: give a folder in it")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} exists and is not empty: choose another --out")


def _check_stored(source: Source, form: str, dtype: str | None) -> None:
    """What the weights are, against what they are to be."""
    stored = {source.dtype(name) for name in source.names}
    if form == "hf" and dtype is None and torch.float16 in stored:
        raise UserError(f"{source.folder} is stored in float16, in which Gemma overflows: give --dtype bfloat16")
    trained_for = rounded_form(source.folder)
    if trained_for and form == "gguf" and dtype != trained_for:
        print(f"note: {source.named} was trained for {trained_for}; {dtype or 'f16'} stores it otherwise")


def _check_room(source: Source, folder: Path, form: str, dtype: str | None) -> None:
    if form == "adapter":
        return
    size = {"f16": 2, "bf16": 2, "q8_0": 1.07, "q4_0": 1.07}[dtype or "f16"] if form == "gguf" else None
    need = sum(
        torch.Size(source.shape(name)).numel()
        * (size or (resolve_dtype(dtype) if dtype else source.dtype(name)).itemsize)
        for name in source.names
    )
    check_room(folder, need)
