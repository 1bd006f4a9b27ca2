"""Negative log-likelihood of labelled tokens: `losses.head` with the label as its one target."""

import torch
from torch import Tensor

from posttrain.losses.head import Shape, sparse_cross_entropy


def token_logps(
    hidden: Tensor,
    lm_head_weight: Tensor,
    targets: Tensor,
    softcap: float | None = None,
    temperature: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """log softmax(hidden Wᵀ / temperature)[target], in nats, with entropy and top-1 hits for the logs.

    hidden: (N, H) · lm_head_weight: (V, H) · targets: (N,) int · softcap: Gemma 2's c in c·tanh(z/c)
    Returns log-probabilities (N,), entropies (N,) and hits (N,) bool; only the first carries a gradient.
    """
    ids = targets.unsqueeze(1)
    loss, _, entropy, top1 = sparse_cross_entropy(
        hidden, lm_head_weight, ids, torch.ones_like(ids, dtype=torch.float32), Shape(softcap, temperature)
    )
    return -loss, entropy, top1


def nll_loss(
    hidden: Tensor, lm_head_weight: Tensor, targets: Tensor, mask: Tensor, softcap: float | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Σ over masked rows of −log softmax(hidden Wᵀ)[target], in nats.

    hidden: (N, H) · lm_head_weight: (V, H) · targets: (N,) int · mask: (N,) bool
    Returns the sum and {"tokens", "entropy", "correct"} as sums over masked rows: divide by the global token count.
    """
    logps, entropy, top1 = token_logps(hidden[mask], lm_head_weight, targets[mask], softcap)
    return -logps.sum(), {"tokens": mask.sum(), "entropy": entropy.sum(), "correct": top1.sum()}
