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
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from posttrain.errors import UserError
from posttrain.losses.head import buffer_dtype, compute_logits

METHODS = ("draws", "distinct", "top")
MOST = 256  # ids a position: the report's number, and what a byte can count
ROWS = 32  # positions sampled at once: a few float32 (ROWS, V) of 34 MB for Gemma's vocabulary
BLOCK = 512  # ids of a block in `_drawn`


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
    probabilities · entropy: (P,)
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
    """The tokens that `method` takes of each position's softmax(logits / temperature).

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
        ids = exps.topk(uniforms.shape[1]).indices.sort(-1).values
        lengths = torch.full_like(ids[:, 0], ids.shape[1])
        return _stored(lengths, ids.flatten(), (exps.gather(1, ids) / total[:, None]).flatten(), entropy)
    ids = _drawn(exps, uniforms)
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


def _drawn(weights: Tensor, uniforms: Tensor) -> Tensor:
    """Ids (n, N), ascending, drawn in proportion to weights (n, V), by inversion in two steps: a block of BLOCK ids by
    the sums of all blocks, then the id by the running sums of the few blocks that were drawn."""
    rows, vocabulary = weights.shape
    blocks = pad(weights, (0, -vocabulary % BLOCK)).view(rows, -1, BLOCK)
    edges = blocks.sum(-1, dtype=torch.float64).cumsum(-1)  # (n, blocks)
    mass = edges[:, -1:]
    points = torch.minimum(uniforms * mass, mass.nextafter(torch.zeros_like(mass))).sort(-1).values  # below all of it
    block = torch.searchsorted(edges, points, right=True)
    before = torch.cat([torch.zeros_like(edges[:, :1]), edges], 1).gather(1, block)
    which = torch.arange(rows, device=weights.device)[:, None] * edges.shape[1] + block  # of all the rows' blocks
    opened, place = torch.unique_consecutive(which, return_inverse=True)  # (U,), (n, N)
    inner = blocks.flatten(0, 1)[opened].double().cumsum(-1)  # (U, BLOCK)
    # Each opened block's sums over its whole, plus its number: one ascending line for all points.
    whole = inner[:, -1:]
    line = (inner / whole + torch.arange(len(opened), device=weights.device)[:, None]).flatten()
    share = ((points - before) / whole.squeeze(1)[place]).clamp(0, 1)
    at = torch.searchsorted(line, share + place, right=True)
    at = torch.minimum(at, place * BLOCK + BLOCK - 1) - place * BLOCK
    last = (blocks.flatten(0, 1)[opened] > 0).double().cumsum(-1).argmax(-1)  # no draw falls on what has no weight
    return block * BLOCK + torch.minimum(at, last[place])


def _stored(lengths: Tensor, ids: Tensor, weights: Tensor, entropy: Tensor) -> Picked:
    return Picked(lengths.cpu(), ids.cpu(), weights.cpu(), entropy.cpu())


def padded(picked: Picked, method: str) -> SparseTargets:
    """As the loss takes it: (P, K) with the longest position's K; probabilities of each position sum to 1, but for
    `top`, whose rest is the tail."""
    lengths = picked.lengths.tolist()
    ids = pad_sequence(list(picked.ids.long().split(lengths)), batch_first=True)
    weights = pad_sequence(list(picked.weights.float().split(lengths)), batch_first=True)
    tail = method == "top"
    mass = weights.sum(-1, keepdim=True)
    weights = weights / (mass.clamp(min=1) if tail else mass)  # they were rounded in store
    entropy = picked.entropy.float() if method == "draws" else torch.full_like(mass.squeeze(1), torch.nan)
    return SparseTargets(ids, weights, entropy, tail)
