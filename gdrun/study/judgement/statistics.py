"""Statistics over seeds. A failed run is not left out: it counts with an infinite score.

A score is a number for which lower is better. It is +∞ for a run that diverged or did not reach its
target. The functions here take such scores; an infinite score never makes a result NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 2000
"""The number of bootstrap samples. Their seed is fixed: equal scores give equal intervals."""


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of scores over seeds.

    lower, upper: the first and the third quartile. interval: the 95 % confidence interval of the
    median.
    """

    median: float
    lower: float
    upper: float
    interval: tuple[float, float]


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


def median_interval(
    scores: ArrayLike, *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """The confidence interval of the median of scores (runs,), by percentile bootstrap.

    level: the confidence level, between 0 and 1. seed: for drawing the bootstrap samples.
    Source: Efron 1979.
    """
    values = np.asarray(scores, dtype=float)
    drawn = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    medians = np.median(values[drawn], axis=1)
    return quantile(medians, (1 - level) / 2), quantile(medians, (1 + level) / 2)


def probability_of_improvement(first: ArrayLike, second: ArrayLike) -> float:
    """The probability that a run of `first` is better than a run of `second`; a tie counts half.

        P = (1/mn) Σᵢⱼ ([xᵢ < yⱼ] + ½ [xᵢ = yⱼ])

    x (m,): the scores `first`. y (n,): the scores `second`; a lower score is better.
    Source: Mann & Whitney 1947; Agarwal et al. 2021.
    """
    x = np.asarray(first, dtype=float)[:, None]
    y = np.asarray(second, dtype=float)[None, :]
    return float(np.mean((x < y) + 0.5 * (x == y)))


def improvement_interval(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """The confidence interval of the probability of improvement, by percentile bootstrap.

    first (m,), second (n,): as in `probability_of_improvement`. level: the confidence level,
    between 0 and 1. seed: for drawing the bootstrap samples.
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    rng = np.random.default_rng(seed)
    xs = x[rng.integers(len(x), size=(RESAMPLES, len(x)))][:, :, None]
    ys = y[rng.integers(len(y), size=(RESAMPLES, len(y)))][:, None, :]
    chances = np.mean((xs < ys) + 0.5 * (xs == ys), axis=(1, 2))
    return quantile(chances, (1 - level) / 2), quantile(chances, (1 + level) / 2)
