"""What is tried before a comparison: every contender gets the same number of settings.

They run under seeds that the comparison does not use, so that a value that was lucky once gains
nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.axes import axes_of, grid
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of, label

MOST_SEEDS = 3
"""Seeds that every setting is tried under, at most: one misleads, and more are better spent on
settings.
"""


@dataclass(frozen=True)
class TuningPlan:
    """The settings of all contenders as one plan, and those that each of them tries by its name."""

    plan: StudyPlan
    tried: Mapping[str, Sequence[Candidate]]


def plan_tuning(compared: StudyPlan, keys: Sequence[str]) -> TuningPlan:
    """The settings that the contenders of a comparison try along these keys.

    Raises ConfigError where the usual values of a key are more for one contender than for another.
    """
    tried = {contender.name: _settings(contender, keys) for contender in compared.candidates}
    counts = {name: len(each) for name, each in tried.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        hint = 'write the values to try, such as `tune="lr=0.001,0.01,0.1"`'
        what = f"contenders would be tuned with unequal effort: {said} settings"
        raise ConfigError(what, where=Parameter("tune"), hint=hint)
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    first = max(compared.seeds) + 1
    seeds = range(first, first + min(len(compared.seeds), MOST_SEEDS))
    return TuningPlan(StudyPlan("tune", everyone, tuple(seeds)), tried)


def _settings(contender: Candidate, keys: Sequence[str]) -> list[Candidate]:
    axes = axes_of(keys, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]
