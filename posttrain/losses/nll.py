"""Negative log-likelihood of labelled tokens, with the 262,144-wide head computed where there is a label only.

Work, in units of one N × H × V matrix product (N labelled tokens): forward 1, gradient of the hidden states 1, and for
full tuning the gradient of the head 1. Nothing is computed twice unless the exponentials would not fit `KEEP_BYTES`,
and then only full tuning pays one unit to have them again.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# Full tuning keeps the (N, V) exponentials from forward to backward up to here (1,024 tokens in fp32).
KEEP_BYTES = 1 << 30
# Rows of the head computed at once: two fp32 buffers of 101 MB for Gemma's vocabulary.
CHUNK = 96


def token_logps(
    hidden: Tensor, lm_head_weight: Tensor, targets: Tensor, softcap: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """log softmax(hidden Wᵀ)[target], in nats, with entropy and top-1 hits for the logs.

    hidden: (N, H) · lm_head_weight: (V, H) · targets: (N,) int · softcap: Gemma 2's c in c·tanh(z/c)
    Returns log-probabilities (N,), entropies (N,) and hits (N,) bool; only the first carries a gradient.
    At most (CHUNK, V) logits exist at a time, but for what full tuning keeps (see KEEP_BYTES).
    """
    if not torch.is_grad_enabled():  # or a trained head would have its gradient prepared
        lm_head_weight = lm_head_weight.detach()
    return _TokenLogps.apply(hidden, lm_head_weight, targets, softcap)


def nll_loss(
    hidden: Tensor, lm_head_weight: Tensor, targets: Tensor, mask: Tensor, softcap: float | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Σ over masked rows of −log softmax(hidden Wᵀ)[target], in nats.

    hidden: (N, H) · lm_head_weight: (V, H) · targets: (N,) int · mask: (N,) bool
    Returns the sum and {"tokens", "entropy", "correct"} as sums over masked rows: divide by the global token count.
    """
    logps, entropy, top1 = token_logps(hidden[mask], lm_head_weight, targets[mask], softcap)
    return -logps.sum(), {"tokens": mask.sum(), "entropy": entropy.sum(), "correct": top1.sum()}


@dataclass
class _Rows:
    """What a chunk of n rows gives. Every pass over its (n, V) costs a megabyte a token, and a fresh (n, V) several
    passes (page faults), so the work is done in two buffers that all chunks share."""

    exps: Tensor  # (n, V): exp(z − max z), times dz/dlogit where the logits are soft-capped
    total: Tensor  # (n, 1): Σ exp(z − max z), so that p = exps / total
    slope: Tensor | float  # (n, 1): dz/dlogit at the target
    logps: Tensor  # (n, 1)
    entropy: Tensor  # (n, 1)
    top1: Tensor  # (n, 1) bool; a tie counts


def _compute_rows(
    hidden: Tensor, weight: Tensor, target: Tensor, softcap: float | None, z: Tensor, exps: Tensor
) -> _Rows:
    """hidden: (n, H) · weight: (V, H) · target: (n, 1) · z, exps: (n, V) fp32 buffers, both overwritten"""
    if weight.dtype == hidden.dtype == z.dtype:
        torch.mm(hidden, weight.T, out=z)
    else:
        z.copy_(hidden.to(weight.dtype) @ weight.T)
    if softcap is not None:
        z.div_(softcap).tanh_().mul_(softcap)
    highest = z.amax(-1, keepdim=True)
    z -= highest
    torch.exp(z, out=exps)
    total = exps.sum(-1, keepdim=True)
    at_target = z.gather(1, target)
    slope: Tensor | float = 1.0
    slopes = None
    if softcap is not None:
        slopes = 1 - ((z + highest) / softcap) ** 2
        slope = slopes.gather(1, target)
    expected = z.mul_(exps).sum(-1, keepdim=True) / total
    if slopes is not None:
        exps *= slopes
    return _Rows(exps, total, slope, at_target - total.log(), total.log() - expected, at_target == 0)


class _TokenLogps(torch.autograd.Function):
    """d logp / d logits = slope·(onehot − p). The gradient of a row's hidden state needs no upstream value but a
    factor, so it is formed while the exponentials are at hand: slope·W[target] − exps W / total."""

    @staticmethod
    def forward(ctx, hidden, weight, targets, softcap):
        ctx.set_materialize_grads(False)
        tokens, vocabulary = hidden.shape[0], weight.shape[0]
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        keep = needs_weight and tokens * vocabulary * 4 <= KEEP_BYTES
        kept = hidden.new_empty(tokens, vocabulary, dtype=torch.float32) if keep else None
        scratch, other = _buffers(tokens, vocabulary, hidden.device)
        grad_rows = torch.empty_like(hidden) if needs_hidden else None
        logps, entropy, total, slope = (hidden.new_ones(tokens, 1, dtype=torch.float32) for _ in range(4))
        top1 = torch.empty(tokens, 1, dtype=torch.bool, device=hidden.device)
        for start in range(0, tokens, CHUNK):
            at = slice(start, start + CHUNK)
            target = targets[at, None]
            exps = other[: len(target)] if kept is None else kept[at]
            rows = _compute_rows(hidden[at], weight, target, softcap, scratch[: len(target)], exps)
            logps[at], entropy[at], total[at], slope[at], top1[at] = (
                rows.logps, rows.entropy, rows.total, rows.slope, rows.top1,
            )  # fmt: skip
            if grad_rows is not None:
                grad_rows[at] = slope[at] * weight[targets[at]] - rows.exps.to(weight.dtype) @ weight / total[at]
        ctx.softcap, ctx.weight_dtype = softcap, weight.dtype
        for_weight = (hidden, targets, kept, total, slope, None if keep else weight) if needs_weight else (None,) * 6
        ctx.save_for_backward(grad_rows, *for_weight)
        entropy, top1 = entropy.squeeze(1), top1.squeeze(1)
        ctx.mark_non_differentiable(entropy, top1)  # the very tensors that are returned
        return logps.squeeze(1), entropy, top1

    @staticmethod
    def backward(ctx, grad_logps, *_):
        grad_rows, hidden, targets, kept, total, slope, weight = ctx.saved_tensors
        upstream = grad_logps.unsqueeze(1)  # (N, 1)
        grad_hidden = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_hidden = (grad_rows * upstream).to(grad_rows.dtype)
        if ctx.needs_input_grad[1]:
            # Scale the (N, H) side: it is 400 times smaller than the (N, V) side.
            scaled = hidden * (upstream / -total)
            grad_weight = (
                kept.T @ scaled
                if kept is not None
                else _recomputed(scaled.float(), hidden, weight, targets, ctx.softcap)
            )
            grad_weight.index_add_(0, targets, (hidden * (upstream * slope)).to(grad_weight.dtype))
            grad_weight = grad_weight.to(ctx.weight_dtype)
        return grad_hidden, grad_weight, None, None


def _recomputed(scaled: Tensor, hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float | None) -> Tensor:
    """expsᵀ scaled, (V, H), where the exponentials would not fit: forms them a second time, chunk by chunk."""
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    scratch, other = _buffers(len(hidden), weight.shape[0], hidden.device)
    with maybe_gather_lm_head_ctx(weight):
        product = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, len(hidden), CHUNK):
            at = slice(start, start + CHUNK)
            target = targets[at, None]
            buffers = scratch[: len(target)], other[: len(target)]
            exps = _compute_rows(hidden[at], weight, target, softcap, *buffers).exps
            product.addmm_(exps.T, scaled[at])
    return product


def _buffers(tokens: int, vocabulary: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Two (CHUNK, V) fp32 buffers, or smaller ones for fewer tokens."""
    return tuple(torch.empty(min(tokens, CHUNK), vocabulary, dtype=torch.float32, device=device) for _ in range(2))
