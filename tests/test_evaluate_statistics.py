"""Intervals, pass@k and paired tests, against values worked out by hand."""

import random
from itertools import combinations

import pytest

from posttrain.evaluate.statistics import (
    compare_pairs,
    mcnemar,
    mean_interval,
    paired_interval,
    pass_at_k,
    sign_flip,
    wilson_interval,
)


@pytest.mark.parametrize(("samples", "correct", "k"), [(4, 1, 2), (5, 2, 3), (6, 0, 1), (6, 6, 4), (3, 1, 3)])
def test_pass_at_k_counts_the_subsets_with_a_right_sample(samples, correct, k):
    subsets = list(combinations(range(samples), k))
    share = sum(any(i < correct for i in subset) for subset in subsets) / len(subsets)
    assert pass_at_k(samples, correct, k) == pytest.approx(share)


def test_pass_at_k_needs_k_samples():
    with pytest.raises(ValueError, match="at least 3"):
        pass_at_k(2, 1, 3)


def test_the_bootstrap_of_shares_is_near_their_normal_interval():
    """1,000 rows, half right: 0.5 ± 1.96·√(0.25/1000) = 0.5 ± 0.031."""
    mean, low, high = mean_interval([0.0, 1.0] * 500)
    assert mean == 0.5 and low == pytest.approx(0.469, abs=0.004) and high == pytest.approx(0.531, abs=0.004)


def test_a_weighted_mean_counts_instructions():
    """A row of three instructions, all followed, and one of a single one that is not: 3 of 4."""
    assert mean_interval([1.0, 0.0], [3, 1])[0] == pytest.approx(0.75)


def test_no_spread_is_not_certainty():
    assert mean_interval([1.0] * 10) == (1.0, *wilson_interval(10, 10))
    assert mean_interval([0.0] * 10)[2] > 0.2


@pytest.mark.slow
def test_the_bootstrap_interval_covers_as_often_as_it_says():
    rng = random.Random(0)
    covered = 0
    for trial in range(60):
        _, low, high = mean_interval([rng.random() for _ in range(40)], seed=trial)
        covered += low <= 0.5 <= high
    assert 51 <= covered <= 60  # 95 % of 60 are 57; fewer than 51 have a chance below 1 in 1,000


def test_mcnemar_by_hand():
    """8 rows only the second got right, 1 only the first: 2·(C(9,0) + C(9,1))/2⁹ = 20/512."""
    first, second = [0.0] * 8 + [1.0] + [1.0] * 20, [1.0] * 8 + [0.0] + [1.0] * 20
    assert mcnemar(first, second) == pytest.approx(20 / 512)
    assert mcnemar(second, first) == mcnemar(first, second)
    assert mcnemar(first, first) == 1.0


def test_the_interval_of_paired_shares_by_hand():
    """29 rows, 8 won and 1 lost: won 9/31, lost 2/31, difference 7/31 = 0.2258, variance (11/31 − 0.2258²)/31 = 0.0098,
    so 0.2258 ± 1.96·0.0990. Three won of 64 is no proof (p = 1/4), and the interval holds 0."""
    first, second = [0.0] * 8 + [1.0] + [1.0] * 20, [1.0] * 8 + [0.0] + [1.0] * 20
    assert paired_interval(first, second) == pytest.approx((0.0318, 0.4198), abs=2e-4)
    few = compare_pairs([0.0] * 64, [1.0] * 3 + [0.0] * 61)
    assert few["p"] == pytest.approx(0.25) and few["low"] < 0 < few["difference"] == 3 / 64 < few["high"]


def test_the_interval_of_paired_shares_covers_as_often_as_it_says():
    """30 rows of which a fifth differ, four in five of them in the second's favour: the true difference is 0.12."""
    rng, covered = random.Random(0), 0
    for _ in range(300):
        pairs = rng.choices([(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], [0.16, 0.04, 0.8], k=30)
        low, high = paired_interval(*zip(*pairs, strict=True))
        covered += low <= 0.12 <= high
    assert covered >= 276  # 95 % of 300 are 285, less 2.4 standard deviations


def test_sign_flips_by_hand():
    """Differences 1, 2, 3: of 8 sign patterns only +++ and −−− are as extreme, p = 1/4."""
    assert sign_flip([1.0, 2.0, 3.0]) == pytest.approx(0.25, abs=0.02)
    assert sign_flip([0.0, 0.0]) == 1.0


def test_a_comparison_takes_the_test_that_fits():
    same = compare_pairs([0.0, 1.0, 1.0], [0.0, 1.0, 1.0])
    assert same["difference"] == 0 and same["low"] == -same["high"] and same["p"] == 1.0
    better = compare_pairs([0.0] * 12, [1.0] * 12)
    assert (
        better["difference"] == 1
        and 0.5 < better["low"] < better["high"] == 1
        and better["p"] == pytest.approx(2 / 2**12)
    )
    worse = compare_pairs([1.0] * 12, [0.0] * 12)
    assert (worse["difference"], worse["low"], worse["high"]) == (-1, -better["high"], -better["low"])
    graded = compare_pairs([0.25, 0.5, 0.5, 0.0], [0.75, 0.75, 1.0, 0.5])
    assert graded["difference"] == pytest.approx(0.4375) and graded["p"] == pytest.approx(0.125, abs=0.02)
