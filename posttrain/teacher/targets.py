"""What a teacher says about positions: its whole distribution, or a few tokens of it.

Gemma 3's pre-training distils from 256 ids that are *sampled* for each position by the teacher's probability
(2503.19786 §2.2). The report can be read in two ways, and practice knows a third:

    draws      (A) N draws with replacement, target c_i/N: unbiased (Random Sampling KD, 2503.16870)
    distinct   (B) the distinct ids of these draws, target p(i) / Σ p over them
    top        (C) the N likeliest ids, target p(i), and the mass of all the rest as one event
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from posttrain.errors import UserError
from posttrain.losses.head import buffer_dtype, compute_logits
from posttrain.sampling import draw

METHODS = ("draws", "distinct", "top")
MOST = 256  # ids a position: the report's number, and what a byte can count
ROWS = 32  # positions sampled at once: a few float32 (ROWS, V) of 34 MB for Gemma's vocabulary


@dataclass(frozen=True)
class SparseTargets:
    """ids: (N, K) int64 · probs: (N, K) float32, 0 is padding · entropy: (N,) in nats, of the distribution that
    draws stand for, else NaN · tail: whether the missing mass lies on the rest of the vocabulary"""

    ids: Tensor
    probs: Tensor
    entropy: Tensor
    tail: bool

    def to(self, device: torch.device | str) -> "SparseTargets":
        return SparseTargets(self.ids.to(device), self.probs.to(device), self.entropy.to(device), self.tail)


@dataclass(frozen=True)
class DenseTargets:
    """A teacher in memory: hidden (N, H') · head (V', H') · softcap: Gemma 2's, of its logits"""

    hidden: Tensor
    head: Tensor
    softcap: float | None = None


@dataclass(frozen=True)
class TokenTargets:
    """logps: (N,) the teacher's log-probability of the very token that follows, in nats"""

    logps: Tensor


Targets = SparseTargets | DenseTargets | TokenTargets


@dataclass(frozen=True)
class Picked:
    """The tokens of P positions, laid end to end, as a cache keeps them.

    lengths: (P,) ids a position · ids: (U,) ascending within a position · weights: (U,) counts of `draws`, else
    probabilities · entropy: (P,) of the teacher, in nats; of `top` instead the mass of all other ids
    """

    lengths: Tensor
    ids: Tensor
    weights: Tensor
    entropy: Tensor

    def split(self, positions: list[int]) -> list["Picked"]:
        """In parts of so many positions."""
        lengths = self.lengths.split(positions)
        counts = [int(part.sum()) for part in lengths]
        parts = zip(
            lengths, self.ids.split(counts), self.weights.split(counts), self.entropy.split(positions), strict=True
        )
        return [Picked(*part) for part in parts]


def check_method(method: str, count: int) -> None:
    if method not in METHODS:
        raise UserError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if not 1 <= count <= MOST:
        raise UserError(f"draws must lie between 1 and {MOST} a position, not {count}")


def pick(targets: DenseTargets, uniforms: Tensor, method: str, temperature: float = 1.0) -> Picked:
    """The tokens that `method` takes of each position's softmax(logits / temperature) over the rows of the head.

    uniforms: (P, N) in [0, 1), float64: the randomness of the N draws (`top` looks at N alone). The same numbers give
    the same tokens, wherever and in whatever order the positions are worked on.
    """
    parts = []
    for start in range(0, len(targets.hidden), ROWS):
        at = slice(start, start + ROWS)
        hidden = targets.hidden[at]
        logits = hidden.new_empty(len(hidden), len(targets.head), dtype=buffer_dtype(hidden))
        compute_logits(hidden, targets.head, targets.softcap, logits)
        parts.append(_pick_rows(logits.div_(temperature), uniforms[at].to(hidden.device), method))
    return Picked(*(torch.cat([getattr(part, name) for part in parts]) for name in Picked.__dataclass_fields__))


def _pick_rows(z: Tensor, uniforms: Tensor, method: str) -> Picked:
    """z: (n, V) logits, overwritten; every pass over them costs a megabyte a position"""
    z -= z.amax(-1, keepdim=True)
    exps = z.exp()
    total = exps.sum(-1)
    entropy = total.log() - z.mul_(exps).sum(-1) / total
    if method == "top":
        ids = exps.topk(min(uniforms.shape[1], exps.shape[1])).indices.sort(-1).values
        lengths = torch.full_like(ids[:, 0], ids.shape[1])
        probs = exps.gather(1, ids) / total[:, None]
        return _stored(lengths, ids.flatten(), probs.flatten(), exps.scatter_(1, ids, 0.0).sum(-1) / total)
    ids = draw(exps, uniforms)
    starts = torch.ones_like(ids, dtype=torch.bool)
    starts[:, 1:] = ids[:, 1:] != ids[:, :-1]
    lengths = starts.sum(-1)
    flat = starts.flatten().nonzero().squeeze(1)  # each distinct id's first place among all the draws
    distinct = ids.flatten()[flat]
    if method == "draws":
        return _stored(lengths, distinct, torch.diff(flat, append=flat.new_tensor([ids.numel()])), entropy)
    row = torch.arange(len(ids), device=ids.device).repeat_interleave(lengths)
    chosen = exps[row, distinct]
    mass = torch.zeros_like(entropy).index_add_(0, row, chosen)
    return _stored(lengths, distinct, chosen / mass[row], entropy)


def _stored(lengths: Tensor, ids: Tensor, weights: Tensor, entropy: Tensor) -> Picked:
    return Picked(lengths.cpu(), ids.cpu(), weights.cpu(), entropy.cpu())


def padded(picked: Picked, method: str) -> SparseTargets:
    """As the loss takes it: (P, K) with the longest position's K; probabilities of each position sum to 1, but for
    `top`, whose rest is the tail."""
    lengths = picked.lengths.long()
    there = torch.arange(int(lengths.max()) if len(lengths) else 0) < lengths[:, None]  # (P, K)
    ids, probs = torch.zeros(there.shape, dtype=torch.long), torch.zeros(there.shape)
    ids[there], probs[there] = picked.ids.long(), picked.weights.float()
    told, entropy = probs.sum(-1, keepdim=True), picked.entropy.float()
    # They were rounded in store; of `top`, what sums them up is not one less a rounded sum, but the rest that was kept.
    probs *= (1 if method != "top" else 1 - entropy[:, None]) / told
    return SparseTargets(ids, probs, entropy if method == "draws" else entropy * torch.nan, method == "top")
