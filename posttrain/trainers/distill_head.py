"""The student's head in distillation: where there is a label, against what the teacher says there."""

import functools
import types
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput, maybe_gather_lm_head_ctx

from posttrain.losses.distill import dense_kd
from posttrain.losses.head import Shape, sparse_cross_entropy
from posttrain.losses.nll import token_logps
from posttrain.teacher.targets import DenseTargets, SparseTargets, Targets, TokenTargets


@dataclass(frozen=True)
class Objective:
    """(1 − label_weight)·T²·D(β) of logits / T + label_weight·(−log q(label)); see `losses.distill`."""

    beta: float = 0.0
    temperature: float = 1.0
    label_weight: float = 0.0


@dataclass
class DistillOutput(FusedCausalLMOutput):
    """TRL's output, whose `log_probs` hold each position's loss, negated, so that TRL's trainers sum and divide it.

    nll: −log q of the label · kl: KL(p‖q), or its estimate (of sparse targets at the temperature T, of a teacher in
    memory at 1); both (B, T−1), 0 where unlabelled, without gradient
    """

    nll: Tensor | None = None
    kl: Tensor | None = None


class _Rows(NamedTuple):
    """(n,) each, of the labelled positions; the loss alone carries a gradient."""

    loss: Tensor
    logps: Tensor
    entropy: Tensor
    top1: Tensor
    kl: Tensor


def add_distillation_head(model: PreTrainedModel, objective: Objective) -> None:
    """Let `model(…, fused_lm_head=True, teacher=Targets)` give the distillation loss; other calls stay as they are.

    own_replies: the labels are what the student has sampled, so the hard-label part is left out

    The targets are those of the labelled positions of the batch, in its order. Call it after TRL's trainer has added
    its own head.
    """
    plain_forward = model.forward
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    @functools.wraps(type(model).forward)
    def forward(self, *args, teacher: Targets | None = None, own_replies: bool = False, **kwargs):
        if teacher is None:
            return plain_forward(*args, **kwargs)
        labels, num_items_in_batch = kwargs.pop("labels"), kwargs.pop("num_items_in_batch", None)
        del kwargs["fused_lm_head"]
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]  # (B, T-1, H)
        targets = labels[:, 1:]  # (B, T-1)
        mask = targets != -100
        weight = self.get_output_embeddings().weight  # not before the body has run: see trainers.head
        others = [teacher.head] if isinstance(teacher, DenseTargets) else []
        with maybe_gather_lm_head_ctx(weight, *others):
            aim = replace(objective, label_weight=0.0) if own_replies else objective  # its own words are no labels
            rows = compute_rows(hidden[mask], weight, targets[mask], teacher, aim, softcap)
        # masked_scatter keeps a batch without any label connected to the model: its gradient is zero, not an error
        loss, logps, entropy, top1, kl = (x.new_zeros(mask.shape).masked_scatter(mask, x) for x in rows)
        count = mask.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        return DistillOutput(
            loss=loss.sum() / count,
            log_probs=-loss,
            entropy=entropy,
            is_top1=top1,
            label_mask=mask,
            nll=-logps,
            kl=kl,
        )

    model.forward = types.MethodType(forward, model)


def compute_rows(
    hidden: Tensor, weight: Tensor, labels: Tensor, teacher: Targets, objective: Objective, softcap: float | None = None
) -> _Rows:
    """hidden: (n, H) · weight: (V, H) · labels: (n,)"""
    if isinstance(teacher, DenseTargets):
        return _Rows(
            *dense_kd(
                hidden,
                weight,
                teacher.hidden,
                teacher.head,
                labels,
                beta=objective.beta,
                temperature=objective.temperature,
                label_weight=objective.label_weight,
                softcap=softcap,
                teacher_softcap=teacher.softcap,
            )
        )
    if isinstance(teacher, TokenTargets):
        logps, entropy, top1 = token_logps(hidden, weight, labels, softcap)
        log_ratio = (logps - teacher.logps).detach()
        return _Rows(log_ratio * logps, logps.detach(), entropy, top1, log_ratio)  # see policy_gradient_loss
    return _sparse_rows(hidden, weight, labels, teacher, objective, softcap)


def _sparse_rows(
    hidden: Tensor, weight: Tensor, labels: Tensor, teacher: SparseTargets, objective: Objective, softcap: float | None
) -> _Rows:
    """At T = 1 and without a tail the hard label is one more target token, and costs nothing; else its own pass."""
    hard, temperature = objective.label_weight, objective.temperature
    trained = (hidden, weight) if hard < 1 else (hidden.detach(), weight.detach())
    apart = temperature != 1 or hard == 1 or (teacher.tail and hard > 0)  # of 1 alone, KL could not be told
    share = 0.0 if apart else hard
    ids = torch.cat([labels.unsqueeze(1), teacher.ids], 1)
    probs = torch.cat([torch.full_like(teacher.probs[:, :1], share), (1 - share) * teacher.probs], 1)
    loss, logps, entropy, top1 = sparse_cross_entropy(*trained, ids, probs, Shape(softcap, temperature, teacher.tail))
    cross = (loss.detach() + share * logps) / (1 - share)
    kl = cross - _entropy(teacher)
    if apart:
        labelled = (hidden, weight) if hard else (hidden.detach(), weight.detach())
        logps, entropy, top1 = token_logps(*labelled, labels, softcap)
        loss = (1 - hard) * temperature**2 * loss - hard * logps
    return _Rows(loss, logps.detach(), entropy, top1, kl)


def _entropy(teacher: SparseTargets) -> Tensor:
    """Of what the cross-entropy was taken against: what draws stand for, or the targets as they are."""
    known = torch.special.entr(teacher.probs).sum(-1)
    if teacher.tail:
        return known + torch.special.entr((1 - teacher.probs.sum(-1)).clamp(min=0))
    return torch.where(teacher.entropy.isnan(), known, teacher.entropy)
