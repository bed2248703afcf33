"""Tuning before a comparison: every contender gets the same number of runs to find its setting.

The setting is chosen by the median over seeds of its own, and what is compared afterwards are fresh
runs under other seeds: a value that was lucky once gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.axes import Axis, axes_of, grid
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of, label
from gdrun.study.judgement.edges import edges
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing, ranked, standings
from gdrun.study.study import StudyContext, Work, carry_out

MOST_SEEDS = 3
"""Seeds that every setting is tried under, at most: one misleads, and more are better spent on
settings.
"""


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


Tried = Mapping[str, Sequence[Candidate]]
"""The settings that each contender tries, by its name."""


def tuning_plan(
    contenders: Sequence[Candidate], keys: Sequence[str], seeds: Sequence[int]
) -> tuple[StudyPlan, Tried]:
    """The settings of every contender, as one plan.

    Raises ConfigError where the usual values of a key are more for one contender than for another.
    """
    tried = {contender.name: _settings(contender, keys) for contender in contenders}
    counts = {name: len(each) for name, each in tried.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        hint = 'write the values to try, such as `tune="lr=0.001,0.01,0.1"`'
        what = f"contenders would be tuned with unequal effort: {said} settings"
        raise ConfigError(what, where=Parameter("tune"), hint=hint)
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    return StudyPlan("tune", everyone, tuple(seeds)), tried


def try_out(
    plan: StudyPlan, metric: Metric, context: StudyContext, *, alone: bool = False
) -> tuple[tuple[Standing, ...], Work]:
    """How every setting of every contender stands, and what finding that took."""
    results, work = carry_out(plan, context, alone=alone)
    return standings(plan, results, metric), work


def choose(
    contenders: Sequence[Candidate], tried: Tried, found: Sequence[Standing], seeds: int
) -> tuple[tuple[Candidate, ...], dict[str, Tuning]]:
    """The contenders at their best settings, and the budget each had to find it."""
    by_name = {each.candidate.name: each for each in found}
    tuned: list[Candidate] = []
    tunings: dict[str, Tuning] = {}
    for contender in contenders:
        names = [each.name for each in tried[contender.name]]
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


def _settings(contender: Candidate, keys: Sequence[str]) -> list[Candidate]:
    axes: Sequence[Axis] = axes_of(keys, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]


def _edges(best: Candidate, own: Sequence[Standing]) -> tuple[str, ...]:
    """The numeric keys whose chosen value is at the edge of what was tried."""
    tried = [each.candidate for each in own]
    axes = [Axis(key, tuple(each.settings[key] for each in tried)) for key in best.settings]
    return tuple(edge.axis.key for edge in edges(axes, best, tried))
