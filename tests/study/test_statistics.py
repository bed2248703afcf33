"""Statistics over seeds: a missed target counts as infinite, and no result is NaN."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom as scipy_binom
from scipy.stats import binomtest

from gdrun.study.judgement.statistics import (
    Interval,
    enough_seeds,
    holm,
    median_interval,
    quantile,
    sign_test,
    spread,
)

INF = math.inf
scores = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(INF)), min_size=1, max_size=9)


def test_quantiles_agree_with_the_standard_library_on_finite_scores():
    values = [3.0, 1.0, 4.0, 1.5, 9.0]
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    assert [quantile(values, share) for share in (0.25, 0.5, 0.75)] == [lower, median, upper]


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([1.0, 2.0, INF], 2.0),  # two of three arrived: the median one is the slower of them
        ([1.0, INF, INF], INF),  # most never arrived
        ([1.0, INF], INF),  # halfway between a number and never is never
        ([INF, INF], INF),  # and not inf − inf
        ([-3.0], -3.0),
    ],
)
def test_a_miss_counts_in_the_median(values, median):
    assert quantile(values, 0.5) == median


@given(scores)
@settings(max_examples=60)
def test_a_spread_is_ordered_and_never_nan(values):
    found = spread(values)
    assert not any(map(math.isnan, (found.median, found.lower, found.upper)))
    assert found.lower <= found.median <= found.upper
    assert (found.interval is None) == (len(values) < 6)
    if found.interval is not None:
        assert min(values) <= found.interval.low <= found.interval.high <= max(values)


def test_an_interval_of_the_median_needs_six_scores():
    # The range of n scores misses the median if all are on one side of it: 2 / 2ⁿ of the time.
    # 2/32 is 6.25 %, too often for 95 %; 2/64 is 3.125 %.
    assert median_interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert median_interval([4.0, 2.0, 3.0, 1.0, 6.0, INF]) == Interval(1.0, INF, 1 - 2 / 64)


def test_more_scores_give_a_narrower_interval():
    # Nine scores: at most one below the median with probability (1 + 9)/512 on each side, so the
    # second and the eighth have level 1 − 20/512 = 96.1 %; the third would have 1 − 92/512 = 82 %.
    assert median_interval(range(1, 10)) == Interval(2.0, 8.0, 1 - 20 / 512)


def test_the_interval_covers_the_true_median_as_often_as_it_says():
    # 4000 samples of 8 normal numbers, whose median is 0: level 1 − 2/256. The count of misses is
    # binomial with mean 31.25 and standard deviation 5.6; four of them are 22.
    rng = np.random.default_rng(0)
    intervals = [median_interval(sample) for sample in rng.normal(size=(4000, 8))]
    misses = sum(not found.low <= 0 <= found.high for found in intervals)
    assert abs(misses - 31.25) < 22


@given(st.integers(6, 40))
@settings(max_examples=20)
def test_the_level_is_that_of_the_binomial_distribution(count):
    found = median_interval(range(count))
    k = int(found.low)  # scores are their own ranks, from 0
    assert found.level == pytest.approx(1 - 2 * scipy_binom.cdf(k, count, 0.5))
    assert found.level >= 0.95 > 1 - 2 * scipy_binom.cdf(k + 1, count, 0.5)


def test_statistics_are_the_same_each_time():
    values = np.random.default_rng(1).normal(size=7)
    assert spread(values) == spread(values)


def test_the_sign_test_is_that_of_scipy():
    first, second = [1.0, 1.0, 1.0, 5.0, 2.0, 1.0, INF], [2.0, 2.0, 2.0, 1.0, 2.0, INF, INF]
    found = sign_test(first, second)  # 2 = 2 and ∞ = ∞ are ties
    assert (found.wins, found.losses, found.ties) == (4, 1, 2)
    assert found.p == pytest.approx(binomtest(4, 5).pvalue)


def test_two_seeds_are_never_certain():
    assert sign_test([1.0, 1.0], [2.0, 2.0]).p == 0.5
    assert sign_test([1.0, 1.0], [1.0, 1.0]).p == 1.0


def test_holm_adjusts_as_in_the_paper():
    # Four tests: 4 · 0.005, 3 · 0.01, then 2 · 0.03 and 0.04, of which the larger comes first.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize("pairs", [1, 2, 3, 6, 10, 45])
def test_enough_seeds_are_the_fewest_that_can_show_a_difference(pairs):
    seeds = enough_seeds(pairs)
    smallest = [binomtest(n, n).pvalue * pairs for n in (seeds, seeds - 1)]
    assert smallest[0] < 0.05
    assert smallest[1] >= 0.05 or seeds == 6
