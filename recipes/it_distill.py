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

from posttrain.config import AdapterArguments, DataArguments, ModelArguments, as_dict, parse
from posttrain.distill_config import DistillConfig
from posttrain.distillation import build_trainer, encode, read_rows
from posttrain.errors import one_line_errors
from posttrain.trainers.distill import DistillTrainer
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
    rows = read_rows(model_args, data, args)

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings, data and teacher.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs, checkpoint = begin_stage("distill", args, model_args, config, rows.fingerprints(args), state)

    # 3. Student, tokens, and the teacher's words about them.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args)
    train, held_out, report = encode(rows, tokenizer, data, args, show=state.is_main_process)
    if checkpoint and state.is_main_process:
        print(f"resuming from {checkpoint}", flush=True)

    # 4. Train.
    settings = {"checkpoint": checkpoint, "peft_config": peft_config}
    trainer = build_trainer(DistillTrainer, model, args, rows, (train, held_out), tokenizer, **settings)
    metrics = train_to_the_end(trainer, folder, checkpoint)

    # 5. The -IT folder, like it_sft.py's.
    del trainer, model
    used = {"train": data.train, **vars(report), "mixture": rows.splits.manifest}
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("distill", state, folder, model_args, adapter.method, tokenizer, record, started)


if __name__ == "__main__":
    main()
