"""Negative log-likelihood of labelled tokens, with the 262,144-wide head computed where there is a label only.

Work, in units of one N × H × V matrix product (N labelled tokens): forward 1, gradient of the hidden states 1, and for
full tuning the gradient of the head 1. Nothing is computed twice unless the probabilities would not fit `KEEP_BYTES`,
and then only full tuning pays one unit to have them again.
"""

import torch
from torch import Tensor

# Full tuning keeps the (N, V) gradient of the logits from forward to backward up to here (1,024 tokens in fp32).
KEEP_BYTES = 1 << 30
# Rows of the head computed at once: two fp32 buffers of 134 MB for Gemma's vocabulary.
CHUNK = 128


def token_logps(
    hidden: Tensor, lm_head_weight: Tensor, targets: Tensor, softcap: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """log softmax(hidden Wᵀ)[target], in nats, with entropy and top-1 hits for the logs.

    hidden: (N, H) · lm_head_weight: (V, H) · targets: (N,) int · softcap: Gemma 2's c in c·tanh(z/c)
    Returns log-probabilities (N,), entropies (N,) and hits (N,) bool; only the first carries a gradient.
    At most (CHUNK, V) logits exist at a time, but for full tuning's kept gradient (see KEEP_BYTES).
    """
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


class _TokenLogps(torch.autograd.Function):
    """The row gradient d logp_i / d hidden_i needs no upstream value, so it is formed while the logits are at hand."""

    @staticmethod
    def forward(ctx, hidden, weight, targets, softcap):
        ctx.set_materialize_grads(False)
        tokens = hidden.shape[0]
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        logps, entropy = (hidden.new_empty(tokens, dtype=torch.float32) for _ in range(2))
        top1 = torch.empty(tokens, dtype=torch.bool, device=hidden.device)
        row_grad = torch.empty_like(hidden) if needs_hidden else None
        keep = needs_weight and tokens * weight.shape[0] * weight.element_size() <= KEEP_BYTES
        kept = weight.new_empty(tokens, weight.shape[0]) if keep else None
        for start in range(0, tokens, CHUNK):
            rows = slice(start, start + CHUNK)
            logits = _logits(hidden[rows], weight, softcap)  # (n, V) fp32
            target = targets[rows, None]  # (n, 1)
            log_z = logits.logsumexp(-1, keepdim=True)
            probs = torch.exp(logits - log_z)
            logps[rows] = (logits.gather(1, target) - log_z).squeeze(1)
            entropy[rows] = log_z.squeeze(1) - torch.linalg.vecdot(probs, logits)
            top1[rows] = logits.argmax(-1) == target.squeeze(1)
            if row_grad is not None or kept is not None:
                grad = _logit_gradient(probs, logits, target, softcap).to(weight.dtype)
                if row_grad is not None:
                    torch.mm(grad, weight, out=row_grad[rows])
                if kept is not None:
                    kept[rows] = grad
        ctx.softcap, ctx.weight_shape = softcap, weight.shape
        ctx.save_for_backward(
            row_grad,
            kept,
            *((hidden, targets) if needs_weight else (None, None)),
            weight if needs_weight and not keep else None,
        )
        ctx.mark_non_differentiable(entropy, top1)
        return logps, entropy, top1

    @staticmethod
    def backward(ctx, grad_logps, *_):
        row_grad, kept, hidden, targets, weight = ctx.saved_tensors
        scale = grad_logps.unsqueeze(1)  # (N, 1)
        grad_hidden = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_hidden = row_grad * scale.to(row_grad.dtype)
        if ctx.needs_input_grad[1]:
            scaled = hidden * scale.to(hidden.dtype)  # (N, H): cheaper to scale than the (N, V) side
            grad_weight = (
                kept.T @ scaled if kept is not None else _recomputed(scaled, hidden, weight, targets, ctx.softcap)
            )
        return grad_hidden, grad_weight, None, None


def _logits(hidden: Tensor, weight: Tensor, softcap: float | None) -> Tensor:
    logits = (hidden.to(weight.dtype) @ weight.T).float()
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)


def _logit_gradient(probs: Tensor, logits: Tensor, target: Tensor, softcap: float | None) -> Tensor:
    """d logp / d logits = onehot − p, through the softcap; (n, V). Overwrites `probs`."""
    grad = probs.neg_()
    grad.scatter_add_(1, target, torch.ones_like(target, dtype=grad.dtype))
    return grad if softcap is None else grad.mul_(1 - (logits / softcap) ** 2)


def _recomputed(scaled: Tensor, hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float | None) -> Tensor:
    """The head's gradient where the kept logits would not fit: forms them a second time, chunk by chunk."""
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    with maybe_gather_lm_head_ctx(weight):
        total = torch.zeros_like(weight)
        for start in range(0, hidden.shape[0], CHUNK):
            rows = slice(start, start + CHUNK)
            logits = _logits(hidden[rows], weight, softcap)
            probs = torch.softmax(logits, -1)
            grad = _logit_gradient(probs, logits, targets[rows, None], softcap).to(weight.dtype)
            total.addmm_(grad.T, scaled[rows])
    return total
