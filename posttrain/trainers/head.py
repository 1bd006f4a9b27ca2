"""The head of TRL's trainers on devices without Triton: labelled positions only."""

import functools
import types

from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput, maybe_gather_lm_head_ctx

from posttrain.losses.nll import token_logps


def add_labelled_head(model: PreTrainedModel, temperature: float = 1.0) -> None:
    """Replace TRL's fused head on CPU; call it after TRL's trainer has added its own.

    TRL's `fused_lm_head=True` forward scores only labelled positions where Triton runs, and *every* position elsewhere.
    On CPU this forward runs the body once and the head where there is a label; on any other device, and for calls
    without `fused_lm_head`, it is TRL's. Per-token outputs have TRL's own type and shape: (B, T−1), 0 where unlabelled.
    temperature: what the logits are divided by, as TRL's RL trainers do.
    """
    trl_forward = model.forward
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    @functools.wraps(type(model).forward)
    def forward(self, *args, **kwargs):
        if not kwargs.get("fused_lm_head") or self.device.type != "cpu":
            return trl_forward(*args, **kwargs)
        labels, num_items_in_batch = kwargs.pop("labels"), kwargs.pop("num_items_in_batch", None)
        del kwargs["fused_lm_head"]
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]  # (B, T-1, H)
        targets = labels[:, 1:]  # (B, T-1)
        mask = targets != -100
        # Only now: FSDP2 has gathered the weight for the body's embedding, and takes its gradient from there. Read
        # before the body it is a shard, whose gradient would never be summed over the processes.
        weight = self.get_output_embeddings().weight
        with maybe_gather_lm_head_ctx(weight):
            per_token = token_logps(hidden[mask], weight, targets[mask], softcap, temperature)
        # masked_scatter keeps a batch without any label connected to the model: its gradient is zero, not an error
        log_probs, entropy, is_top1 = (x.new_zeros(mask.shape).masked_scatter(mask, x) for x in per_token)
        count = mask.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        return FusedCausalLMOutput(
            loss=-log_probs.sum() / count, log_probs=log_probs, entropy=entropy, is_top1=is_top1, label_mask=mask
        )

    model.forward = types.MethodType(forward, model)
