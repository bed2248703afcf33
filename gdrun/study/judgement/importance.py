"""The importance of each swept key: the share of the variance of the scores that it explains.

For the values v of a key, with n_v scores whose mean is s̄_v, and the mean s̄ of all n scores,

    η² = Σ_v n_v (s̄_v − s̄)² / Σᵢ (sᵢ − s̄)²

0 means that the means for all values of the key are equal; 1 means that the score depends on this
key alone. In a full grid, the shares of the keys and of their interactions add up to 1. Scores that
span decades are compared by their logarithms, so that the worst runs do not decide alone.

Source: Pearson 1905 (the correlation ratio); Hutter, Hoos & Leyton-Brown 2014 for the use of
variances to find the hyperparameters that matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.study.judgement.ranking import Standing

DECADE = 10.0
"""Positive scores that differ by more than this factor are replaced by their logarithms."""


def importances(standings: Sequence[Standing], keys: Sequence[str]) -> dict[str, float]:
    """The share η² of the variance of the median scores for each key, between 0 and 1.

    Settings whose median is not finite are left out. Empty if fewer than two finite scores differ.
    """
    finite = [standing for standing in standings if standing.finite]
    scores = np.array([standing.spread.median for standing in finite])
    if len(scores) and scores.min() > 0 and scores.max() > DECADE * scores.min():
        scores = np.log(scores)
    if len(scores) < 2 or not np.ptp(scores) > 0:
        return {}
    return {
        key: explained_share([repr(each.candidate.settings.get(key)) for each in finite], scores)
        for key in keys
    }


def explained_share(values: Sequence[str], scores: np.ndarray) -> float:
    """The correlation ratio η² of scores (n,) that are grouped by the values (n,) of a key."""
    groups = np.unique(values, return_inverse=True)[1]
    sizes = np.bincount(groups)
    means = np.bincount(groups, weights=scores) / sizes
    deviations = scores - scores.mean()
    between = float(sizes @ (means - scores.mean()) ** 2)
    return min(between / float(deviations @ deviations), 1.0)
