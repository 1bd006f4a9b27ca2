"""From a recipe's settings to a teacher, and whether it fits the student."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from posttrain.distill_config import DistillConfig, is_url
from posttrain.errors import UserError
from posttrain.gemma import resolve_source
from posttrain.stage import fingerprint
from posttrain.teacher.cache import MANIFEST, TeacherCache, is_cache
from posttrain.teacher.identity import check_same_tokens, rows_fingerprint, template_hash, tokenizer_hash
from posttrain.teacher.local import LocalTeacher, load_teacher
from posttrain.teacher.served import ServedTeacher
from posttrain.training import model_hash


def teacher_hash(args: DistillConfig) -> str:
    """Of what the teacher is, so that a run goes on with no other: its weights, its cache's manifest, its name."""
    assert args.teacher is not None
    if is_url(args.teacher):
        return f"served {args.teacher_name}"
    if is_cache(args.teacher):
        return fingerprint(TeacherCache(args.teacher).folder / MANIFEST)
    return model_hash(resolve_source(args.teacher), args.teacher_revision)


def check_settings(cache: TeacherCache, args: DistillConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises UserError, naming the field that differs, where the cache has other ids or another temperature."""
    same: dict[str, Any] = {"tokenizer": tokenizer_hash(tokenizer), "template": template_hash(tokenizer)}
    cache.check("train", same | {"max_length": args.max_length})
    if cache.temperature != args.temperature:
        raise UserError(
            f"{cache.folder} was made at temperature {cache.temperature}, not {args.temperature}: "
            "set `temperature` to the cache's"
        )


def check_rows(cache: TeacherCache, splits: dict[str, Dataset | None]) -> None:
    """Raises UserError, naming the field that differs, where the cache was made for other rows than these, encoded."""
    for split, rows in splits.items():
        if rows is not None:
            cache.check(split, {"rows": len(rows), "data": rows_fingerprint(rows)})


def open_live(args: DistillConfig, tokenizer: PreTrainedTokenizerBase) -> LocalTeacher | ServedTeacher:
    """A teacher that is asked while training. Raises UserError for a tokenizer other than the student's."""
    assert args.teacher is not None
    if is_url(args.teacher):
        assert args.teacher_name is not None
        return ServedTeacher(args.teacher, args.teacher_name, args.teacher_top, tokenizer)
    check_same_tokens(args.teacher, tokenizer, args.teacher_revision)
    model = load_teacher(args.teacher, args.teacher_dtype, revision=args.teacher_revision, bits=args.teacher_bits)
    return LocalTeacher(model)
