"""The findings of a comparison: the results and costs of contenders on the same problem and seeds.

Runs with the same seed share the split, the order of the data and, if their models are the same,
the initial weights. A run that diverged or did not reach the target counts with an infinite cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from gdrun.array_types import Numbers
from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.methods.sampling import VARIANTS
from gdrun.result_tables import StudyTables
from gdrun.study.descent import FirstRises
from gdrun.study.design.trials import Settings, StudyPlan
from gdrun.study.judgement.best import Best, best_of
from gdrun.study.judgement.divergence import cause_beyond_rates
from gdrun.study.judgement.flat_ends import common_flat_end
from gdrun.study.judgement.metrics import Metric, Target, unlike
from gdrun.study.judgement.pairs import Pair, pairs_of
from gdrun.study.judgement.ranked_rows import RankedRow
from gdrun.study.judgement.ranking import Standing, ranked, standings
from gdrun.study.judgement.row_help import help_on
from gdrun.study.judgement.seed_values import values_by_seed
from gdrun.study.judgement.statistics import Interval, quantile
from gdrun.study.judgement.stopping_targets import stopping_target
from gdrun.study.judgement.training_progress import training_progress
from gdrun.study.judgement.usual_target import usual_target
from gdrun.study.storage.results import Result
from gdrun.study.study import Work
from gdrun.study.tasks import prepared
from gdrun.study.tuning import Tuning
from gdrun.symptoms.facts import Symptom
from gdrun.symptoms.surface_points import FlatPoint

COLUMNS = {"updates": "step", "gradients": "gradients", "epochs": "epoch"}
"""For each unit of the cost of reaching a target, the column of the trace that counts it."""


@dataclass(frozen=True, repr=False)
class Contender(RankedRow):
    """One of the experiments that a comparison ranks, with its results and costs.

    standing: its results, scores and rank. target: the value of a metric to reach; None without
    one. batch: the number of examples from which one gradient is computed, in the first epoch.
    pace: the seconds per step, measured while the contender was trained alone; None if it was not
    timed. tuning: how it was tuned; None without tuning. first_rises: how often the steps of the
    first epochs raised the full training loss; None if this was not measured, as for a contender
    whose runs count it themselves (see `rising`).
    """

    standing: Standing
    target: Target | None
    batch: int
    pace: float | None
    tuning: Tuning | None = None
    first_rises: FirstRises | None = None

    @property
    def settings(self) -> Settings:
        """The values, by key, in which it differs from the base, with those that tuning chose."""
        return {**self.standing.settings, **(self.tuning.chosen if self.tuning else {})}

    @property
    def rising(self) -> float | None:
        """The share of steps of the run with the first seed that raised the full training loss.

        All steps of the run if each of them uses the full objective, so that the run has counted;
        else steps of its first epochs. None if this is not known.
        """
        if not self.standing.candidate.experiment.exact_steps:
            return self.first_rises.share if self.first_rises else None
        share: float | None = self.standing.results[0].summary["rising_share"]
        return share

    @cached_property
    def to_target(self) -> dict[str, float]:
        """The median cost of reaching the target, by unit: updates, gradients, epochs, seconds.

        ∞ if at least half of the runs did not reach the target. The result is empty if there is no
        target; it has no seconds if the contender was not timed.
        """
        if self.target is None:
            return {}
        amounts = {
            unit: quantile(self.standing.to_target(self.target, column), 0.5)
            for unit, column in COLUMNS.items()
        }
        if self.pace is not None:
            amounts["seconds"] = amounts["updates"] * self.pace
        return amounts

    def spent(self, unit: Literal["gradients", "steps"]) -> float | None:
        """The median number of gradients or steps of the runs that used up their budget.

        Runs that a stopping rule ended earlier, or that diverged, are left out. None if no run used
        up its budget.
        """
        amounts = [
            float(each.record["summary"][unit])
            for each in self.standing.results
            if each.record["status"] == "exhausted"
        ]
        return float(np.median(amounts)) if amounts else None

    @property
    def reached(self) -> int:
        """The number of runs that reached the target; 0 without a target."""
        return 0 if self.target is None else self.standing.reached(self.target)


_PARTS = {
    "`best` has": Best,
    "A row of `ranking` has": Contender,
    "An `interval` has": Interval,
    "The `tuning` of a row has": Tuning,
    "A result in a row's `results` has": Result,
    "One of `pairs` has": Pair,
}


@dataclass(frozen=True, repr=False)
class Comparison(StudyTables):
    __doc__ = f"""The findings of a comparison: `best`, `ranking`, `pairs`, `results`, `to_pandas`.

    metric: ranks the contenders. target: the value of a metric that the runs should reach; the cost
    of reaching it is counted; None if no contender improved on the initial value, or if `unlike` is
    set and the runs do not all stop at the same target. contenders: in the order of the plan. work,
    tuning_work: what the comparison, and the tuning before it, cost (the numbers of trials and
    cohorts, and seconds); tuning_work is None without tuning. unlike: "data" or "loss" if the
    contenders have different data or losses, so that the values of the metric cannot be ranked;
    else None. baseline: the name of the contender with which all others are compared; None to
    compare all pairs. directory: the path of the study's files; None if nothing was written.

{help_on(_PARTS)}
    """

    plan: StudyPlan
    metric: Metric
    target: Target | None
    contenders: tuple[Contender, ...]
    work: Work
    tuning_work: Work | None = None
    unlike: Literal["data", "loss"] | None = None
    baseline: str | None = None
    directory: Path | None = None

    _ROWS: ClassVar = {"ranking": Contender, "pairs": Pair}

    def _places(self) -> dict[str, str]:
        pairs = dict.fromkeys(("p", "p_value", "p_values", "significance"), "pairs")
        return {**super()._places(), **pairs, "standings": "contenders", "values": "results"}

    def __repr__(self) -> str:
        order = ", ".join(row.name for row in self.ranking)
        return f"<Comparison in {self.plan.runs} runs, the best first: {order}>"

    @property
    def ranking(self) -> list[Contender]:
        """The contenders from best to worst."""
        order = ranked([contender.standing for contender in self.contenders])
        by_name = {contender.name: contender for contender in self.contenders}
        return [by_name[standing.candidate.name] for standing in order]

    @property
    def best(self) -> Best | None:
        """The contender with the best median of those that lower the training loss.

        Its settings include those that tuning chose. None if no contender lowers it, no median is
        finite, or `unlike` is set.
        """
        first = next(iter(self.ranking), None)
        best = None if first is None or self.unlike else best_of(first.standing)
        return best if best is None or first is None else replace(best, settings=first.settings)

    @property
    def best_progress(self) -> float | None:
        """The progress p of the training loss of the best contender (see `training_progress`).

        It is the smaller one of two: p among the contenders with its model, and p among the
        settings that tuning tried for it. Another model may end at a lower loss, and predict worse.
        None if a loss ranks the contenders, or none is the best.
        """
        first = next(iter(self.ranking), None)
        if first is None or self.best is None:
            return None
        own = first.standing
        model = own.candidate.experiment.model
        alike = [
            each.standing
            for each in self.contenders
            if each.standing.candidate.experiment.model == model and each.standing.results
        ]
        found = [training_progress(alike, own, self.metric)]
        found += [first.tuning.progress] if first.tuning else []
        return min((p for p in found if p is not None), default=None)

    @cached_property
    def pairs(self) -> list[Pair]:
        """All pairs of contenders, in the order of the ranking; with a baseline, only its pairs.

        Empty if the values cannot be ranked, or there is only one seed, which does not show how
        much runs vary. Two contenders are not a pair if no seed changes the runs of either:
        then all seeds repeat one comparison.
        """
        if self.unlike or len(self.plan.seeds) == 1:
            return []
        return pairs_of(self.plan, [row.standing for row in self.ranking], self.baseline)

    @cached_property
    def flat_end(self) -> FlatPoint | None:
        """The saddle point or plateau where all contenders end.

        None if a contender does not end there, or while runs are missing.
        """
        if self.unlike or not self.complete:
            return None
        return common_flat_end(row.standing for row in self.contenders)

    @property
    def complete(self) -> bool:
        """Whether every trial has ended."""
        return self.ended == len(self.plan.trials)

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return sum(len(each.standing.results) for each in self.contenders)

    @property
    def diverged(self) -> bool:
        """Whether every run of the plan has ended, and diverged."""
        return self.complete and all(
            r.standing.diverged == r.standing.runs for r in self.contenders
        )

    @property
    def cause_beyond_rates(self) -> Symptom | None:
        """Why every run diverged, if smaller rates would diverge too; otherwise None."""
        if not self.complete:
            return None
        return cause_beyond_rates([each.standing for each in self.contenders])

    @property
    def results(self) -> Numbers:
        """The metric of every run (contenders, seeds); NaN for a diverged or missing run.

        The rows are in the order of `contenders`, in which they were given, and not of `ranking`.
        """
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
    rises: Mapping[str, FirstRises | None] | None = None,
    tunings: Mapping[str, Tuning] | None = None,
    tuning_work: Work | None = None,
    baseline: str | None = None,
) -> Comparison:
    """Return the findings of a comparison.

    results: of the trials that have ended, by the trial's identity. work, tuning_work: what the
    comparison, and the tuning before it, cost. table: the data that replace the dataset; None to
    use the dataset. target: None for `stopping_target`, or else `usual_target`. By name: paces, the
    seconds per step of the contenders that were timed; rises, how often steps raised the full loss;
    tunings, how each contender was tuned. baseline: the name of a contender, with which all others
    are compared; None for all pairs.
    """
    found = standings(plan, results, metric)
    experiments = [each.experiment for each in plan.candidates]
    differ = unlike(metric, experiments, table)
    usual = None if differ else usual_target(found, metric)
    goal = target or stopping_target(experiments) or usual
    contenders = tuple(
        Contender(
            each,
            goal,
            _batch(each.candidate.experiment, table),
            (paces or {}).get(each.candidate.name),
            (tunings or {}).get(each.candidate.name),
            (rises or {}).get(each.candidate.name),
        )
        for each in found
    )
    return Comparison(plan, metric, goal, contenders, work, tuning_work, differ, baseline)


def _batch(experiment: Experiment, table: Table | None) -> int:
    """The number of examples from which one gradient is computed, in the first epoch."""
    rows = prepared(experiment, table).train.rows
    variant = experiment.variant
    batching = VARIANTS[variant.name].function(rows, **variant.options)
    return int(batching.at(0).batch_size)
