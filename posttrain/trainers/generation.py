"""Replies from the model that is being trained, by all its processes together."""

import math
from collections.abc import Sequence
from typing import Any

from accelerate.utils import gather_object
from trl.models import unwrap_model_for_generation

from posttrain.evaluate.replies import Reply, generate_replies


def answer_together(trainer: Any, prompts: Sequence[Sequence[int]], *, max_new_tokens: int) -> list[Reply]:
    """Greedy replies to prompts (token ids), each process its share; all of them, in order, on every process.

    trainer: one of transformers' or TRL's. Sharded weights (ZeRO-3, FSDP2) are gathered for the while, so every process
    answers as many prompts (some again). To be called by all processes at once.
    """
    accelerator, args = trainer.accelerator, trainer.args
    rank, world, count = accelerator.process_index, accelerator.num_processes, len(prompts)
    share = [prompts[i % count] for i in range(rank, math.ceil(count / world) * world, world)]
    with unwrap_model_for_generation(
        trainer.model_wrapped, accelerator, gradient_checkpointing_kwargs=args.gradient_checkpointing_kwargs
    ) as model:
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
