"""The ranking of candidates: each judged over its seeds, misses and divergences counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.array_types import Numbers
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.statistics import Spread, quantile, spread
from gdrun.study.storage.results import Result

HALVING = "halving"
"""The rule by which successive halving stops a run."""

CLOSE = 0.05
"""The default target: 95 % of the way from the initial loss to the best candidate's."""


@dataclass(frozen=True)
class Standing:
    """A candidate and what its seeds showed.

    results: one for each seed of the plan, in its order. scores (seeds,): lower is better, +∞ where
    a run diverged. rank counts from 1; equal medians share one, and no rank is given to a candidate
    all of whose runs failed.
    """

    candidate: Candidate
    results: tuple[Result, ...]
    scores: Numbers
    spread: Spread
    rank: int | None = None

    @property
    def diverged(self) -> int:
        return sum(result.diverged for result in self.results)

    @property
    def dropped(self) -> float | None:
        """The epoch at which successive halving dropped it; None where it went the whole way."""
        stops = [result.record["stop"] for result in self.results]
        epochs = [float(stop["epoch"]) for stop in stops if stop["rule"] == HALVING]
        return max(epochs, default=None)

    @property
    def order(self) -> tuple[float, float]:
        """What it is ranked by, lower is better: how long it stayed, then the median score."""
        return (-math.inf if self.dropped is None else -self.dropped, self.spread.median)

    @property
    def sound(self) -> bool:
        """Whether its median is a number."""
        return math.isfinite(self.spread.median)

    def quantile_of(self, name: str, share: float = 0.5) -> float:
        """The quantile over seeds of a number of the summary; +∞ stands for diverged runs."""
        known = [None if each.diverged else each.number(name) for each in self.results]
        return quantile([math.inf if value is None else value for value in known], share)

    def to_target(self, target: Target, unit: str) -> Numbers:
        """When each seed met the target, in `unit`; +∞ where it never did."""
        return np.array([target.reached(result, unit) for result in self.results])


def standings(
    plan: StudyPlan, results: Mapping[str, Result], metric: Metric
) -> tuple[Standing, ...]:
    """Every candidate of the plan, in its order. Results are by the trial's identity."""
    found: list[Standing] = []
    for place, candidate in enumerate(plan.candidates):
        trials = plan.trials[place * len(plan.seeds) : (place + 1) * len(plan.seeds)]
        own = tuple(results[trial.identity] for trial in trials if trial.identity in results)
        scores = np.array([metric.score(result) for result in own])
        if len(own):
            found.append(Standing(candidate, own, scores, spread(scores)))
    orders = [standing.order for standing in found]
    return tuple(
        replace(each, rank=1 + sum(other < each.order for other in orders)) if each.sound else each
        for each in found
    )


def values_by_seed(plan: StudyPlan, found: Sequence[Standing], metric: Metric) -> Numbers:
    """The metric of every run (candidates, seeds); NaN where one diverged or is missing."""
    seeds = {trial.identity: plan.seeds.index(trial.experiment.seed) for trial in plan.trials}
    table = np.full((len(found), len(plan.seeds)), np.nan)
    for row, standing in enumerate(found):
        for result, score in zip(standing.results, standing.scores, strict=True):
            if math.isfinite(score):
                table[row, seeds[result.identity]] = metric.value(float(score))
    return table


def ranked(found: Sequence[Standing]) -> list[Standing]:
    """The candidates from best to worst; failed ones last, in the order of the plan."""
    return sorted(found, key=lambda standing: (not standing.sound, *standing.order))


def usual_target(found: Sequence[Standing], metric: Metric) -> Target | None:
    """A target when none is given: a value close to the best candidate's.

        target = best + 0.05 · (initial − best)

    initial is the worst value that any candidate starts from. None where nothing is to be reached.
    """
    best = [standing for standing in found if standing.sound]
    if not best:
        return None
    lowest = min(standing.spread.median for standing in best)
    firsts = [
        metric.sign * float(result.evals[metric.name][0])
        for standing in found
        for result in standing.results
        if len(result.evals.get(metric.name, ()))
    ]
    finite = [first for first in firsts if math.isfinite(first)]
    if not finite or max(finite) <= lowest:
        return None
    value = metric.sign * (lowest + CLOSE * (max(finite) - lowest))
    return Target(metric, value, f"{1 - CLOSE:.0%} of the way to the best".replace("%", " %"))
