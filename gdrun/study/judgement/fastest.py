"""The fastest of equally good candidates, which is the best one of them."""

from __future__ import annotations

from collections.abc import Sequence

from gdrun.problems.rises import REORDERED
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing, led_by
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.usual_target import best_improvement, usual_target

EQUAL_PROGRESS, EQUAL_SHARE = 0.995, 0.02
"""When a median counts as good as the best one.

Its progress p is at least EQUAL_PROGRESS, and its distance from the best median is at most
EQUAL_SHARE times the best median.
"""


def fastest_first(found: Sequence[Standing], metric: Metric) -> tuple[Standing, ...]:
    """The standings, with the rank 1 for the fastest of the equally good best candidates.

    If two medians differ by less than the noise of a validation part, they do not show which
    candidate is better, but the speed does. A candidate counts as good as the best one if it made
    at least EQUAL_PROGRESS of the best improvement, and its median differs from the best median by
    at most EQUAL_SHARE times the best median. Candidates that halving dropped, or that do not lower
    the training loss, never count. The fastest candidate reaches the default target
    (`usual_target`) after the fewest epochs (the median over its runs); of several such, it has the
    best median. Candidates that are equal in both, up to rounding, share the rank. Candidates with
    a diverged run or the symptom exploding are considered only if all equally good ones are such.
    The order of the standings does not change, only their ranks. Standings with costs of a
    common stopping target are ranked by them already, and are returned unchanged.
    """
    improvement, target = best_improvement(found, metric), usual_target(found, metric)
    if improvement is None or target is None or any(each.costs is not None for each in found):
        return tuple(found)
    margin = EQUAL_SHARE * abs(improvement.best)
    equal = [
        each
        for each in found
        if each.eligible
        and each.dropped is None
        and each.spread.median <= improvement.best + margin
        and improvement.share(each.spread.median) >= EQUAL_PROGRESS
    ]
    if not equal:
        return tuple(found)

    def slowness(standing: Standing) -> tuple[bool, float, float]:
        epochs = quantile(standing.to_target(target, "epoch"), 0.5)
        sound = not standing.diverged and standing.symptom != "exploding"
        return not sound, epochs, standing.spread.median

    *least, median = min(map(slowness, equal))
    most = median + REORDERED[equal[0].candidate.experiment.dtype] * abs(median)
    first = [each for each in equal if slowness(each) <= (*least, most)]
    return led_by(found, {each.candidate.name for each in first})
