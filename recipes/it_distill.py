"""Distillation from a larger instruct teacher: the student learns the teacher's distribution at every token.

    accelerate launch recipes/it_distill.py --config recipes/configs/distill_1b_cached.yaml
    accelerate launch --config_file accelerate_configs/cpu.yaml recipes/it_distill.py \\
        --config recipes/configs/distill_270m_cpu.yaml

The teacher is a folder that it_teacher.py wrote (no teacher in memory), a model beside the student, or a server. With
`on_policy`, that share of the steps is on replies that the student has just written (GKD, 2306.13649). Output, resuming
and everything else are as in it_sft.py.
"""

import time
import warnings
from pathlib import Path

import transformers
from accelerate import PartialState
from trl import pack_dataset

from posttrain.chat import encode_rows
from posttrain.config import AdapterArguments, DataArguments, ModelArguments, as_dict, parse
from posttrain.data.mixture import load_splits
from posttrain.distill_config import DistillConfig
from posttrain.errors import one_line_errors
from posttrain.evaluate.tasks import find_task, load_rows
from posttrain.gemma import load_tokenizer
from posttrain.teacher.cache import TeacherCache, is_cache
from posttrain.teacher.open import check_rows, check_settings, open_live, teacher_hash
from posttrain.tracking import JsonlLog
from posttrain.trainers.benchmark import BenchmarkCallback
from posttrain.trainers.distill import DistillTrainer, number_rows
from posttrain.trainers.distill_head import Objective
from posttrain.training import begin_stage, finish_run, load_trainable, train_to_the_end


@one_line_errors
def main() -> None:
    started = time.monotonic()
    model_args, adapter, data, args = parse(
        (ModelArguments, AdapterArguments, DataArguments, DistillConfig), description=__doc__
    )
    state, folder = PartialState(), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)

    # 1. Rows and the cache: read and checked before anything slow begins.
    cache = TeacherCache(args.teacher) if is_cache(args.teacher) else None
    if cache is not None:
        check_settings(cache, args, load_tokenizer(model_args.model, revision=model_args.revision))
    rows = load_splits(data.train, data.eval, **data.limits(args.seed))
    eval_rows = list(rows.test or ())
    task = find_task(args.benchmark) if args.benchmark else None
    task_rows = load_rows(task, args.benchmark_data, args.benchmark_rows) if task else []

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings, data and teacher.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs = rows.fingerprints | {"teacher": teacher_hash(args)}
    inputs, checkpoint = begin_stage("distill", args, model_args, config, inputs, state)

    # 3. Student, tokens, and the teacher's words about them.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args)
    train, report = encode_rows(rows.train, tokenizer, args.max_length, name=data.train, progress=state.is_main_process)
    held_out = encode_rows(eval_rows, tokenizer, args.max_length, name="held-out rows")[0] if eval_rows else None
    if cache is not None:
        check_rows(cache, {"train": train, "test": held_out})
        train = number_rows(train)
        held_out = None if held_out is None else number_rows(held_out, held_out=True)
    if args.packing:  # here, since TRL would leave the numbers of the rows behind
        train = pack_dataset(train, args.max_length, args.packing_strategy)
    if state.is_main_process:
        print(f"{data.train}: {report}; {len(eval_rows)} rows held out", flush=True)
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)

    # 4. Train.
    if held_out is None:
        args.eval_strategy = "no"
    args.eval_on_start &= held_out is not None and checkpoint is None
    args.dataset_kwargs = {"skip_prepare_dataset": True}  # the rows are encoded and packed
    trainer = DistillTrainer(
        model,
        args,
        objective=Objective(args.beta, args.temperature, args.label_weight),
        teacher=cache or open_live(args, tokenizer),
        policy_gradient=args.policy_gradient,
        on_policy=args.shares,
        reply_tokens=args.reply_tokens,
        vllm=args.vllm,
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        peft_config=peft_config,
        callbacks=[JsonlLog(folder)],
        sample_rows=eval_rows[: args.sample_rows],
    )
    if task:
        settings = {"every": args.benchmark_steps, "max_new_tokens": args.sample_tokens}
        trainer.add_callback(BenchmarkCallback(trainer, task, task_rows, **settings))
    metrics = train_to_the_end(trainer, folder, checkpoint)

    # 5. The -IT folder, like it_sft.py's.
    del trainer, model
    used = {"train": data.train, **vars(report), "mixture": rows.manifest}
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("distill", state, folder, model_args, adapter.method, tokenizer, record, started)


if __name__ == "__main__":
    main()
