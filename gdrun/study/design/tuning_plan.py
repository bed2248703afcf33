"""The plan of tuning before a comparison: every contender tries the same number of settings.

They run under seeds that the comparison does not use, so that a setting that was lucky under its
tuning seeds has no advantage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.axes import axes_of, grid
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of, label

MOST_SEEDS = 3
"""The most seeds of each setting. One seed can mislead; the time for more than three is better
spent on more settings.
"""


@dataclass(frozen=True)
class TuningPlan:
    """The plan of all settings. tried: the candidates of each contender, by its name."""

    plan: StudyPlan
    tried: Mapping[str, Sequence[Candidate]]


def plan_tuning(compared: StudyPlan, keys: Sequence[str]) -> TuningPlan:
    """The settings of these keys that every contender of a comparison tries.

    keys: such as lr, or lr=0.1,0.01. Raises ConfigError where a key is wrong, or where its default
    range has more values for one contender than for another.
    """
    tried = {contender.name: _settings(contender, keys) for contender in compared.candidates}
    counts = {name: len(each) for name, each in tried.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        hint = 'write the values to try, such as `tune="lr=0.001,0.01,0.1"`'
        what = f"contenders would try different numbers of settings: {listed}"
        raise ConfigError(what, where=Parameter("tune"), hint=hint)
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    first = max(compared.seeds) + 1
    seeds = range(first, first + min(len(compared.seeds), MOST_SEEDS))
    return TuningPlan(StudyPlan("tune", everyone, tuple(seeds)), tried)


def _settings(contender: Candidate, keys: Sequence[str]) -> list[Candidate]:
    axes = axes_of(keys, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]
