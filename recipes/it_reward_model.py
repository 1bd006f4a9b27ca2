"""A reward model: which of two replies to a prompt do people, or a verifier, prefer?

    accelerate launch --config_file accelerate_configs/cpu.yaml \\
        recipes/it_reward_model.py --config recipes/configs/rm_270m_cpu.yaml
    accelerate launch recipes/it_reward_model.py --config recipes/configs/rm_4b_lora.yaml --train my_pairs.jsonl

Rows hold `prompt`, `chosen` and `rejected` (or conversations that share a beginning; see `kind: preference`), and maybe
`margin` and `source`. The score head begins by linear probing; adapter or whole model; the output is a plain
`AutoModelForSequenceClassification` folder. `posttrain warm` runs this recipe several times and averages the weights.
The same command run again after a kill goes on where it was.
"""

import time
import warnings
from pathlib import Path

import transformers
from accelerate import PartialState

from posttrain.config import AdapterArguments, DataArguments, ModelArguments, as_dict, parse
from posttrain.data.mixture import load_splits
from posttrain.errors import one_line_errors
from posttrain.evaluate.preferences import HELD_OUT
from posttrain.pairs import encode_pairs
from posttrain.reward_config import RewardModelConfig
from posttrain.tracking import JsonlLog, append_lines
from posttrain.trainers.reward_model import RewardModelTrainer, start_head
from posttrain.training import begin_stage, finish_run, load_trainable, train_to_the_end


@one_line_errors
def main() -> None:
    started = time.monotonic()
    model_args, adapter, data, args = parse(
        (ModelArguments, AdapterArguments, DataArguments, RewardModelConfig), description=__doc__
    )
    state, folder = PartialState(), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)

    # 1. Pairs: read and checked before anything slow begins.
    rows = load_splits(data.train, data.eval, kind="preference", **data.limits(args.seed))

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings and data.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs, checkpoint = begin_stage("reward_model", args, model_args, config, rows.fingerprints, state)

    # 3. Model and tokens; the head's start.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args, scored=True)
    model.config.get_text_config().attention_dropout = args.attention_dropout
    settings = {"margin_scale": args.margin_scale, "progress": state.is_main_process}
    train, report = encode_pairs(rows.train, tokenizer, args.max_length, name=data.train, **settings)
    held_out = None
    if rows.test is not None:
        held_out, _ = encode_pairs(rows.test, tokenizer, args.max_length, name="held-out pairs", **settings)
        held_out = held_out.sort("length")  # less padding
    if state.is_main_process:
        print(f"{data.train}: {report}; {len(held_out or ())} pairs held out", flush=True)
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)
    probed = {}
    if not checkpoint:
        centring = args.center_rewards_coefficient or 0.0
        probed = start_head(model, args.score_head, train, folder, tokenizer.pad_token_id, centring)

    # 4. Train.
    if held_out is None:
        args.eval_strategy = "no"
    args.eval_on_start &= held_out is not None and checkpoint is None
    trainer = RewardModelTrainer(
        model,
        args,
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        peft_config=peft_config,
        callbacks=[JsonlLog(folder)],
    )
    metrics = train_to_the_end(trainer, folder, checkpoint) | {"probe": probed}
    if held_out is not None and state.is_main_process:
        (folder / HELD_OUT).unlink(missing_ok=True)
        append_lines(folder / HELD_OUT, trainer.records)

    # 5. The reward model's folder: adapter merged into a fresh copy of the base.
    del trainer, model
    used = {"train": data.train, **vars(report), "mixture": rows.manifest}
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("reward_model", state, folder, model_args, adapter.method, tokenizer, record, started)


if __name__ == "__main__":
    main()
