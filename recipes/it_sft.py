"""Supervised instruction tuning: a pre-trained Gemma goes in, an -IT checkpoint comes out.

    accelerate launch --config_file accelerate_configs/cpu.yaml \\
        recipes/it_sft.py --config recipes/configs/demo_270m_cpu.yaml
    accelerate launch recipes/it_sft.py --config recipes/configs/custom_domain.yaml --train my_rows.jsonl

Loss on the replies only, each with its <end_of_turn>; full tuning, LoRA, DoRA or QLoRA; the adapter is merged at the
end, so that the output folder is a plain checkpoint. The same command run again after a kill goes on where it was.
"""

import gc
import os
import shutil
import time
import warnings
from pathlib import Path

import torch
import transformers
from accelerate import PartialState
from rich.console import Console
from transformers import PreTrainedModel
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

from posttrain.chat import encode_rows
from posttrain.config import AdapterArguments, DataArguments, ModelArguments, SFTConfig, as_dict, parse
from posttrain.data.mixture import load_splits
from posttrain.errors import UserError, one_line_errors
from posttrain.evaluate.tasks import find_task, load_rows
from posttrain.gemma import freeze_vision, load_config, load_model, resolve_source, save_model
from posttrain.lora import adapter_config, merge_adapter, quantization_config
from posttrain.model_card import write_model_card
from posttrain.stage import TRAINED, fingerprint, finish_stage, open_run
from posttrain.tracking import JsonlLog, before_after, before_after_table, setup_tracking
from posttrain.trainers.benchmark import BenchmarkCallback
from posttrain.trainers.sft import SFTTrainer


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
    rows = load_splits(data.train, data.eval, eval_rows=data.eval_rows, limit=data.limit, seed=args.seed)
    eval_rows = list(rows.test or ())
    task = find_task(args.benchmark) if args.benchmark else None
    task_rows = load_rows(task, args.benchmark_data, args.benchmark_rows) if task else []

    # 2. The run folder: begin, or go on from the last complete checkpoint of the same settings and data.
    config = as_dict(model_args, adapter, data, args) | {"num_processes": state.num_processes}
    with state.main_process_first():
        source = resolve_source(model_args.model)
        if folder.resolve() == Path(source).resolve():
            raise UserError(f"output_dir is the model's own folder ({folder}): choose another")
        inputs = rows.fingerprints | {"model": _model_hash(source, model_args.revision)}
        checkpoint = open_run(folder, config, inputs, overwrite=args.overwrite, main=state.is_main_process)
        setup_tracking(folder, "sft")

    # 3. Model and tokens.
    model, tokenizer = load_model(
        model_args.model,
        model_args.dtype or _training_dtype(adapter.method, args),
        text_only=model_args.text_only,
        revision=model_args.revision,
        attn_implementation=model_args.attn_implementation,
        quantization_config=quantization_config(adapter.method),
    )
    if adapter.method == "full":
        freeze_vision(model)
    peft_config = adapter_config(
        model,
        adapter.method,
        r=adapter.lora_r,
        alpha=adapter.lora_alpha,
        dropout=adapter.lora_dropout,
        targets=adapter.lora_targets,
    )
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
    result = trainer.train(
        resume_from_checkpoint=args.resume_from_checkpoint or (str(checkpoint) if checkpoint else None)
    )
    if held_out is not None and trainer.last_evaluated_step != trainer.state.global_step:
        trainer.evaluate()

    # 5. The -IT folder: adapter merged into a fresh copy of the base, everything that servers want beside it.
    trained = folder / TRAINED
    trainer.save_model(str(trained))
    metrics = {"train": result.metrics, "before_after": before_after(folder)}
    del trainer, model
    gc.collect()
    unset_hf_deepspeed_config()  # or ZeRO-3 would shard the copy that one process loads now
    if state.is_main_process:
        save_model(_whole_model(trained, model_args, adapter.method), tokenizer, folder, model_args.save_dtype)
        used = {"train": data.train, **vars(report), "mixture": rows.manifest}
        record = {"config": config, "inputs": inputs, "data": used, "metrics": metrics}
        write_model_card(folder, record)
        shutil.rmtree(trained)
        finish_stage(folder, "sft", record, started)
        console = Console()
        console.print(before_after_table(metrics["before_after"]))
        console.print(
            f"The -IT model is in {folder}. Talk to it:  posttrain chat --model {folder}", soft_wrap=True, markup=False
        )
    state.wait_for_everyone()


def _training_dtype(method: str, args: SFTConfig) -> torch.dtype:
    """float32 weights where bf16 autocast keeps the master copy in them; DeepSpeed and adapters bring their own."""
    sharded_by_torch = os.environ.get("ACCELERATE_USE_FSDP") == "true"  # FSDP2 wants one dtype in a layer
    if not args.bf16 or sharded_by_torch or (method == "full" and args.deepspeed_plugin is None):
        return torch.float32
    return torch.bfloat16


def _whole_model(trained: Path, model_args: ModelArguments, method: str) -> PreTrainedModel:
    """What was trained, as one plain model: an adapter is merged into a fresh float32 copy of its base."""
    if method == "full":
        return load_model(trained, model_args.save_dtype)[0]
    base, _ = load_model(model_args.model, torch.float32, text_only=model_args.text_only, revision=model_args.revision)
    return merge_adapter(base, trained)


def _model_hash(source: str, revision: str) -> str:
    """Of a folder by its contents; of a hub model the commit."""
    if os.path.isdir(source):
        return fingerprint(source)
    return f"{source}@{load_config(source, revision=revision)._commit_hash or revision}"


if __name__ == "__main__":
    main()
