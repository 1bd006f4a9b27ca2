"""How well rewards agree with preferences on held-out pairs: accuracy, calibration, and what length alone explains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posttrain.evaluate.statistics import wilson_interval

BINS = 10
HELD_OUT = "held_out.jsonl"  # a run's last rewards of its held-out pairs


def preference_metrics(
    chosen: Sequence[float],
    rejected: Sequence[float],
    chosen_length: Sequence[int],
    rejected_length: Sequence[int],
    sources: Sequence[str] | None = None,
) -> dict[str, float]:
    """Figures of N pairs from the rewards of both replies and the replies' lengths.

    accuracy              the share of pairs whose chosen reply has the higher reward (a tie counts half), with its
                          interval (`_low`, `_high`; Wilson, 95 %)
    loss                  mean of −log σ(chosen − rejected), nats; ln 2 = 0.693 for a model that knows nothing
    calibration_error     of σ(|chosen − rejected|) as the chance to be right: expected calibration error, 10 bins of
                          equally many pairs
    length_correlation    between the two replies' difference in reward and in length, over pairs, about 0; the
                          preferences' own is `length_correlation_of_labels`
    accuracy_longer, accuracy_shorter    on the pairs whose chosen reply is the longer, the shorter one
    reward_mean, reward_std              over all replies, to centre and scale by
    accuracy_<source>     where there is more than one source, with its interval
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (chosen, rejected))
    difference = first - second
    length = np.asarray(chosen_length, dtype=np.float64) - np.asarray(rejected_length, dtype=np.float64)
    right = np.where(difference == 0, 0.5, difference > 0)
    everything = np.concatenate([first, second])
    figures = {
        "pairs": float(len(right)),
        **_share("accuracy", right),
        "loss": float(np.logaddexp(0, -difference).mean()),
        "margin": float(difference.mean()),
        "calibration_error": calibration_error(difference),
        "length_correlation": _about_zero(difference, length),
        "length_correlation_of_labels": _about_zero(np.ones_like(length), length),
        "reward_mean": float(everything.mean()),
        "reward_std": float(everything.std()),
    }
    for name, those in (("longer", length > 0), ("shorter", length < 0)):
        if those.any():
            figures[f"accuracy_{name}"] = float(right[those].mean())
    kinds = sorted(set(sources or ()))
    if len(kinds) > 1:
        source = np.asarray(sources)
        for kind in kinds:
            figures |= _share(f"accuracy_{kind}", right[source == kind])
    return figures


def pair_records(
    chosen: Sequence[float], rejected: Sequence[float], pairs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A line a pair: its rewards, and its lengths and source out of `pairs.encode_pairs`' rows."""
    names = ("source", "chosen_length", "rejected_length")
    return [
        {"chosen": float(high), "rejected": float(low), **{name: pair[name] for name in names}}
        for high, low, pair in zip(chosen, rejected, pairs, strict=True)
    ]


def metrics_of(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """`preference_metrics` of `pair_records`."""
    names = ("chosen", "rejected", "chosen_length", "rejected_length", "source")
    return preference_metrics(*([record[name] for record in records] for name in names))


def rights(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """1 for a pair in the right order, 0 in the wrong one, ½ for a tie."""
    return [0.5 if r["chosen"] == r["rejected"] else float(r["chosen"] > r["rejected"]) for r in records]


def calibration_error(difference: Sequence[float] | np.ndarray) -> float:
    """Expected calibration error: Σ_bins share · |mean confidence − accuracy|; confidence σ(|difference|) ≥ ½."""
    values = np.asarray(difference, dtype=np.float64)
    confidence = 1 / (1 + np.exp(-np.abs(values)))
    right = np.where(values == 0, 0.5, values > 0)
    order = np.argsort(confidence, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in bins]
    return float(sum(gaps) / len(values))


def _share(name: str, right: np.ndarray) -> dict[str, float]:
    low, high = wilson_interval(float(right.sum()), len(right))
    return {name: float(right.mean()), f"{name}_low": low, f"{name}_high": high}


def _about_zero(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation about 0, not the means: of a difference, which reply comes first is an arbitrary sign."""
    norm = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / norm) if norm else 0.0
