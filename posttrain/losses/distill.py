"""Distillation losses: a teacher's distribution, whole or sampled, against the student's.

Notation: p teacher, q student, z logits, t a teacher's few target probabilities. All are per position, in nats, and
come as a sum over the masked positions: divide by the global count of tokens.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from posttrain.losses.head import CHUNK, KEEP_BYTES, Shape, buffer_dtype, buffers, compute_logits, sparse_cross_entropy

Metrics = dict[str, Tensor]


def sparse_kd_loss(
    hidden: Tensor,
    lm_head_weight: Tensor,
    token_ids: Tensor,
    token_probs: Tensor,
    mask: Tensor,
    *,
    tail: bool = False,
    temperature: float = 1.0,
    softcap: float | None = None,
) -> tuple[Tensor, Metrics]:
    """Σ over masked rows of −Σ_k p_k log softmax(hidden Wᵀ / T)_k: Gemma 3's distillation from sampled teacher logits
    (2503.19786 §2.2), with the student's normaliser over the whole vocabulary.

    hidden: (N, H) · lm_head_weight: (V, H) · token_ids: (N, K) int · token_probs: (N, K), rows sum to 1, entries of 0
    are padding · mask: (N,) bool
    With N draws with replacement and p_k = c_k/N the gradient is unbiased (2503.16870); ids may then repeat.
    tail: rows sum to less than 1, ids are distinct, and what is missing is the mass of all other tokens together; adds
    −(1 − Σp) log(1 − Σ_k q_k). Top-K without it teaches that the rest is impossible.
    Returns the sum and {"tokens", "entropy"}, sums over masked rows. (N, V) is never in memory.
    """
    loss, _, entropy, _ = sparse_cross_entropy(
        hidden[mask], lm_head_weight, token_ids[mask], token_probs[mask], Shape(softcap, temperature, tail)
    )
    return loss.sum(), {"tokens": mask.sum(), "entropy": entropy.sum()}


def jsd_loss(student_logits: Tensor, teacher_logits: Tensor, mask: Tensor, beta: float) -> tuple[Tensor, Metrics]:
    """Σ over masked rows of the generalised Jensen-Shannon divergence (GKD, 2306.13649 §2), for logits that are there.

    D(β) = β·KL(p‖M) + (1−β)·KL(q‖M),  M = β·p + (1−β)·q;  β = 0 is the forward KL(p‖q), β = 1 the reverse KL(q‖p),
    which are the limits of D(β)/β and D(β)/(1−β).
    student_logits, teacher_logits: (N, V), of which the shared first columns count · mask: (N,) bool
    Beside the masked rows of both and the gradient no more than a few (CHUNK, V) are made. No gradient for the teacher.
    """
    check_beta(beta)
    shared = min(student_logits.shape[1], teacher_logits.shape[1])
    rows = _LogitDivergence.apply(student_logits[mask][:, :shared], teacher_logits[mask][:, :shared], beta)
    return rows.sum(), {"tokens": mask.sum()}


def dense_kd(
    hidden: Tensor,
    lm_head_weight: Tensor,
    teacher_hidden: Tensor,
    teacher_head: Tensor,
    targets: Tensor,
    *,
    beta: float = 0.0,
    temperature: float = 1.0,
    label_weight: float = 0.0,
    softcap: float | None = None,
    teacher_softcap: float | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(1−w)·T²·D(β) of logits / T − w·log q(target), a row, from hidden states and heads: neither's (N, V) is ever in
    memory.

    hidden: (N, H) · lm_head_weight: (V, H) · teacher_hidden: (N, H') · teacher_head: (V', H') · targets: (N,) labels
    beta: see `jsd_loss` · temperature: T; its square keeps the gradient's size (Hinton et al. 2015, 1503.02531 §2)
    label_weight: w of the hard label, at T = 1
    Heads of unlike length (262,144 and 262,208) are compared on their shared first rows.
    Returns, (N,) each: the loss, which alone carries a gradient (of hidden and W); log q of the target, at T = 1; the
    entropies of q at T = 1; whether the target is q's highest; KL(p‖q) at T = 1, whatever β is.
    """
    check_beta(beta)
    if not torch.is_grad_enabled():
        lm_head_weight = lm_head_weight.detach()
    settings = (beta, temperature, label_weight, softcap, teacher_softcap)
    return _DenseDivergence.apply(hidden, lm_head_weight, teacher_hidden, teacher_head, targets, settings)


def policy_gradient_loss(student_logps: Tensor, teacher_logps: Tensor, mask: Tensor) -> tuple[Tensor, Metrics]:
    """Σ over masked tokens of −A·log q(y), A = −(log q(y) − log p(y)) held fixed, for y sampled from the student.

    Its expected gradient is that of the reverse KL(q‖p) at each position, with the future left out (discount 0); it
    needs the teacher's log-probability of one token only (2306.08543; GKD's β = 1 by Monte Carlo).
    student_logps, teacher_logps: (N,) log-probabilities of the sampled tokens · mask: (N,) bool
    Returns the sum and {"tokens", "kl"}, sums; kl estimates KL(q‖p) by log q − log p.
    """
    log_ratio = (student_logps - teacher_logps)[mask].detach()
    return (log_ratio * student_logps[mask]).sum(), {"tokens": mask.sum(), "kl": log_ratio.sum()}


def check_beta(beta: float) -> None:
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must lie between 0 (forward KL) and 1 (reverse KL), not {beta}")


def _divergence(logq: Tensor, logp: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """D(β) of log-probabilities (n, V), a row, and dD/dz of the student's logits, (n, V).

    dD/dq_i = (1−β)·log(q_i/M_i), so dD/dz = (1−β)·q·(log(q/M) − KL(q‖M)); for β = 0 it is q − p.
    """
    q, p = logq.exp(), logp.exp()
    if beta == 0:
        return (p * (logp - logq)).sum(-1), q - p
    if beta == 1:
        logm, weight = logp, 1.0
    else:
        logm = torch.logaddexp(logp + math.log(beta), logq + math.log(1 - beta))
        weight = 1 - beta
    ratio = logq - logm
    reverse = (q * ratio).sum(-1, keepdim=True)
    loss = weight * reverse.squeeze(-1)
    if beta != 1:
        loss = loss + beta * (p * (logp - logm)).sum(-1)
    return loss, weight * q * (ratio - reverse)


class _LogitDivergence(torch.autograd.Function):
    @staticmethod
    def forward(ctx, student, teacher, beta):
        ctx.beta = beta
        ctx.save_for_backward(student, teacher)
        rows = [_divergence(logq, logp, beta)[0] for logq, logp in _log_softmaxes(student, teacher)]
        return torch.cat(rows) if rows else student.new_zeros(0, dtype=buffer_dtype(student))

    @staticmethod
    def backward(ctx, upstream):
        student, teacher = ctx.saved_tensors
        grad = torch.empty_like(student)
        for i, (logq, logp) in enumerate(_log_softmaxes(student, teacher)):
            at = slice(i * CHUNK, (i + 1) * CHUNK)
            grad[at] = _divergence(logq, logp, ctx.beta)[1] * upstream[at, None]
        return grad, None, None


def _log_softmaxes(student: Tensor, teacher: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    dtype = buffer_dtype(student)
    for start in range(0, len(student), CHUNK):
        at = slice(start, start + CHUNK)
        yield student[at].log_softmax(-1, dtype=dtype), teacher[at].log_softmax(-1, dtype=dtype)


class _DenseDivergence(torch.autograd.Function):
    """As `losses.head` does it: a row's gradient is formed while its logits are at hand."""

    @staticmethod
    def forward(ctx, hidden, weight, teacher_hidden, teacher_head, targets, settings):
        ctx.set_materialize_grads(False)
        shared = min(len(weight), len(teacher_head))
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        dtype = buffer_dtype(hidden)
        keep = needs_weight and len(hidden) * shared * dtype.itemsize <= KEEP_BYTES
        kept = hidden.new_empty(len(hidden), shared, dtype=dtype) if keep else None
        grad_rows = torch.empty_like(hidden) if needs_hidden else None
        out = [hidden.new_zeros(len(hidden), dtype=dtype) for _ in range(4)]  # loss, log q of target, entropy, KL
        top1 = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        pair = (hidden, weight[:shared], teacher_hidden, teacher_head[:shared])
        for at, logq, slopes, logp in _dense_rows(*pair, settings):
            out[1][at] = logq.gather(1, targets[at, None]).squeeze(1)
            out[2][at] = -(logq.exp() * logq).sum(-1)
            out[3][at] = _divergence(logq, logp, 0.0)[0]
            top1[at] = out[1][at] == logq.amax(-1)
            out[0][at], slope = _mixed(logq, logp, targets[at], settings)
            slope = slope if slopes is None else slope * slopes
            if kept is not None:
                kept[at] = slope
            if grad_rows is not None:
                grad_rows[at] = slope.to(weight.dtype) @ weight[:shared]
        ctx.settings, ctx.shared = settings, shared
        recompute = None if keep or not needs_weight else (weight, teacher_hidden, teacher_head)
        ctx.save_for_backward(grad_rows, targets, hidden if needs_weight else None, kept, *(recompute or (None,) * 3))
        ctx.weight_like = (weight.shape, weight.dtype)
        ctx.mark_non_differentiable(*out[1:], top1)
        return out[0], out[1], out[2], top1, out[3]

    @staticmethod
    def backward(ctx, grad_loss, *_):
        if grad_loss is None:
            return (None,) * 6
        grad_rows, targets, hidden, kept, *recompute = ctx.saved_tensors
        upstream = grad_loss.unsqueeze(1)
        grad_hidden = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_hidden = (grad_rows * upstream).to(grad_rows.dtype)
        if ctx.needs_input_grad[1]:
            shape, dtype = ctx.weight_like
            scaled = hidden * upstream
            if kept is not None:
                product = kept.T @ scaled.to(kept.dtype)
            else:
                product = _slopes_times(scaled, hidden, targets, recompute, ctx)
            grad_weight = pad(product, (0, 0, 0, shape[0] - ctx.shared)).to(dtype)
        return grad_hidden, grad_weight, None, None, None, None


def _slopes_times(scaled: Tensor, hidden: Tensor, targets: Tensor, others: list[Tensor], ctx) -> Tensor:
    """(dL/dlogits)ᵀ scaled, (V, H), where the slopes would not fit: forms them a second time."""
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    weight, teacher_hidden, teacher_head = others
    with maybe_gather_lm_head_ctx(weight, teacher_head):
        product = torch.zeros(ctx.shared, hidden.shape[1], dtype=buffer_dtype(hidden), device=hidden.device)
        pair = (hidden, weight[: ctx.shared], teacher_hidden, teacher_head[: ctx.shared])
        for at, logq, slopes, logp in _dense_rows(*pair, ctx.settings):
            slope = _mixed(logq, logp, targets[at], ctx.settings)[1]
            slope = slope if slopes is None else slope * slopes
            product.addmm_(slope.T, scaled[at].to(slope.dtype))
    return product


def _dense_rows(
    hidden: Tensor, weight: Tensor, teacher_hidden: Tensor, teacher_head: Tensor, settings: tuple
) -> Iterator[tuple[slice, Tensor, Tensor | None, Tensor]]:
    """Chunk by chunk: (slice, student's log-probabilities, its soft cap's slopes, teacher's log-probabilities)."""
    *_, softcap, teacher_softcap = settings
    mine, theirs = buffers(len(hidden), len(weight), hidden)
    for start in range(0, len(hidden), CHUNK):
        at = slice(start, start + CHUNK)
        z, other = (buffer[: len(hidden[at])] for buffer in (mine, theirs))
        compute_logits(hidden[at], weight, softcap, z)
        compute_logits(teacher_hidden[at], teacher_head, teacher_softcap, other)
        slopes = None if softcap is None else 1 - (z / softcap) ** 2
        yield at, z.log_softmax(-1), slopes, other.log_softmax(-1)


def _mixed(logq: Tensor, logp: Tensor, targets: Tensor, settings: tuple) -> tuple[Tensor, Tensor]:
    """The loss a row and its slopes (n, V) of the student's logits, from log-probabilities at T = 1."""
    beta, temperature, label_weight = settings[:3]
    tempered = logq, logp
    if temperature != 1:
        tempered = (logq / temperature).log_softmax(-1), (logp / temperature).log_softmax(-1)
    loss, slope = _divergence(*tempered, beta)
    loss, slope = loss * temperature**2, slope * temperature
    if label_weight:
        target = targets.unsqueeze(1)
        hard = logq.exp().scatter_add(1, target, -torch.ones_like(target, dtype=logq.dtype))
        loss = (1 - label_weight) * loss - label_weight * logq.gather(1, target).squeeze(1)
        slope = (1 - label_weight) * slope + label_weight * hard
    return loss, slope
