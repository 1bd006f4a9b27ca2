"""RL from rewards: the policy writes, verifiers and reward models judge, and what was better becomes likelier.

    accelerate launch --config_file accelerate_configs/cpu.yaml \\
        recipes/it_rl.py --config recipes/configs/rl_270m_cpu.yaml
    accelerate launch --config_file accelerate_configs/zero3.yaml recipes/it_rl.py --config my_rl.yaml \\
        --algorithm jbond --reward runs/warm/warm

Algorithms: grpo, dr_grpo, dapo, gspo, rloo (TRL's) and jbond (BOND, 2407.14622). Rows are prompts with the columns that
the rewards read (`kind: prompt`; chat rows will do). A benchmark that the reward knows nothing of runs beside the
training, and every reply is kept in rollouts/. Output and resuming are as in it_sft.py.
"""

import time
import warnings
from pathlib import Path

import transformers
from accelerate import PartialState
from peft import get_peft_model

from posttrain.chat import encode_prompt
from posttrain.config import AdapterArguments, DataArguments, ModelArguments, as_dict, parse
from posttrain.data.mixture import load_splits
from posttrain.errors import one_line_errors
from posttrain.evaluate.tasks import check_rows, find_task, load_rows
from posttrain.gemma import load_config, load_tokenizer
from posttrain.reward.spec import build_reward, check_columns, required_columns
from posttrain.rl_config import RLConfig, check_prompts, check_turns, judged_rows
from posttrain.tracking import JsonlLog
from posttrain.trainers.alarm import RewardAlarm
from posttrain.trainers.benchmark import BenchmarkCallback
from posttrain.trainers.feedback import FeedbackTrainer
from posttrain.trainers.jbond import JBondTrainer
from posttrain.trainers.rl import GroupTrainer, LeaveOneOutTrainer
from posttrain.training import begin_stage, finish_run, load_trainable, train_to_the_end


@one_line_errors
def main() -> None:
    started = time.monotonic()
    model_args, adapter, data, args = parse(
        (ModelArguments, AdapterArguments, DataArguments, RLConfig), description=__doc__
    )
    state, folder = PartialState(), Path(args.output_dir)
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)

    # 1. Prompts, rewards and benchmark: read and checked before anything slow begins.
    reward = build_reward(args.reward)
    watch = build_reward(args.watch, "watch") if args.watch else None
    rewards = [reward, *([watch] if watch else [])]
    wanted = {"kind": "prompt", "columns": required_columns(rewards) | ({"public_tests"} if args.turns > 1 else set())}
    rows = load_splits(data.train, data.eval, **data.limits(args.seed), **wanted)
    check_columns(rewards, rows.train.column_names, data.train)
    prompts, dropped = judged_rows(rows.train, required_columns(reward), data.train)
    if args.turns > 1:
        check_turns(prompts, data.train)
    tokenizer = load_tokenizer(model_args.model, revision=model_args.revision)
    lengths = [len(encode_prompt(row["prompt"], tokenizer, f"row {i}")) for i, row in enumerate(prompts, 1)]
    context = load_config(model_args.model, revision=model_args.revision).get_text_config().max_position_embeddings
    check_prompts(lengths, context, args, data.train)
    task = find_task(args.benchmark) if args.benchmark else None
    task_rows = []
    if task and args.benchmark_data is None and rows.test is not None:
        held_out, _ = judged_rows(rows.test, task.columns, "held-out rows")
        task_rows = check_rows(task, list(held_out)[: args.benchmark_rows], "held-out rows")
    elif task:
        task_rows = load_rows(task, args.benchmark_data, args.benchmark_rows)

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings and data.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    inputs, checkpoint = begin_stage("rl", args, model_args, config, rows.fingerprints, state)
    if state.is_main_process:
        print(f"{data.train}: {len(prompts)} prompts of up to {max(lengths)} tokens ({dropped} dropped: no reward "
              "could judge them)", flush=True)  # fmt: skip
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)

    # 3. The policy, and for full tuning its anchor: a second model that begins as the policy does.
    model, tokenizer, peft_config = load_trainable(model_args, adapter, args)
    anchor = load_trainable(model_args, adapter, args)[0] if args.needs_anchor and peft_config is None else None
    if peft_config is not None:
        transformers.set_seed(args.seed)  # the adapter begins at random
        model = get_peft_model(model, peft_config)

    # 4. Train.
    group = FeedbackTrainer if args.turns > 1 else GroupTrainer
    trainer = {"rloo": LeaveOneOutTrainer, "jbond": JBondTrainer}.get(args.algorithm, group)(
        model,
        reward,
        args,
        watch=watch,
        anchor=anchor,
        train_dataset=prompts,
        processing_class=tokenizer,
        callbacks=[RewardAlarm(args.benchmark), JsonlLog(folder)],
    )
    if task:
        settings = {"every": args.benchmark_steps, "max_new_tokens": args.sample_tokens}
        trainer.add_callback(BenchmarkCallback(trainer, task, task_rows, **settings))
    metrics = train_to_the_end(trainer, folder, checkpoint)

    # 5. The -IT folder, like it_sft.py's.
    del trainer, model, anchor
    used = {"train": data.train, "rows": len(rows.train), "dropped": dropped, "tokens": sum(lengths)}
    used["mixture"] = rows.manifest
    record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
    finish_run("rl", state, folder, model_args, adapter.method, tokenizer, record, started)


if __name__ == "__main__":
    main()
