"""Statistics over seeds. A failed run is not left out: it counts with an infinite score.

A score is a number for which lower is better. It is +∞ for a run that diverged or did not reach its
target. The functions here take such scores; an infinite score never makes a result NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

SIGNIFICANT = 0.05
"""A test shows a difference if its p-value is below this level."""

FEWEST_SEEDS = 6
"""The fewest seeds for an interval of the median at 95 %, and for p < 0.05 in a sign test.

The range of five scores covers the median with only 1 − 2/2⁵ = 93.75 %.
"""


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    low, high: its two ends, which are scores. level: the least probability, from 0 to 1, with which
    it covers the true value.
    """

    low: float
    high: float
    level: float


@dataclass(frozen=True)
class PairedSigns:
    """How two contenders compare under the same seeds.

    wins, losses, ties: the numbers of seeds with a lower, a higher and an equal score of the first
    contender. p: the p-value of the two-sided sign test; 1 if all seeds tie.
    """

    wins: int
    losses: int
    ties: int
    p: float


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of scores over seeds.

    lower, upper: the first and the third quartile. interval: the confidence interval of the median;
    None with fewer than FEWEST_SEEDS scores, or if the runs of all seeds are the same.
    """

    median: float
    lower: float
    upper: float
    interval: Interval | None


def spread(scores: ArrayLike) -> Spread:
    """The median of scores (runs,), their quartiles, and the confidence interval of the median."""
    values = np.asarray(scores, dtype=float)
    median, lower, upper = (quantile(values, share) for share in (0.5, 0.25, 0.75))
    return Spread(median, lower, upper, median_interval(values))


def quantile(scores: ArrayLike, share: float) -> float:
    """The quantile of scores (runs,) by linear interpolation; infinite next to an infinite score.

        q = s₍ᵢ₎ + (h − i)(s₍ᵢ₊₁₎ − s₍ᵢ₎),  h = (n − 1) · share,  i = ⌊h⌋

    s₍₀₎ ≤ … ≤ s₍ₙ₋₁₎ are the sorted scores. share: between 0 and 1; 0.5 gives the median.

    >>> quantile([1.0, 2.0, float("inf")], 0.5), quantile([1.0, float("inf")], 0.5)
    (2.0, inf)
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    place = (len(ordered) - 1) * share
    low = int(place)
    below, above = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    # Without the second test, interpolation between two infinite scores would give NaN.
    return below if place == low or below == above else below + (place - low) * (above - below)


def median_interval(scores: ArrayLike, *, level: float = 0.95) -> Interval | None:
    """The narrowest interval from the k-th smallest to the k-th largest score, of at least `level`.

    The level of an interval is the probability that it covers the median:

        P(s₍ₖ₎ ≤ median ≤ s₍ₙ₊₁₋ₖ₎) = 1 − 2 Σ_{i<k} C(n, i) / 2ⁿ

    s₍₁₎ ≤ … ≤ s₍ₙ₎ are the sorted scores (n,); k is the largest number for which the probability is
    at least `level`. The formula holds for every continuous distribution; with ties the coverage is
    larger. The result has its exact level. Returns None if even the interval from the smallest to
    the largest score has a lower level: for 0.95, with fewer than six scores.

    Source: Thompson 1936.

    >>> median_interval([3, 1, 2, 5, 4, 6])
    Interval(low=1.0, high=6.0, level=0.96875)
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    n = len(ordered)
    found, outside = None, 0.0
    for k in range(1, n // 2 + 1):
        outside += 2 * comb(n, k - 1) / 2**n
        if 1 - outside < level:
            break
        found = Interval(float(ordered[k - 1]), float(ordered[n - k]), 1 - outside)
    return found


def sign_test(first: ArrayLike, second: ArrayLike) -> PairedSigns:
    """Compare paired scores (n,), one pair for each seed, by the two-sided sign test.

        p = min(1, 2 Σ_{i ≤ min(wins, losses)} C(m, i) / 2ᵐ),  m = wins + losses

    A lower score wins; ties are left out. The test assumes only that the pairs are independent.
    Source: Dixon & Mood 1946.

    >>> sign_test([1, 1, 1, 1, 1, 1], [2, 3, 4, 5, 6, 7])
    PairedSigns(wins=6, losses=0, ties=0, p=0.03125)
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    wins, losses = int(np.sum(x < y)), int(np.sum(x > y))
    decided = wins + losses
    tail: int = sum(comb(decided, i) for i in range(min(wins, losses) + 1))
    # Integers of any size are divided exactly; 2**decided as a float would overflow.
    return PairedSigns(wins, losses, len(x) - decided, min(1.0, 2 * tail / 2**decided))


def enough_seeds(pairs: int) -> int:
    """The fewest seeds for an interval, and for p < 0.05 after Holm's adjustment for `pairs` tests.

    A contender that wins under all of n seeds has p = 2 / 2ⁿ, and Holm multiplies by up to `pairs`.

    >>> enough_seeds(1), enough_seeds(3), enough_seeds(10)
    (6, 7, 9)
    """
    seeds = FEWEST_SEEDS
    while pairs * 2 / 2**seeds >= SIGNIFICANT:
        seeds += 1
    return seeds


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, adjusted by Holm's method.

    If tests with an adjusted p ≤ a count as findings, the probability of any false one is at most
    a. The k-th smallest of m p-values is multiplied by m − k + 1, replaced by the largest product
    so far, and limited to 1. Source: Holm 1979.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
