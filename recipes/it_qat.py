"""Quantisation-aware training: an -IT model that loses little when its weights are stored in 4 bits.

    accelerate launch recipes/it_qat.py --config recipes/configs/qat_4b_q4_0.yaml
    accelerate launch --config_file accelerate_configs/cpu.yaml recipes/it_qat.py \\
        --config recipes/configs/qat_270m_cpu.yaml

As in the Gemma 3 report (§2.3), the model computes with rounded weights and learns the probabilities of itself before
rounding, on a few thousand steps. Run it last: training without rounding afterwards undoes it. `before` in the results
is plain rounding to nearest.

The output is in float32 and holds the rounded weights, which bfloat16 cannot; `posttrain export --format gguf --dtype
q4_0` stores exactly them. Everything else is as in it_distill.py.
"""

import time
import warnings
from pathlib import Path

import transformers
from accelerate import PartialState

from posttrain.config import AdapterArguments, DataArguments, ModelArguments, as_dict, parse
from posttrain.distillation import build_trainer, encode, read_rows
from posttrain.errors import one_line_errors
from posttrain.qat_config import QATConfig, check_adapter
from posttrain.trainers.fake_quantisation import round_embedding
from posttrain.trainers.qat import QATTrainer
from posttrain.training import begin_stage, finish_run, load_trainable, train_to_the_end


@one_line_errors
def main() -> None:
    started = time.monotonic()
    model_args, adapter, data, args = parse(
        (ModelArguments, AdapterArguments, DataArguments, QATConfig), description=__doc__
    )
    check_adapter(adapter)
    if args.teacher is None:
        args.teacher, args.teacher_revision = model_args.model, model_args.revision
    model_args.save_dtype = "float32"
    state, folder = PartialState(), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)

    # 1. Rows and the cache: read and checked before anything slow begins.
    rows = read_rows(model_args, data, args)

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings, data and teacher.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs, checkpoint = begin_stage("qat", args, model_args, config, rows.fingerprints(args), state)

    # 3. The model, its embedding rounded for good; tokens, and the teacher's words about them.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args)
    round_embedding(model, args.quantise)
    train, held_out, report = encode(rows, tokenizer, data, args, show=state.is_main_process)
    if checkpoint and state.is_main_process:
        print(f"resuming from {checkpoint}", flush=True)

    # 4. Train, through rounded weights.
    settings = {"checkpoint": checkpoint, "peft_config": peft_config, "form": args.quantise}
    trainer = build_trainer(QATTrainer, model, args, rows, (train, held_out), tokenizer, **settings)
    metrics = train_to_the_end(trainer, folder, checkpoint)

    # 5. The -IT folder: merged, and rounded once more.
    base_dtype = model.dtype  # an adapter was rounded together with such a base
    del trainer, model
    used = {"train": data.train, **vars(report), "mixture": rows.splits.manifest}
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("qat", state, folder, model_args, adapter.method, tokenizer, record, started, base_dtype=base_dtype)


if __name__ == "__main__":
    main()
