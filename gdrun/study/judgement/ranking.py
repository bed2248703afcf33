"""The ranking of candidates by the median score over seeds. A diverged run has the score +∞.

A candidate that does not lower the training loss comes after all that do, whatever its score: a few
validation examples may be predicted well by luck.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.problems.rises import REORDERED
from gdrun.study.design.trials import Candidate, Settings, StudyPlan
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.rungs import Rung, beaten
from gdrun.study.judgement.statistics import Interval, Spread, quantile, spread
from gdrun.study.judgement.stopping_targets import cost_unit, stopping_target
from gdrun.study.judgement.symptoms import (
    main_symptom,
    most_descend,
    rising_runs,
    symptoms_of,
)
from gdrun.study.storage.results import Result
from gdrun.symptoms.facts import Symptom

HALVING = "halving"
"""The rule that `stop` names in the record of a run that successive halving dropped."""


@dataclass(frozen=True)
class Standing:
    """A candidate with its results, its scores and its rank.

    candidate: its name, settings and experiment. results: of the candidate's runs that have ended,
    in the order of their seeds. scores (runs,): the metric of each run, with the opposite sign for
    an accuracy, so that lower is better; +∞ for a run that diverged. spread: the median, quartiles
    and interval of the scores. rank: from 1; candidates with equal medians, up to rounding, or with
    equal costs have the same rank; None if the median is infinite, or if `beaten`. fastest: True
    for a candidate that `fastest_first` puts first; its rank is 1. rising (runs,): whether each
    run diverged, exploded, or ended with a training loss above its start; if it is empty, none did.
    costs (runs,): the work of each run until the common target at which all runs of the study stop,
    +∞ if it did not reach it; None if there is no such target of the metric. beaten: whether
    successive halving dropped the candidate, while runs of those that it kept are missing.
    """

    candidate: Candidate
    results: tuple[Result, ...]
    scores: Numbers
    spread: Spread
    rank: int | None = None
    fastest: bool = False
    rising: tuple[bool, ...] = ()
    costs: Numbers | None = None
    beaten: bool = False

    def __repr__(self) -> str:
        """One line without the traces of the runs, for the list of a ranking."""
        return self.in_one_line("Standing")

    def in_one_line(self, kind: str) -> str:
        """The name, rank and median in one line that begins with the name of a class."""
        return (
            f"<{kind} name={self.name!r}, rank={self.rank}, median={self.median:.4g}, "
            f"runs={self.runs}, diverged={self.diverged}>"
        )

    @property
    def name(self) -> str:
        """The name of the candidate."""
        return self.candidate.name

    @property
    def settings(self) -> Settings:
        """The values, by key, in which the candidate differs from the base of the study."""
        return self.candidate.settings

    @property
    def median(self) -> float:
        """The median of the scores: lower is better, so that an accuracy has the opposite sign."""
        return self.spread.median

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile of the scores."""
        return self.spread.lower, self.spread.upper

    @property
    def interval(self) -> Interval | None:
        """The confidence interval of the median; None with too few runs, or if all are the same."""
        return self.spread.interval

    @property
    def trained(self) -> tuple[Result, ...]:
        """The results of the runs that were trained: one, if every seed gives the same run."""
        return self.results[:1] if self.candidate.experiment.deterministic else self.results

    @property
    def runs(self) -> int:
        """The number of runs that were trained and have ended."""
        return len(self.trained)

    @property
    def diverged(self) -> int:
        """The number of runs that diverged."""
        return sum(result.diverged for result in self.trained)

    @property
    def rose(self) -> int:
        """The number of runs that diverged, exploded, or ended with a higher training loss."""
        return sum(self.rising[: self.runs])

    def reached(self, target: Target) -> int:
        """The number of runs that reached the target."""
        return int(np.isfinite(self.to_target(target, "step")[: self.runs]).sum())

    @property
    def descends(self) -> bool:
        """Whether the candidate lowers the training loss in more than half of its runs."""
        return most_descend(self.rising)

    @cached_property
    def identical(self) -> bool:
        """Whether there are several runs, and all have the same losses, up to rounding.

        Equal scores alone do not suffice: two different runs may have the same accuracy.
        """
        first, *more = map(_losses, self.results)
        tolerance = REORDERED[self.candidate.experiment.dtype]
        return bool(more) and all(
            len(first) == len(other)
            and np.allclose(first, other, rtol=tolerance, atol=0, equal_nan=True)
            for other in more
        )

    @property
    def median_result(self) -> Result:
        """The run whose score is the median; of an even number of runs, the lower middle one."""
        order = np.argsort(self.scores, kind="stable")
        return self.results[int(order[(len(order) - 1) // 2])]

    @property
    def dropped(self) -> float | None:
        """The epoch at which successive halving dropped the candidate; None if it never did."""
        stops = [result.record["stop"] for result in self.results]
        epochs = [float(stop["epoch"]) for stop in stops if stop["rule"] == HALVING]
        return max(epochs, default=None)

    @property
    def order(self) -> tuple[bool, float, float, float]:
        """The key for sorting, lower is better.

        It has four parts: whether the training loss was not lowered, −epoch at which the candidate
        was dropped, the median of the costs, and the median score. The second part is −∞ for a
        candidate that was not dropped. The third part is 0 without costs. The last part is −∞ for
        a candidate that `fastest_first` puts first, and for one that `stops`: equal costs are a
        tie, however far the last step went past the target.
        """
        dropped = -math.inf if self.dropped is None else -self.dropped
        cost = 0.0 if self.costs is None else quantile(self.costs, 0.5)
        score = -math.inf if self.fastest or self.stops else self.spread.median
        return (not self.descends, dropped, cost, score)

    @property
    def stops(self) -> bool:
        """Whether most of the runs stopped at the common target of all candidates."""
        return self.costs is not None and math.isfinite(quantile(self.costs, 0.5))

    @property
    def symptom(self) -> str | None:
        """The most frequent gravest symptom of a run; None if healthy runs are more frequent."""
        return self._main_symptom[0]

    @property
    def symptom_words(self) -> str | None:
        """The symptom, or a text such as `stuck in 2 runs` if less than half of the runs have it.

        None if `symptom` is None. The number of all runs is left out, because a column is narrow.
        """
        name, runs = self._main_symptom
        few = name is not None and 2 * runs < self.runs
        return f"{name} in {runs} run{'s' * (runs != 1)}" if few else name

    @cached_property
    def _main_symptom(self) -> tuple[str | None, int]:
        return main_symptom(self.symptoms_of_runs)

    @cached_property
    def symptoms_of_runs(self) -> list[list[Symptom]]:
        """The symptoms of each run that was trained, the gravest first."""
        return symptoms_of(self.candidate.experiment, self.trained)

    @property
    def eligible(self) -> bool:
        """Whether the candidate may be the best: it `descends`, is `finite` and not `beaten`."""
        return self.descends and self.finite and not self.beaten

    @property
    def finite(self) -> bool:
        """Whether the median score is finite: more than half of the runs did not diverge."""
        return math.isfinite(self.spread.median)

    def quantile_of(self, name: str, share: float = 0.5) -> float:
        """The quantile over seeds of a number in the summary of each run.

        A run that diverged or did not measure the number counts as +∞. name: the key of the number,
        such as train_loss. share: between 0 and 1; 0.5 gives the median.
        """
        known = [None if each.diverged else each.number(name) for each in self.results]
        return quantile([math.inf if value is None else value for value in known], share)

    def to_target(self, target: Target, unit: str) -> Numbers:
        """The cost of each run until it reached the target, (runs,); +∞ if it did not.

        The cost is also +∞ if the run did not lower its training loss: it reached the target by
        luck. unit: the column of the trace that counts the cost: epoch, step or gradients.
        """
        rising = self.rising or (False,) * len(self.results)
        return np.array(
            [
                math.inf if by_luck else target.reached(result, unit)
                for result, by_luck in zip(self.results, rising, strict=True)
            ]
        )


def standings(
    plan: StudyPlan, results: Mapping[str, Result], metric: Metric, rungs: Sequence[Rung] = ()
) -> tuple[Standing, ...]:
    """The standing (results, scores and rank) of each candidate, in the order of the plan.

    Candidates without any result are left out. results: by the trial's identity. rungs: the epochs
    at which successive halving dropped candidates. If all runs stop at the same target of the
    metric, their final values show only how far the last step went past it. So they are ranked by
    the costs of reaching it (`cost_unit`), and those that did not reach it come after all that did.
    """
    found: list[Standing] = []
    target = stopping_target([each.experiment for each in plan.candidates])
    for place, candidate in enumerate(plan.candidates):
        trials = plan.trials[place * len(plan.seeds) : (place + 1) * len(plan.seeds)]
        own = tuple(results[trial.identity] for trial in trials if trial.identity in results)
        # In an interrupted study, some candidates may have no result yet.
        if len(own):
            scores = np.array([metric.score(result) for result in own])
            rising = rising_runs(candidate.experiment, own)
            standing = Standing(candidate, own, scores, spread(scores), rising=rising)
            if target is not None and target.metric == metric:
                costs = standing.to_target(target, cost_unit(plan))
                standing = replace(standing, costs=costs)
            if standing.identical:
                # The same run, repeated, says nothing on how much runs vary.
                standing = replace(standing, spread=replace(standing.spread, interval=None))
            found.append(standing)
    lost = beaten(rungs, {each.name for each in found if len(each.results) == len(plan.seeds)})
    return _with_ranks([replace(each, beaten=each.name in lost) for each in found])


def led_by(found: Sequence[Standing], names: Collection[str]) -> tuple[Standing, ...]:
    """The standings in the same order, with new ranks by `Standing.order`.

    names: of the candidates whose median is taken as the lowest.
    """
    return _with_ranks([replace(each, fastest=each.candidate.name in names) for each in found])


def _with_ranks(found: Sequence[Standing]) -> tuple[Standing, ...]:
    """The standings with their ranks."""
    orders = sorted(standing.order for standing in found)

    def rank(standing: Standing) -> int | None:
        if standing.beaten or not standing.finite:
            return None
        *before, median = standing.order
        margin = REORDERED[standing.candidate.experiment.dtype] * abs(median)
        return 1 + bisect_left(orders, (*before, median - margin))

    # Equal candidates share a rank, and the next candidate's rank counts all of them.
    return tuple(replace(each, rank=rank(each)) for each in found)


def _losses(result: Result) -> Numbers:
    """All losses of a run: of the evaluations, then of the batches of its steps."""
    return np.concatenate([result.evals["train_loss"], result.steps.get("batch_loss", ())])


def ranked(found: Sequence[Standing]) -> list[Standing]:
    """Sort the standings (results, scores and ranks) of candidates; the best candidate is first.

    Candidates of the same rank keep their order (see also `in_order_of_values`).
    """

    def key(standing: Standing) -> tuple[float, ...]:
        if standing.rank is not None:
            return False, False, standing.rank
        return True, not standing.finite, *standing.order

    return sorted(found, key=key)


def in_order_of_values(found: Iterable[Standing]) -> list[Standing]:
    """Sort the standings of settings that differ in the values of the same keys.

    The values of the alphabetically first key decide, then those of the next key. Numbers are in
    ascending order and before texts. Settings that `led_by` names come before all others. So the
    first one of tied settings does not depend on the order in which the values were typed.
    """

    def key(standing: Standing) -> tuple[bool, list[tuple[str, bool, float, str]]]:
        values = sorted(standing.settings.items())
        return not standing.fastest, [(name, *_place(value)) for name, value in values]

    return sorted(found, key=key)


def _place(value: Any) -> tuple[bool, float, str]:
    """The key by which the values of a config key are sorted."""
    number = isinstance(value, (int, float))
    return (False, float(value), "") if number else (True, 0.0, str(value))
