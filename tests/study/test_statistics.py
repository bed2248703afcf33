"""Statistics over seeds: a missed target counts as infinite, and no result is NaN."""

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrun.study.judgement.statistics import (
    improvement_interval,
    median_interval,
    probability_of_improvement,
    quantile,
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
    low, high = found.interval
    assert not any(map(math.isnan, (found.median, found.lower, found.upper, low, high)))
    assert found.lower <= found.median <= found.upper
    assert min(values) <= low <= high <= max(values)


def test_the_bootstrap_interval_of_three_is_that_of_all_their_resamples():
    # 27 equally likely resamples of {1, 2, 3}: the median is 1 in 7 of them (three or two 1s), 3 in
    # 7, and 2 in 13. 7/27 = 26 % is above 2.5 %, so the 95 % interval is [1, 3].
    medians = sorted(statistics.median(each) for each in itertools.product((1, 2, 3), repeat=3))
    assert [medians.count(k) for k in (1, 2, 3)] == [7, 13, 7]
    assert median_interval([1.0, 2.0, 3.0]) == (1.0, 3.0)


def test_the_interval_covers_the_true_median_about_as_often_as_it_says():
    # 200 samples of 25 normal numbers, whose median is 0. The percentile bootstrap of a median is
    # a little short of its level in small samples; a count below 88 % would be wrong.
    rng = np.random.default_rng(0)
    hits = 0
    for sample in rng.normal(size=(200, 25)):
        low, high = median_interval(sample)
        hits += low <= 0 <= high
    assert 176 <= hits <= 200


def test_statistics_are_the_same_each_time():
    values = np.random.default_rng(1).normal(size=7)
    assert spread(values) == spread(values)


def test_probability_of_improvement_counts_pairs():
    # Pairs of {1, 2} and {2, 3}: 1 < 2, 1 < 3, 2 = 2 (half), 2 < 3: 3.5 of 4.
    assert probability_of_improvement([1.0, 2.0], [2.0, 3.0]) == 3.5 / 4
    assert probability_of_improvement([1.0], [INF]) == 1.0
    assert probability_of_improvement([INF], [INF]) == 0.5


@given(scores, scores)
@settings(max_examples=60)
def test_one_side_wins_what_the_other_loses(first, second):
    total = probability_of_improvement(first, second) + probability_of_improvement(second, first)
    assert total == pytest.approx(1.0, abs=1e-12)
    low, high = improvement_interval(first, second)
    assert 0 <= low <= high <= 1
