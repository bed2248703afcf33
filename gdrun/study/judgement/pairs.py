"""Pairs of contenders, compared seed by seed with a sign test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import holm, sign_test


@dataclass(frozen=True)
class Pair:
    """Two contenders, compared under the seeds that both have run.

    first, second: their names; the first ranks higher. wins, losses, ties: the numbers of seeds
    under which the first is better, worse and equal. p: the p-value of the two-sided sign test,
    adjusted by Holm's method for the number of pairs.
    """

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    p: float

    @property
    def seeds(self) -> int:
        """The number of seeds that both have run."""
        return self.wins + self.losses + self.ties


def pairs_of(plan: StudyPlan, ranking: Sequence[Standing], baseline: str | None) -> list[Pair]:
    """All pairs of contenders, in the order of the ranking; with a baseline, only its pairs.

    ranking: the contenders, the best first. baseline: the name of one of them; None for all pairs.
    Two contenders of which every run is the same are not a pair. Two runs are compared by the costs
    of their common stopping target; by their scores without one, or if neither run reached it.
    """
    seeds = {trial.identity: trial.experiment.seed for trial in plan.trials}
    found = []
    for first, second in combinations(ranking, 2):
        if baseline not in (None, first.name, second.name):
            continue
        if first.identical and second.identical:
            continue
        own, others = _by_seed(first, seeds), _by_seed(second, seeds)
        chosen = [_compared(own[seed], others[seed]) for seed in own if seed in others]
        signs = sign_test([one for one, _ in chosen], [other for _, other in chosen])
        found.append((first, second, signs))
    adjusted = holm([signs.p for _, _, signs in found])
    return [
        Pair(first.name, second.name, signs.wins, signs.losses, signs.ties, p)
        for (first, second, signs), p in zip(found, adjusted, strict=True)
    ]


def _by_seed(standing: Standing, seeds: dict[str, int]) -> dict[int, tuple[float, float]]:
    """The cost and the score of each run by its seed; the cost is +∞ without a common target.

    seeds: those of the runs, by the identity of the trial.
    """
    costs = standing.costs if standing.costs is not None else [math.inf] * len(standing.results)
    rows = zip(standing.results, costs, standing.scores, strict=True)
    return {seeds[each.identity]: (float(cost), float(score)) for each, cost, score in rows}


def _compared(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """The two numbers by which two runs are compared: their costs, or scores if none is finite."""
    reached = math.isfinite(first[0]) or math.isfinite(second[0])
    return (first[0], second[0]) if reached else (first[1], second[1])
