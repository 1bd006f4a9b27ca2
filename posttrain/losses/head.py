"""Cross-entropy of hidden states with a few target tokens each, through a head that is 262,144 wide.

(tokens × vocabulary) is never in memory. Work, in units of one N × H × V matrix product (N rows): forward 1, gradient
of the hidden states 1, and for full tuning the gradient of the head 1. Nothing is computed twice unless the
exponentials would not fit `KEEP_BYTES`, and then only full tuning pays one unit to have them again.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

# Full tuning keeps the (N, V) exponentials from forward to backward up to here (1,024 tokens in fp32).
KEEP_BYTES = 1 << 30
# Rows of the head computed at once: two fp32 buffers of 101 MB for Gemma's vocabulary.
CHUNK = 96
# Target tokens whose (H,) gradients of the head are laid out at once.
PULLS = 24_576


@dataclass(frozen=True)
class Shape:
    """What is done to the logits: Gemma 2's soft cap c·tanh(z/c), and a temperature. tail: the targets' missing mass
    lies on the rest of the vocabulary, taken as one event: −(1 − Σp)·log(1 − Σq)."""

    softcap: float | None = None
    temperature: float = 1.0
    tail: bool = False


def sparse_cross_entropy(
    hidden: Tensor, lm_head_weight: Tensor, ids: Tensor, probs: Tensor, shape: Shape | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """−Σ_k p_k log softmax(hidden Wᵀ)_k a row, in nats, with the normaliser over the whole vocabulary.

    hidden: (N, H) · lm_head_weight: (V, H) · ids: (N, K) int · probs: (N, K), an entry of 0 is none at all
    Returns, (N,) each: the cross-entropy, which alone carries a gradient (of hidden and W); log q of the first id;
    the entropy of q; whether the first id is q's highest. At most (CHUNK, V) logits exist at a time, but for what
    full tuning keeps (see KEEP_BYTES).
    """
    if not torch.is_grad_enabled():  # or a trained head would have its gradient prepared
        lm_head_weight = lm_head_weight.detach()
    return _SparseCrossEntropy.apply(hidden, lm_head_weight, ids, probs, shape or Shape())


@dataclass
class _Rows:
    """What a chunk of n rows gives. Every pass over its (n, V) costs a megabyte a token, and a fresh (n, V) several
    passes (page faults), so the work is done in two buffers that all chunks share.

    d loss / d logits = exps·share + pulls at the ids
    """

    exps: Tensor  # (n, V): exp(z − max z), times dz/dlogit where the logits are soft-capped; with a tail 0 at the ids
    share: Tensor  # (n, 1): what of q is pushed down, over Σ exp(z − max z)
    pulls: Tensor  # (n, K)
    loss: Tensor  # (n, 1)
    first: Tensor  # (n, 1): log q of the first id
    entropy: Tensor  # (n, 1)
    top1: Tensor  # (n, 1) bool; a tie counts


def _compute_rows(
    hidden: Tensor, weight: Tensor, ids: Tensor, probs: Tensor, shape: Shape, z: Tensor, exps: Tensor
) -> _Rows:
    """hidden: (n, H) · weight: (V, H) · ids, probs: (n, K) · z, exps: (n, V) buffers, both overwritten"""
    compute_logits(hidden, weight, shape.softcap, z)
    if shape.temperature != 1:
        z /= shape.temperature
    highest = z.amax(-1, keepdim=True)
    z -= highest
    torch.exp(z, out=exps)
    total = exps.sum(-1, keepdim=True)
    at_ids = z.gather(1, ids)
    logq = at_ids - total.log()
    mass = probs.sum(-1, keepdim=True)
    slopes = None
    if shape.softcap is not None:
        slopes = 1 - ((z + highest) * (shape.temperature / shape.softcap)) ** 2
    expected = z.mul_(exps).sum(-1, keepdim=True) / total
    loss, share, pulls = -(probs * logq).sum(-1, keepdim=True), mass, -probs
    if shape.tail:
        more, share, pulls = _tail(exps, total, ids, probs, mass)
        loss = loss + more
    if slopes is not None:
        pulls = pulls * slopes.gather(1, ids)
        exps *= slopes
    scale = 1 / shape.temperature
    return _Rows(
        exps, share * scale / total, pulls * scale, loss, logq[:, :1], total.log() - expected, at_ids[:, :1] == 0
    )


def _tail(exps: Tensor, total: Tensor, ids: Tensor, probs: Tensor, mass: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The rest's part of the loss, the share of q and the pulls at the ids, where `exps` is left at 0.

    With t = 1 − Σp and R the rest's mass of q, dL/dz is q − p at the ids, and (R − t)/R·q elsewhere. Both are formed as
    they stand: as one share of all of q, less something at the ids, they cancel where the student is sure.
    """
    there = probs > 0
    real = torch.where(there, ids, ids.gather(1, probs.argmax(-1, keepdim=True)))  # entries of 0 fall on a real one
    told = exps.gather(1, real) / total
    exps.scatter_(1, real, 0.0)
    rest = (exps.sum(-1, keepdim=True) / total).clamp(min=torch.finfo(exps.dtype).tiny)  # not 1 − Σq, which cancels
    left = (1 - mass).clamp(min=0)
    return -left * rest.log(), (rest - left) / rest, (told - probs) * there


class _SparseCrossEntropy(torch.autograd.Function):
    """The gradient of a row's hidden state needs no upstream value but a factor, so it is formed while the exponentials
    are at hand: share·(exps W) + Σ_k pull_k·W[id_k]."""

    @staticmethod
    def forward(ctx, hidden, weight, ids, probs, shape):
        ctx.set_materialize_grads(False)
        rows, vocabulary = hidden.shape[0], weight.shape[0]
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        dtype = buffer_dtype(hidden)
        probs = probs.to(dtype)
        keep = needs_weight and rows * vocabulary * dtype.itemsize <= KEEP_BYTES
        kept = hidden.new_empty(rows, vocabulary, dtype=dtype) if keep else None
        scratch, other = buffers(rows, vocabulary, hidden)
        grad_rows = torch.empty_like(hidden) if needs_hidden else None
        loss, first, entropy, share = (hidden.new_ones(rows, 1, dtype=dtype) for _ in range(4))
        pulls = torch.empty_like(probs)
        top1 = torch.empty(rows, 1, dtype=torch.bool, device=hidden.device)
        for start in range(0, rows, CHUNK):
            at = slice(start, start + CHUNK)
            n = len(ids[at])
            exps = other[:n] if kept is None else kept[at]
            found = _compute_rows(hidden[at], weight, ids[at], probs[at], shape, scratch[:n], exps)
            loss[at], first[at], entropy[at], top1[at] = found.loss, found.first, found.entropy, found.top1
            share[at], pulls[at] = found.share, found.pulls
            if grad_rows is not None:
                pulled = embedding_bag(ids[at], weight, per_sample_weights=found.pulls.to(weight.dtype), mode="sum")
                grad_rows[at] = pulled + found.exps.to(weight.dtype) @ weight * found.share
        ctx.shape, ctx.weight_dtype = shape, weight.dtype
        for_weight = (hidden, ids, probs, kept, share, pulls, None if keep else weight) if needs_weight else (None,) * 7
        ctx.save_for_backward(grad_rows, *for_weight)
        outputs = tuple(value.squeeze(1) for value in (loss, first, entropy, top1))
        ctx.mark_non_differentiable(*outputs[1:])
        return outputs

    @staticmethod
    def backward(ctx, grad_loss, *_):
        if grad_loss is None:
            return (None,) * 5
        grad_rows, hidden, ids, probs, kept, share, pulls, weight = ctx.saved_tensors
        upstream = grad_loss.unsqueeze(1)  # (N, 1)
        grad_hidden = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_hidden = (grad_rows * upstream).to(grad_rows.dtype)
        if ctx.needs_input_grad[1]:
            # Scale the (N, H) side: it is 400 times smaller than the (N, V) side.
            scaled = hidden * (upstream * share)
            grad_weight = (
                kept.T @ scaled
                if kept is not None
                else _recomputed(scaled.to(share.dtype), hidden, weight, ids, probs, ctx.shape)
            )
            _add_pulls(grad_weight, hidden, ids, pulls * upstream)
            grad_weight = grad_weight.to(ctx.weight_dtype)
        return grad_hidden, grad_weight, None, None, None


def _add_pulls(grad_weight: Tensor, hidden: Tensor, ids: Tensor, pulls: Tensor) -> None:
    """grad_weight[ids] += pulls · hidden, a few rows at a time."""
    step = max(1, PULLS // ids.shape[1])
    for start in range(0, len(ids), step):
        at = slice(start, start + step)
        products = pulls[at].unsqueeze(-1) * hidden[at].unsqueeze(1)  # (n, K, H)
        grad_weight.index_add_(0, ids[at].flatten(), products.flatten(0, 1).to(grad_weight.dtype))


def _recomputed(scaled: Tensor, hidden: Tensor, weight: Tensor, ids: Tensor, probs: Tensor, shape: Shape) -> Tensor:
    """expsᵀ scaled, (V, H), where the exponentials would not fit: forms them a second time, chunk by chunk."""
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    scratch, other = buffers(len(hidden), weight.shape[0], hidden)
    with maybe_gather_lm_head_ctx(weight):
        product = torch.zeros_like(weight, dtype=scaled.dtype)
        for start in range(0, len(hidden), CHUNK):
            at = slice(start, start + CHUNK)
            n = len(ids[at])
            exps = _compute_rows(hidden[at], weight, ids[at], probs[at], shape, scratch[:n], other[:n]).exps
            product.addmm_(exps.T, scaled[at])
    return product


def compute_logits(hidden: Tensor, weight: Tensor, softcap: float | None, out: Tensor) -> None:
    """out (n, V) = hidden Wᵀ, soft-capped where asked for."""
    if weight.dtype == hidden.dtype == out.dtype:
        torch.mm(hidden, weight.T, out=out)
    else:
        out.copy_(hidden.to(weight.dtype) @ weight.T)
    if softcap is not None:
        out.div_(softcap).tanh_().mul_(softcap)


def buffer_dtype(hidden: Tensor) -> torch.dtype:
    return torch.float64 if hidden.dtype == torch.float64 else torch.float32


def buffers(rows: int, vocabulary: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Two (CHUNK, V) buffers, or smaller ones for fewer rows."""
    size, dtype = (min(rows, CHUNK), vocabulary), buffer_dtype(like)
    return torch.empty(size, dtype=dtype, device=like.device), torch.empty(size, dtype=dtype, device=like.device)
