"""What the recipes with a teacher share: rows and cache, read and checked before anything slow, and their trainer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase
from trl import pack_dataset

from posttrain.chat import encode_rows
from posttrain.config import DataArguments, ModelArguments
from posttrain.data.mixture import load_splits
from posttrain.distill_config import DistillConfig
from posttrain.evaluate.tasks import Row, Task, find_task, load_rows
from posttrain.gemma import load_tokenizer
from posttrain.teacher.cache import TeacherCache, is_cache
from posttrain.teacher.open import check_rows, check_settings, open_live, teacher_hash
from posttrain.tracking import JsonlLog
from posttrain.trainers.benchmark import BenchmarkCallback
from posttrain.trainers.distill import DistillTrainer, number_rows
from posttrain.trainers.distill_head import Objective


@dataclass
class TaughtRows:
    """splits: of `load_splits` · cache: the teacher's words about them, where it is no model or server
    task, task_rows: of the benchmark that is run while training"""

    splits: Any
    cache: TeacherCache | None
    task: Task | None
    task_rows: list[Row]

    @property
    def held_out(self) -> list[dict[str, Any]]:
        return list(self.splits.test or ())

    def fingerprints(self, args: DistillConfig) -> dict[str, Any]:
        """Of rows and teacher."""
        return self.splits.fingerprints | {"teacher": teacher_hash(args)}


def read_rows(model_args: ModelArguments, data: DataArguments, args: DistillConfig) -> TaughtRows:
    """Raises UserError for rows that cannot be read, and a cache that another tokenizer or template was used for."""
    assert args.teacher is not None
    cache = TeacherCache(args.teacher) if is_cache(args.teacher) else None
    if cache is not None:
        check_settings(cache, args, load_tokenizer(model_args.model, revision=model_args.revision))
    splits = load_splits(data.train, data.eval, **data.limits(args.seed))
    task = find_task(args.benchmark) if args.benchmark else None
    task_rows = load_rows(task, args.benchmark_data, args.benchmark_rows) if task else []
    return TaughtRows(splits, cache, task, task_rows)


def encode(
    rows: TaughtRows, tokenizer: PreTrainedTokenizerBase, data: DataArguments, args: DistillConfig, *, show: bool
) -> tuple[Dataset, Dataset | None, Any]:
    """Training rows and held-out rows as tokens, by which the cache is found, and the report of `encode_rows`.

    Raises UserError where the cache was made for other rows."""
    train, report = encode_rows(rows.splits.train, tokenizer, args.max_length, name=data.train, progress=show)
    held_out = (
        encode_rows(rows.held_out, tokenizer, args.max_length, name="held-out rows")[0] if rows.held_out else None
    )
    if rows.cache is not None:
        check_rows(rows.cache, {"train": train, "test": held_out})
        train = number_rows(train)
        held_out = None if held_out is None else number_rows(held_out, held_out=True)
    if args.packing:  # here, since TRL would leave the numbers of the rows behind
        train = pack_dataset(train, args.max_length, args.packing_strategy)
    if show:
        print(f"{data.train}: {report}; {len(rows.held_out)} rows held out", flush=True)
    return train, held_out, report


def build_trainer(
    kind: type[DistillTrainer],
    model: Any,
    args: DistillConfig,
    rows: TaughtRows,
    datasets: tuple[Dataset, Dataset | None],
    tokenizer: PreTrainedTokenizerBase,
    *,
    checkpoint: Path | None,
    **settings: Any,
) -> DistillTrainer:
    """datasets: training and held-out rows, encoded · settings: the trainer's own"""
    train, held_out = datasets
    if held_out is None:
        args.eval_strategy = "no"
    args.eval_on_start &= held_out is not None and checkpoint is None
    args.dataset_kwargs = {"skip_prepare_dataset": True}  # the rows are encoded and packed
    trainer = kind(
        model,
        args,
        objective=Objective(args.beta, args.temperature, args.label_weight),
        teacher=rows.cache or open_live(args, tokenizer),
        policy_gradient=args.policy_gradient,
        on_policy=args.shares,
        reply_tokens=args.reply_tokens,
        vllm=args.vllm,
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        callbacks=[JsonlLog(Path(args.output_dir))],
        sample_rows=rows.held_out[: args.sample_rows],
        **settings,
    )
    if rows.task:
        in_loop = {"every": args.benchmark_steps, "max_new_tokens": args.sample_tokens}
        trainer.add_callback(BenchmarkCallback(trainer, rows.task, rows.task_rows, **in_loop))
    return trainer
