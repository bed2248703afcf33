"""A comparison: contenders on the same problem, under the same seeds, and what each took.

Contenders with the same seed share the split, the order of the data and, where their models agree,
the initial weights. A run that diverged or missed the target counts as one that never got there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from gdrun.array_types import Numbers
from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.methods.sampling import VARIANTS
from gdrun.notebook_tables import NotebookTable
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric, Target, unlike
from gdrun.study.judgement.ranking import Standing, ranked, standings, usual_target, values_by_seed
from gdrun.study.judgement.statistics import (
    improvement_interval,
    probability_of_improvement,
    quantile,
)
from gdrun.study.storage.results import Result
from gdrun.study.study import Work
from gdrun.study.tasks import prepared
from gdrun.study.tuning import Tuning

COLUMNS = {"updates": "step", "gradients": "gradients", "epochs": "epoch"}
"""The units in which the way to a target is counted, and the column of the trace that counts it."""


@dataclass(frozen=True)
class Contender:
    """A contender's row, with medians over its seeds.

    batch: examples per gradient. pace: seconds that a step takes when nothing shares them. tuning:
    the budget it had to find its setting, where it had one.
    """

    standing: Standing
    target: Target | None
    batch: int
    pace: float | None
    tuning: Tuning | None = None

    @property
    def name(self) -> str:
        return self.standing.candidate.name

    @cached_property
    def to_target(self) -> dict[str, float]:
        """Updates, gradients, epochs and seconds until the target; ∞ for never."""
        if self.target is None:
            return {}
        amounts = {
            unit: quantile(self.standing.to_target(self.target, column), 0.5)
            for unit, column in COLUMNS.items()
        }
        if self.pace is not None:
            amounts["seconds"] = amounts["updates"] * self.pace
        return amounts

    @property
    def reached(self) -> int:
        """How many seeds reached the target."""
        if self.target is None:
            return 0
        return int(np.isfinite(self.standing.to_target(self.target, "step")).sum())

    @property
    def rising(self) -> float | None:
        """The share of steps that raised the loss; None where no run took two steps."""
        shares = [result.summary["rising_share"] for result in self.standing.results]
        known = [share for share in shares if share is not None]
        return float(np.median(known)) if known else None


@dataclass(frozen=True)
class Improvement:
    """The chance that a run of the first in the ranking beats one of the second, and its 95 %
    interval.
    """

    first: str
    second: str
    probability: float
    interval: tuple[float, float]


@dataclass(frozen=True, repr=False)
class Comparison(NotebookTable):
    """What a comparison found; contenders in the order they were named.

    unlike: in what they differ so that their values are no ranking.
    """

    plan: StudyPlan
    metric: Metric
    target: Target | None
    contenders: tuple[Contender, ...]
    work: Work
    tuning_work: Work | None = None
    unlike: Literal["data", "loss"] | None = None

    def __repr__(self) -> str:
        order = ", ".join(row.name for row in self.ranking)
        return f"<Comparison in {len(self.plan.trials)} runs, the best first: {order}>"

    @property
    def ranking(self) -> list[Contender]:
        """The contenders from best to worst."""
        order = ranked([contender.standing for contender in self.contenders])
        by_name = {contender.name: contender for contender in self.contenders}
        return [by_name[standing.candidate.name] for standing in order]

    @property
    def improvement(self) -> Improvement | None:
        """Between the first two of the ranking; None where there are not two that are sound, or
        where one seed cannot tell.
        """
        sound = [each for each in self.ranking if each.standing.sound][:2]
        if len(sound) < 2 or len(self.plan.seeds) == 1:
            return None
        first, second = (each.standing.scores for each in sound)
        return Improvement(
            sound[0].name,
            sound[1].name,
            probability_of_improvement(first, second),
            improvement_interval(first, second),
        )

    @property
    def complete(self) -> bool:
        """Whether every trial has ended."""
        return self.ended == len(self.plan.trials)

    @property
    def ended(self) -> int:
        """How many trials have."""
        return sum(len(each.standing.results) for each in self.contenders)

    @property
    def diverged(self) -> bool:
        """Whether every run did."""
        return all(each.standing.diverged == len(each.standing.results) for each in self.contenders)

    @property
    def results(self) -> Numbers:
        """The metric of every run (contenders, seeds); NaN where one diverged or is missing."""
        return values_by_seed(self.plan, [row.standing for row in self.contenders], self.metric)


def judge_comparison(
    plan: StudyPlan,
    results: Mapping[str, Result],
    metric: Metric,
    work: Work,
    *,
    table: Table | None = None,
    target: Target | None = None,
    paces: Mapping[str, float | None] | None = None,
    tunings: Mapping[str, Tuning] | None = None,
    tuning_work: Work | None = None,
) -> Comparison:
    """The comparison that these results make.

    table: stands in for the dataset. paces: seconds of a step by contender, of those that were
    timed alone. tunings: the budget that each contender had to find its setting.
    """
    found = standings(plan, results, metric)
    goal = target or usual_target(found, metric)
    contenders = tuple(
        Contender(
            each,
            goal,
            _batch(each.candidate.experiment, table),
            (paces or {}).get(each.candidate.name),
            (tunings or {}).get(each.candidate.name),
        )
        for each in found
    )
    experiments = [candidate.experiment for candidate in plan.candidates]
    differ = unlike(metric, experiments, table)
    return Comparison(plan, metric, goal, contenders, work, tuning_work, differ)


def _batch(experiment: Experiment, table: Table | None) -> int:
    """How many examples one gradient uses, at the start."""
    rows = prepared(experiment, table).train.rows
    variant = experiment.variant
    batching = VARIANTS[variant.name].function(rows, **variant.options)
    return int(batching.at(0).batch_size)
