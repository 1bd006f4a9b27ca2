"""A teacher's words on disk: its distribution at every label of the rows, or its own replies to their prompts.

    accelerate launch recipes/it_teacher.py --teacher google/gemma-3-27b-it --train rows.jsonl --output_dir runs/teacher
    accelerate launch recipes/it_teacher.py --teacher http://localhost:8000/v1 --teacher_name gemma --tokenizer \\
        gemma-3-270m --output answers --samples 4 --reward reward.yaml --train rows.jsonl --output_dir runs/answers

Many processes share the rows; the same command run again after a kill goes on where it was. The cache is read by
recipes/it_distill.py, with the same rows and max_length; answers are rows for recipes/it_sft.py.
"""

import os
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from accelerate import PartialState
from datasets import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from posttrain.chat import encode_rows
from posttrain.config import DataArguments, parse
from posttrain.data.mixture import load_splits
from posttrain.distill_config import TeacherConfig, is_url
from posttrain.errors import one_line_errors
from posttrain.gemma import load_tokenizer, resolve_source
from posttrain.teacher.answers import write_answers
from posttrain.teacher.cache import FORMAT, begin, build_split, finish, missing_shards
from posttrain.teacher.identity import SHARED, check_same_tokens, rows_fingerprint, template_hash, tokenizer_hash
from posttrain.teacher.local import LocalTeacher, load_teacher
from posttrain.teacher.served import ServedTeacher
from posttrain.training import model_hash

SETTINGS = ("method", "draws", "temperature", "seed", "teacher_dtype", "teacher_bits")  # that change what is written


@one_line_errors
def main() -> None:
    data, args = parse((DataArguments, TeacherConfig), description=__doc__)
    on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true" or not torch.cuda.is_available()
    state, folder = PartialState(cpu=on_cpu), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()

    if args.output == "answers":  # of all rows: which of them to hold out is for the recipe that trains on the answers
        rows = load_splits(data.train, None, **data.limits(args.seed) | {"eval_rows": 0})
        write_answers(args, rows.train, folder, state)
        return
    rows = load_splits(data.train, data.eval, **data.limits(args.seed))

    # 1. The rows as the student will see them.
    with state.main_process_first():
        tokenizer = load_tokenizer(
            args.tokenizer or args.teacher, revision="main" if args.tokenizer else args.teacher_revision
        )
        if args.tokenizer and not is_url(args.teacher):
            check_same_tokens(args.teacher, tokenizer, args.teacher_revision)
    given = {"train": rows.train} | ({"test": rows.test} if rows.test is not None else {})
    encoded = {
        split: encode_rows(some, tokenizer, args.max_length, name=split, progress=state.is_main_process)
        for split, some in given.items()
    }

    # 2. The folder: begin, or go on with the shards that are missing.
    identity = {
        "format": FORMAT,
        "teacher": args.teacher_name or args.teacher,
        "teacher_hash": None
        if is_url(args.teacher)
        else model_hash(resolve_source(args.teacher), args.teacher_revision),
        "tokenizer": tokenizer_hash(tokenizer),
        "template": template_hash(tokenizer),
        "max_length": args.max_length,
        "splits": {split: {"rows": len(some), "data": rows_fingerprint(some)} for split, (some, _) in encoded.items()},
        **{name: getattr(args, name) for name in SETTINGS},
    }
    if state.is_main_process:
        begin(folder, identity)
    state.wait_for_everyone()

    # 3. Ask.
    sizes = {split: len(some) for split, (some, _) in encoded.items()}
    if any(missing_shards(folder, identity, split, count) for split, count in sizes.items()):
        teacher = open_teacher(args, tokenizer, state.device)
        for split, (some, _) in encoded.items():
            ask(teacher, args, folder, identity, split, some, state)
    state.wait_for_everyone()
    if state.is_main_process:
        labels = {split: report.labels for split, (_, report) in encoded.items()}
        finish(folder, identity, sizes, {"labels": labels})
        stored = sum(path.stat().st_size for path in folder.glob("*.arrow"))
        print(f"{folder}: {sizes} rows, {labels} labels, {stored / sum(labels.values()):.1f} bytes a label")
    state.wait_for_everyone()


def open_teacher(
    args: TeacherConfig, tokenizer: PreTrainedTokenizerBase, device: torch.device
) -> LocalTeacher | ServedTeacher:
    if is_url(args.teacher):
        assert args.teacher_name is not None
        return ServedTeacher(args.teacher, args.teacher_name, args.draws, tokenizer)
    model = load_teacher(args.teacher, args.teacher_dtype, revision=args.teacher_revision, bits=args.teacher_bits)
    return LocalTeacher(model if args.teacher_bits else model.to(device), min(len(tokenizer), SHARED))


def ask(
    teacher: LocalTeacher | ServedTeacher,
    args: TeacherConfig,
    folder: Path,
    identity: dict[str, Any],
    split: str,
    rows: Dataset,
    state: PartialState,
) -> None:
    """This process's share of the shards of a split."""
    settings: dict[str, Any] = {
        "method": args.method,
        "count": args.draws,
        "temperature": args.temperature,
        "seed": args.seed,
    }

    def speak(bar: Any, first: int, count: int) -> Any:
        for said in teacher.speak(list(rows.select(range(first, first + count))), first, **settings):
            bar.update(1)
            yield said

    shown = state.is_main_process and args.progress
    with tqdm(
        desc=f"Asking about {split}", unit=" rows", total=-(-len(rows) // state.num_processes), disable=not shown
    ) as bar:
        build_split(
            folder,
            identity,
            split,
            len(rows),
            partial(speak, bar),
            rank=state.process_index,
            world=state.num_processes,
        )


if __name__ == "__main__":
    main()
