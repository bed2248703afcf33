"""Tuning before a comparison: every contender gets the same number of runs to find its setting.

The setting is chosen by the median over seeds of its own, and what is compared afterwards are fresh
runs under other seeds: a value that was lucky once gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gdrun.study.axes import Axis, axes_of, grid
from gdrun.study.metrics import Metric
from gdrun.study.plan import Candidate, Plan, candidates_of, label
from gdrun.study.ranking import Standing, ranked, standings
from gdrun.study.study import Means, Work, carry_out

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
) -> tuple[Plan, Tried]:
    """The settings of every contender, as one plan."""
    tried = {contender.name: _settings(contender, keys) for contender in contenders}
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    return Plan("tune", everyone, tuple(seeds)), tried


def tune(
    contenders: Sequence[Candidate], plan: Plan, tried: Tried, metric: Metric, means: Means
) -> tuple[tuple[Candidate, ...], dict[str, Tuning], Work]:
    """The contenders at their best settings, and what finding them took."""
    results, work = carry_out(plan, means)
    found = {each.candidate.name: each for each in standings(plan, results, metric)}
    tuned: list[Candidate] = []
    tunings: dict[str, Tuning] = {}
    for contender in contenders:
        own = [found[each.name] for each in tried[contender.name] if each.name in found]
        best = next(iter(ranked(own)), None)
        count, seeds = len(tried[contender.name]), len(plan.seeds)
        if best is None or not best.sound:
            tuned.append(contender)
            tunings[contender.name] = Tuning(count, seeds, {}, ())
            continue
        chosen = best.candidate.settings
        tuned.append(replace(contender, experiment=best.candidate.experiment))
        tunings[contender.name] = Tuning(count, seeds, chosen, _edges(chosen, own))
    return tuple(tuned), tunings, work


def _settings(contender: Candidate, keys: Sequence[str]) -> list[Candidate]:
    axes: Sequence[Axis] = axes_of(keys, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]


def _edges(chosen: Mapping[str, Any], own: Sequence[Standing]) -> tuple[str, ...]:
    """The numeric keys whose chosen value is the smallest or largest of at least three."""
    edges = []
    for key, value in chosen.items():
        values = {each.candidate.settings[key] for each in own}
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if numeric and len(values) > 2 and value in (min(values), max(values)):
            edges.append(key)
    return tuple(edges)
