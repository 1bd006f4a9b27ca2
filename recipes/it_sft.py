"""Supervised instruction tuning: a pre-trained Gemma goes in, an -IT checkpoint comes out.

    accelerate launch --config_file accelerate_configs/cpu.yaml \\
        recipes/it_sft.py --config recipes/configs/demo_270m_cpu.yaml
    accelerate launch recipes/it_sft.py --config recipes/configs/custom_domain.yaml --train my_rows.jsonl

Loss on the replies only, each with its <end_of_turn>; full tuning, LoRA, DoRA or QLoRA; the adapter is merged at the
end, so that the output folder is a plain checkpoint. The same command run again after a kill goes on where it was.
"""

import time
import warnings
from pathlib import Path

import transformers
from accelerate import PartialState

from posttrain.chat import encode_rows
from posttrain.config import AdapterArguments, DataArguments, ModelArguments, SFTConfig, as_dict, parse
from posttrain.data.mixture import load_splits
from posttrain.errors import one_line_errors
from posttrain.evaluate.tasks import find_task, load_rows
from posttrain.tracking import JsonlLog
from posttrain.trainers.benchmark import BenchmarkCallback
from posttrain.trainers.sft import SFTTrainer
from posttrain.training import begin_stage, finish_run, load_trainable, train_to_the_end


@one_line_errors
def main() -> None:
    started = time.monotonic()
    model_args, adapter, data, args = parse(
        (ModelArguments, AdapterArguments, DataArguments, SFTConfig), description=__doc__
    )
    state, folder = PartialState(), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)

    # 1. Rows: read and checked before anything slow begins.
    rows = load_splits(data.train, data.eval, **data.limits(args.seed))
    eval_rows = list(rows.test or ())
    task = find_task(args.benchmark) if args.benchmark else None
    task_rows = load_rows(task, args.benchmark_data, args.benchmark_rows) if task else []

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings and data.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs, checkpoint = begin_stage("sft", args, model_args, config, rows.fingerprints, state)

    # 3. Model and tokens.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args)
    train, report = encode_rows(rows.train, tokenizer, args.max_length, name=data.train, progress=state.is_main_process)
    held_out = encode_rows(eval_rows, tokenizer, args.max_length, name="held-out rows")[0] if eval_rows else None
    if state.is_main_process:
        print(f"{data.train}: {report}; {len(eval_rows)} rows held out", flush=True)
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)

    # 4. Train.
    if held_out is None:
        args.eval_strategy = "no"
    args.eval_on_start &= held_out is not None and checkpoint is None
    args.dataset_kwargs = {"skip_prepare_dataset": not args.packing}  # rows are encoded: only packing is TRL's
    trainer = SFTTrainer(
        model,
        args,
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

    # 5. The -IT folder: adapter merged into a fresh copy of the base, everything that servers want beside it.
    del trainer, model
    used = {"train": data.train, **vars(report), "mixture": rows.manifest}
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("sft", state, folder, model_args, adapter.method, tokenizer, record, started)


if __name__ == "__main__":
    main()
