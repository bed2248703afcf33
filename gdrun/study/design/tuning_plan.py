"""The plan of tuning before a comparison: the same number of settings for every contender.

The settings run with seeds that the comparison does not use, so that a setting with good luck in
its tuning seeds has no advantage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.axes import axes_of, grid
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of, label

MOST_SEEDS = 3
"""The most seeds with which each setting is tried. One seed can mislead; the time for more than
three seeds is better spent on more settings.
"""


@dataclass(frozen=True)
class TuningPlan:
    """The plan of tuning.

    plan: all settings of all contenders, as candidates, and the seeds of tuning. tried: the
    candidates of each contender, by the contender's name.
    """

    plan: StudyPlan
    tried: Mapping[str, Sequence[Candidate]]


def plan_tuning(compared: StudyPlan, keys: Sequence[str]) -> TuningPlan:
    """Return the plan of the settings to try for every contender of a comparison.

    compared: the plan of the comparison. keys: the keys to tune, each as a text such as lr or
    lr=0.1,0.01. Raises ConfigError if a key is wrong, or its default range has more values for one
    contender than for another.
    """
    tried = {contender.name: _settings(contender, keys) for contender in compared.candidates}
    counts = {name: len(each) for name, each in tried.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        hint = 'write the values to try, such as `tune="lr=0.001,0.01,0.1"`'
        what = f"the contenders have different numbers of settings: {listed}"
        raise ConfigError(what, where=Parameter("tune"), hint=hint)
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    first = max(compared.seeds) + 1
    seeds = range(first, first + min(len(compared.seeds), MOST_SEEDS))
    return TuningPlan(StudyPlan("tune", everyone, tuple(seeds)), tried)


def _settings(contender: Candidate, keys: Sequence[str]) -> list[Candidate]:
    axes = axes_of(keys, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]
