"""Tuning before a comparison: every contender gets the same number of runs to find its setting.

The setting is chosen by the median over seeds of its own, and what is compared afterwards are fresh
runs under other seeds: a value that was lucky once gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.judgement.edges import edges
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing, ranked, standings
from gdrun.study.study import StudyContext, Work, carry_out


@dataclass(frozen=True)
class Tuning:
    """What a contender was given to find its setting, and what it chose.

    chosen is empty where every run failed: the contender then stays as it was. at_edge: the keys
    whose best value was the smallest or the largest.
    """

    settings: int
    seeds: int
    chosen: Mapping[str, Any]
    at_edge: tuple[str, ...]

    @property
    def runs(self) -> int:
        return self.settings * self.seeds


def try_out(
    plan: StudyPlan, metric: Metric, context: StudyContext, *, alone: bool = False
) -> tuple[tuple[Standing, ...], Work]:
    """The standing of every setting of every contender, and the work that it took."""
    results, work = carry_out(plan, context, alone=alone)
    return standings(plan, results, metric), work


def choose(
    contenders: Sequence[Candidate], tuning: TuningPlan, found: Sequence[Standing]
) -> tuple[tuple[Candidate, ...], dict[str, Tuning]]:
    """The contenders at their best settings, and the budget each had to find it."""
    seeds = len(tuning.plan.seeds)
    by_name = {each.candidate.name: each for each in found}
    tuned: list[Candidate] = []
    tunings: dict[str, Tuning] = {}
    for contender in contenders:
        names = [each.name for each in tuning.tried[contender.name]]
        own = [by_name[name] for name in names if name in by_name]
        best = next(iter(ranked(own)), None)
        if best is None or not best.sound:
            tuned.append(contender)
            tunings[contender.name] = Tuning(len(names), seeds, {}, ())
            continue
        chosen = best.candidate.settings
        tuned.append(replace(contender, experiment=best.candidate.experiment))
        tunings[contender.name] = Tuning(len(names), seeds, chosen, _edges(best.candidate, own))
    return tuple(tuned), tunings


def _edges(best: Candidate, own: Sequence[Standing]) -> tuple[str, ...]:
    """The numeric keys whose chosen value is at the edge of what was tried."""
    tried = [each.candidate for each in own]
    axes = [Axis(key, tuple(each.settings[key] for each in tried)) for key in best.settings]
    return tuple(edge.axis.key for edge in edges(axes, best, tried))
