"""How sure a score is: intervals of shares and means, pass@k, and whether two models differ on the same rows."""

import math
from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000  # bootstrap and permutation draws


def wilson_interval(successes: float, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share, which is sound for small counts and for 0 and 1."""
    share, spread = successes / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that at least one of k samples is right: 1 − C(n−c, k) / C(n, k), unbiased (2107.03374, eq. 1).

    samples: n ≥ k drawn for the row · correct: c of them right
    """
    if not 0 < k <= samples:
        raise ValueError(f"pass@{k} needs at least {k} samples, not {samples}")
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def mean_interval(
    values: Sequence[float], weights: Sequence[float] | None = None, seed: int = 0
) -> tuple[float, float, float]:
    """(mean, low, high): the weighted mean of the rows' values and its 95 % interval by bootstrap over rows.

    Where all values are 0, or all 1, there is no spread to resample, and the interval is Wilson's for so many rows.
    weights: of a row, such as how many instructions it has (then `values` are their means in the row).
    """
    value = np.asarray(values, dtype=np.float64)
    weight = np.ones_like(value) if weights is None else np.asarray(weights, dtype=np.float64)
    mean = float((value * weight).sum() / weight.sum())
    if len(set(values)) == 1 and mean in (0.0, 1.0):
        return (mean, *wilson_interval(round(mean * len(value)), len(value)))
    total, over = np.empty(RESAMPLES), np.empty(RESAMPLES)
    rng = np.random.default_rng(seed)
    for draw in range(RESAMPLES):  # one at a time: all at once would be rows × RESAMPLES in memory
        rows = rng.integers(0, len(value), len(value))
        total[draw], over[draw] = (value[rows] * weight[rows]).sum(), weight[rows].sum()
    low, high = np.quantile(total / over, [0.025, 0.975])
    return mean, float(low), float(high)


def mcnemar(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p-value of McNemar's exact test on verdicts of 0 and 1, a pair a row.

    Under no difference, each row that only one of them got right is a fair coin: 2·P(Binomial(b + c, ½) ≤ min(b, c)).
    """
    only_first = sum(a > b for a, b in zip(first, second, strict=True))
    only_second = sum(a < b for a, b in zip(first, second, strict=True))
    n, fewer = only_first + only_second, min(only_first, only_second)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(fewer + 1)) / 2**n)


def sign_flip(differences: Sequence[float], seed: int = 0) -> float:
    """The two-sided p-value of a paired permutation test: how often do random signs give as large a mean difference?

    The observed signs count as one of the draws, so that p is never 0.
    """
    difference = np.asarray([d for d in differences if d], dtype=np.float64)
    if not len(difference):
        return 1.0
    rng = np.random.default_rng(seed)
    seen, extreme = abs(difference.sum()), 0
    for _ in range(RESAMPLES):
        signs = rng.integers(0, 2, len(difference)) * 2 - 1
        extreme += abs((signs * difference).sum()) >= seen - 1e-9
    return float((extreme + 1) / (RESAMPLES + 1))


def paired_interval(first: Sequence[float], second: Sequence[float], z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of the difference of two shares on the same rows, by verdicts of 0 and 1.

    Bonett and Price (2012): Wald's interval with one row more in each of the two ways to differ, which is sound for few
    rows that differ, and for none. A bootstrap is too sure there.
    """
    rows = len(first) + 2
    lost = (sum(a > b for a, b in zip(first, second, strict=True)) + 1) / rows
    won = (sum(a < b for a, b in zip(first, second, strict=True)) + 1) / rows
    half = z * math.sqrt((won + lost - (won - lost) ** 2) / rows)
    return max(-1.0, won - lost - half), min(1.0, won - lost + half)


def compare_pairs(
    first: Sequence[float], second: Sequence[float], weights: Sequence[float] | None = None
) -> dict[str, float]:
    """The second model against the first on the same rows: {"difference", "low", "high", "p"}.

    Where all scores are 0 or 1 the interval is `paired_interval`'s and p McNemar's; else a paired bootstrap over rows,
    and sign flips. weights: of a row, as in `mean_interval`
    """
    differences = [b - a for a, b in zip(first, second, strict=True)]
    weight = [1.0] * len(differences) if weights is None else weights
    if {*first, *second} <= {0.0, 1.0} and set(weight) == {1}:
        low, high = paired_interval(first, second)
        return {
            "difference": sum(differences) / len(differences),
            "low": low,
            "high": high,
            "p": mcnemar(first, second),
        }
    mean, low, high = mean_interval(differences, weight)
    if not any(differences):  # nothing to resample, which is no certainty
        low = -high
    return {
        "difference": mean,
        "low": low,
        "high": high,
        "p": sign_flip([d * w for d, w in zip(differences, weight, strict=True)]),
    }
