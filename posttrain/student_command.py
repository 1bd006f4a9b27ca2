"""`posttrain student`: cut a smaller Gemma out of a checkpoint, write it, and say what was kept."""

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table
from transformers import PreTrainedModel

from posttrain.errors import UserError
from posttrain.gemma import load_config, load_model, resolve_dtype, resolve_source, save_model
from posttrain.student import build_student, chosen_layers, student_config

RUN_MARKS = ("stage.json", "checkpoint-*", "adapter_config.json")  # would outlive the weights they speak of


def run(
    source: str | os.PathLike,
    out: str | os.PathLike,
    *,
    layers: int | None = None,
    ffn: int | None = None,
    keep: str | None = None,
    dtype: str | None = None,
    overwrite: bool = False,
) -> PreTrainedModel:
    """Write the student of `source` (`posttrain.student.build_student`) into the folder `out`, and print a table.

    source: hub id, HF folder, `.gguf` or built-in name; of a multimodal Gemma 3 the language model is cut.
    keep: the layers that stay, "0,1,5", instead of their number.
    dtype: of the written weights; the checkpoint's own by default. overwrite: put it where `out` holds another model.
    Raises UserError, before any weight is loaded, for sizes out of range and for a folder that is not free.
    """
    if layers is None and ffn is None and keep is None:
        raise UserError("student needs --layers or --ffn (or --keep): with none it would be a copy of the model")
    folder = Path(out).expanduser()
    _check_free(folder, source, overwrite)
    config = load_config(source).get_text_config()
    kept = chosen_layers(config, layers, None if keep is None else _indices(keep))
    student_config(config, layers=len(kept), ffn=ffn)
    if dtype is not None:
        resolve_dtype(dtype, config)
    model, tokenizer = load_model(source, "auto", text_only=True)
    student = build_student(model, ffn=ffn, keep=kept)
    save_model(student, tokenizer, folder, dtype)
    _print_table(model, student, kept, folder)
    return student


def _indices(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--keep wants layers' numbers, as in 0,1,2,5: {text!r}") from None


def _check_free(folder: Path, source: str | os.PathLike, overwrite: bool) -> None:
    if folder.resolve() == Path(resolve_source(source)).resolve():
        raise UserError(f"--out {folder} is the model's own folder: choose another")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file: give a folder")
    if mark := next((found for pattern in RUN_MARKS for found in sorted(folder.glob(pattern))), None):
        raise UserError(f"--out {folder} is the folder of a training run or an adapter ({mark.name}): choose another")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"--out {folder} is not empty: choose another, or --overwrite to replace the model in it")


def _print_table(model: PreTrainedModel, student: PreTrainedModel, kept: list[int], folder: Path) -> None:
    table = Table("", "source", "student")
    for column in table.columns[1:]:
        column.justify = "right"
    for label, key in (("layers", "num_hidden_layers"), ("FFN neurons a layer", "intermediate_size")):
        table.add_row(label, *(f"{getattr(one.config, key):,}" for one in (model, student)))
    embedding = model.get_input_embeddings().weight.numel()
    sizes = [one.num_parameters() for one in (model, student)]
    table.add_row("parameters", *(f"{size:,}" for size in sizes))
    table.add_row("without the embedding", *(f"{size - embedding:,}" for size in sizes))
    console = Console()
    console.print(table)
    kinds = student.config.layer_types
    marks = (f"{i} (global)" if kind == "full_attention" else str(i) for i, kind in zip(kept, kinds, strict=True))
    console.print(f"source layers kept: {', '.join(marks)}", highlight=False)
    if "full_attention" not in kinds:
        print(f"note: none of them is global: no layer looks back further than {student.config.sliding_window} tokens")
    print(f"{folder}: needs distillation before it is of use")
