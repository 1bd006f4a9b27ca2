"""What every training recipe does before and after its trainer: the run folder, the model, and the -IT folder."""

import gc
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig
from rich.console import Console
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

from posttrain.config import AdapterArguments, ModelArguments, RunConfig
from posttrain.errors import UserError
from posttrain.gemma import freeze_vision, load_config, load_model, resolve_source, save_model
from posttrain.lora import ADAPTER_FOLDER, adapter_config, keep_adapter, merge_adapter, quantization_config
from posttrain.model_card import write_model_card
from posttrain.score_head import load_reward_model, load_scored
from posttrain.stage import TRAINED, fingerprint, finish_stage, open_run, rounded_form
from posttrain.tracking import BEFORE_AFTER, PREFERENCES, before_after, before_after_table, setup_tracking
from posttrain.trainers.fake_quantisation import round_weights


def begin_stage(
    stage: str,
    args: RunConfig,
    model_args: ModelArguments,
    config: dict[str, Any],
    inputs: dict[str, Any],
    state: PartialState,
) -> tuple[dict[str, Any], Path | None]:
    """Open the run folder: the inputs with the model's hash among them, and the checkpoint to go on from, if any.

    Raises UserError as `open_run` does, and for an output_dir that is the model's own folder.
    """
    folder = Path(args.output_dir)
    with state.main_process_first():
        source = resolve_source(model_args.model)
        if folder.resolve() == Path(source).resolve():
            raise UserError(f"output_dir is the model's own folder ({folder}): choose another")
        inputs = inputs | {"model": model_hash(source, model_args.revision)}
        if state.is_main_process and stage != "qat" and (form := rounded_form(Path(source))):
            print(
                f"note: {model_args.model} was trained through rounding ({form}), which training on without it undoes: "
                "make it_qat.py the last stage",
                flush=True,
            )
        checkpoint = open_run(folder, config, inputs, overwrite=args.overwrite, main=state.is_main_process)
        setup_tracking(folder, stage)
    return inputs, checkpoint


def load_trainable(
    model_args: ModelArguments, adapter: AdapterArguments, args: RunConfig, *, scored: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, LoraConfig | None]:
    """The base in the dtype that it is trained in, its tokenizer, and the adapter to put on it.

    scored: with a score head, as a reward model.
    """
    load = load_scored if scored else load_model
    model, tokenizer = load(
        model_args.model,
        model_args.dtype or training_dtype(adapter.method, args),
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
        task_type="SEQ_CLS" if scored else "CAUSAL_LM",
    )
    return model, tokenizer, peft_config


def train_to_the_end(trainer: Any, folder: Path, checkpoint: Path | None) -> dict[str, Any]:
    """Train, from a checkpoint if there is one, evaluate once more at the end, and leave what was trained in `folder`.

    trainer: one of ours · Returns the record's metrics: of training, and before and after it.
    """
    given = trainer.args.resume_from_checkpoint
    result = trainer.train(resume_from_checkpoint=given or (str(checkpoint) if checkpoint else None))
    if trainer.eval_dataset is not None and trainer.last_evaluated_step != trainer.state.global_step:
        trainer.evaluate()
    trainer.save_model(str(folder / TRAINED))
    return {"train": result.metrics, "before_after": before_after(folder)}


def finish_run(
    stage: str,
    state: PartialState,
    folder: Path,
    model_args: ModelArguments,
    method: str,
    tokenizer: PreTrainedTokenizerBase,
    record: dict[str, Any],
    started: float,
    *,
    base_dtype: torch.dtype = torch.float32,
) -> None:
    """`write_model` by one process, once the others have let go of their models; all wait until it is written."""
    gc.collect()
    unset_hf_deepspeed_config()  # or ZeRO-3 would shard the copy that one process loads now
    if state.is_main_process:
        write_model(stage, folder, model_args, method, tokenizer, record, started, base_dtype=base_dtype)
    state.wait_for_everyone()


def write_model(
    stage: str,
    folder: Path,
    model_args: ModelArguments,
    method: str,
    tokenizer: PreTrainedTokenizerBase,
    record: dict[str, Any],
    started: float,
    *,
    base_dtype: torch.dtype = torch.float32,
) -> None:
    """The finished folder out of what the trainer left: weights merged, card, `stage.json` last. By one process only.

    stage: of `reward_model` the folder is a reward model, of all others an -IT model
    base_dtype: in which an adapter's base is read; then it is added in float32
    """
    trained, scored = folder / TRAINED, stage == "reward_model"
    model = trained_model(trained, model_args, method, scored=scored, base_dtype=base_dtype)
    if stage == "qat":
        round_weights(model, record["config"]["quantise"])
    save_model(model, tokenizer, folder, model_args.save_dtype)
    write_model_card(folder, record)
    if method != "full" and not scored and stage != "qat":  # of which each would be half of what was trained
        keep_adapter(trained, folder / ADAPTER_FOLDER, model_args.model, model_args.revision)
    shutil.rmtree(trained)
    finish_stage(folder, stage, record, started)
    console = Console()
    if found := record["metrics"]["before_after"]:
        console.print(before_after_table(found, PREFERENCES if scored else BEFORE_AFTER))
    if scored:
        use = f"The reward model is in {folder}. Score with it:  posttrain.reward.RewardModel({str(folder)!r})"
    else:
        use = f"The -IT model is in {folder}. Talk to it:  posttrain chat --model {folder}"
    console.print(use, soft_wrap=True, markup=False)


def training_dtype(method: str, args: Any) -> torch.dtype:
    """float32 weights where bf16 autocast keeps the master copy in them; DeepSpeed and adapters bring their own."""
    sharded_by_torch = os.environ.get("ACCELERATE_USE_FSDP") == "true"  # FSDP2 wants one dtype in a layer
    if not args.bf16 or sharded_by_torch or (method == "full" and args.deepspeed_plugin is None):
        return torch.float32
    return torch.bfloat16


def trained_model(
    trained: Path,
    model_args: ModelArguments,
    method: str,
    *,
    scored: bool = False,
    base_dtype: torch.dtype = torch.float32,
) -> PreTrainedModel:
    """What was trained, as one plain model: an adapter is merged into a fresh copy of its base, in float32."""
    if method == "full":
        return (
            load_reward_model(trained, model_args.save_dtype)
            if scored
            else load_model(trained, model_args.save_dtype)[0]
        )
    load = load_scored if scored else load_model
    base, _ = load(model_args.model, base_dtype, text_only=model_args.text_only, revision=model_args.revision)
    return merge_adapter(base.float(), trained)


def model_hash(source: str, revision: str = "main") -> str:
    """Of a folder by its contents; of a hub model the commit."""
    if os.path.isdir(source):
        return fingerprint(source)
    return f"{source}@{load_config(source, revision=revision)._commit_hash or revision}"
