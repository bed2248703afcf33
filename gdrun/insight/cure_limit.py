"""How good the metric of a run with a remedy must be, so that the remedy cures the run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gdrun.insight.goals import Goal
from gdrun.study.judgement.progress import Improvement

CLOSE = 0.9
"""A score is close to the best one if it made at least this share of the best improvement.

The improvement is from the score of the diagnosed run at its first evaluation to the best score. It
is measured in logarithms if the scores span decades (see `Improvement`).
"""


@dataclass(frozen=True)
class CureLimit:
    """The highest score of a cure, and where it is from.

    score: lower is better; infinite if any score will do. metric: this score as a value of the
    metric, and start: that of the diagnosed run at its first evaluation. larger: whether larger
    values of the metric are better. improvement: from the score of the diagnosed run at its first
    evaluation to the lowest score that `cure_limit` is given. close: whether the limit is the share
    CLOSE of this improvement; otherwise it is a score clearly better than that of the diagnosed
    run.
    """

    score: float
    metric: float
    start: float
    larger: bool
    close: bool
    improvement: Improvement


def cure_limit(goal: Goal, start: float, lowest: float, allowed: float) -> CureLimit:
    """The limit for the score of a cure.

    start: the score of the diagnosed run at its first evaluation. lowest: the lowest score of a run
    with a remedy that has neither the treated symptom nor one that bars a cure; infinite without
    such a run. allowed: a score that a cure must not exceed, because it would not be clearly better
    than the diagnosed run.
    """
    improvement = Improvement.between(start, lowest)
    near = lowest
    if not math.isfinite(start):
        near = math.inf
    elif start > lowest:
        near = improvement.score_at(CLOSE)
    score = min(near, allowed)
    return CureLimit(
        score,
        goal.shown(score),
        goal.shown(start),
        goal.larger,
        near <= allowed,
        improvement,
    )
