"""Which rows of a mixture are drawn, how often and in which order: from the seed alone, in arrays of indices."""

import numpy as np

from posttrain.data.spec import MixtureSpec
from posttrain.errors import UserError


def generator(seed: int, number: int, purpose: str) -> np.random.Generator:
    """A generator of its own for every source and purpose, so that none shifts another's draws."""
    return np.random.default_rng([seed, number, *purpose.encode()])


def held_out(prompts: np.ndarray, test: float, seed: int, origin: str) -> np.ndarray:
    """Indices of the rows of the test split; all rows of a prompt together.

    prompts: (N,) a 64-bit hash of each row's prompt · test: rows, or a share below 1 · origin: names the source.

    A prompt's side follows from a hash of prompt and seed: a share (`test: 0.1`) never moves a row when the source
    grows; a number of rows takes the lowest hashes.
    """
    if test >= 1 and test > len(prompts):
        raise UserError(f"{origin}: `test: {test}` is more than the {len(prompts)} rows that are left")
    distinct, inverse, sizes = np.unique(prompts, return_inverse=True, return_counts=True)
    ranks = _mix(distinct, seed)
    if test < 1:
        return np.flatnonzero((ranks / 2**64 < test)[inverse])
    order = np.argsort(ranks, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]  # rows of the prompts that are taken first
    chosen = np.zeros(len(distinct), dtype=bool)
    chosen[order[before < test]] = True
    return np.flatnonzero(chosen[inverse])


def share_out(spec: MixtureSpec, available: dict[str, int]) -> dict[str, int]:
    """Rows to draw from each source: its `count`, its share of `total` by weight, or all of its rows."""
    counts = {name: spec.sources[name].count for name in available}
    weights = {n: spec.sources[n].weight for n in available if spec.sources[n].weight is not None}
    if weights:
        total = spec.total or sum(available[name] for name in weights)
        shares = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
        counts |= {name: int(share) for name, share in shares.items()}
        rest = sorted(shares, key=lambda name: (int(shares[name]) - shares[name], name))
        for name in rest[: total - sum(int(share) for share in shares.values())]:
            counts[name] += 1
    counts = {name: available[name] if count is None else count for name, count in counts.items()}
    for name, count in counts.items():
        if count and not available[name]:
            raise UserError(f"{name}: {count} rows are asked for, and none is left to train on")
    return counts


def repeat(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the rows: each as often as the others, but for a last part that the generator chooses."""
    if count == len(rows):
        return rows
    whole, part = divmod(count, len(rows)) if len(rows) else (0, 0)
    return np.concatenate([*[rows] * whole, np.sort(rng.permutation(rows)[:part])]).astype(np.int64)


def _mix(values: np.ndarray, seed: int) -> np.ndarray:
    """SplitMix64 of value and seed: a random rank that depends on nothing else."""
    with np.errstate(over="ignore"):
        z = values + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
