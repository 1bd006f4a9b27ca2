"""Replies from the model that is being trained, by all its processes together."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.utils import gather_object
from torch.distributed.fsdp import FSDPModule
from trl.models import unwrap_model_for_generation

from posttrain.evaluate.decoding import Row, decode
from posttrain.evaluate.replies import Reply, generate_replies
from posttrain.gemma import stop_token_ids
from posttrain.trainers.fake_quantisation import weights_held


def answer_together(trainer: Any, prompts: Sequence[Sequence[int]], *, max_new_tokens: int) -> list[Reply]:
    """Greedy replies to prompts (token ids), each process its share; all of them, in order, on every process.

    trainer: one of transformers' or TRL's. To be called by all processes at once.
    """
    accelerator, args = trainer.accelerator, trainer.args
    rank, world, count = accelerator.process_index, accelerator.num_processes, len(prompts)
    share = [prompts[i % count] for i in range(rank, math.ceil(count / world) * world, world)]
    with whole_model(trainer) as model:
        replies = generate_replies(
            model,
            trainer.processing_class,
            share,
            max_new_tokens=max_new_tokens,
            batch_size=max(args.per_device_eval_batch_size, 1),
            progress=accelerator.is_main_process and not args.disable_tqdm,
        )
    shares = gather_object([replies]) if world > 1 else [replies]
    return [shares[i % world][i // world] for i in range(count)]


@torch.no_grad()
def write_rows(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    draws: Sequence[torch.Generator],
    *,
    max_new_tokens: int,
) -> list[Row]:
    """A reply to each prompt, sampled from its own generator as `sampling` says; all are written at once."""
    rows = [Row(i, ids, one) for i, (ids, one) in enumerate(zip(prompts, draws, strict=True))]
    training = model.training
    model.eval()
    try:
        for _ in decode(
            model,
            sorted(rows, key=lambda row: len(row.prompt)),
            max_new_tokens=max_new_tokens,
            batch_size=len(rows),
            stops=set(stop_token_ids(tokenizer)),
            pad=tokenizer.pad_token_id,
        ):
            pass
    finally:
        model.train(training)
    return rows


@contextmanager
def whole_model(trainer: Any, wrapped: Any = None) -> Iterator[Any]:
    """The trained model with all its weights in each process, so that its steps wait for no other process.

    wrapped: another model of the trainer's, such as a reference that DeepSpeed has scattered
    Replies stop at unlike lengths: with sharded weights (ZeRO-3, FSDP2) a process that has one step more than the
    others would wait for them for ever.
    """
    accelerator, args = trainer.accelerator, trainer.args
    wrapped = trainer.model_wrapped if wrapped is None else wrapped
    with unwrap_model_for_generation(
        wrapped, accelerator, gradient_checkpointing_kwargs=args.gradient_checkpointing_kwargs
    ) as model:
        if isinstance(model, FSDPModule):
            with _unsharded(model, accelerator.state.fsdp_plugin.reshard_after_forward), weights_held(model):
                yield model
            return
        optimizer = getattr(wrapped, "optimizer", None)
        offload: Any = getattr(optimizer, "parameter_offload", optimizer)  # itself, of a model that is not trained
        if hasattr(offload, "fwd_pre_hook"):  # in it DeepSpeed compares the processes' steps; TRL registers it again
            offload.fwd_pre_hook.remove()
        with weights_held(model):
            yield model


@contextmanager
def _unsharded(model: Any, reshard_after_forward: bool) -> Iterator[None]:
    """FSDP2 gathers weights in a forward pass: one for all processes, after which they are kept."""
    model.set_reshard_after_forward(False)
    with torch.no_grad():
        model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=model.device), logits_to_keep=1)
    try:
        yield
    finally:
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()
        model.set_reshard_after_forward(reshard_after_forward)
        model.set_reshard_after_forward(False, recurse=False)  # the root's, as FSDP2 has it by default
