"""The plan of tuning before a comparison: at first, each contender tries equally many settings.

The settings run with seeds that the comparison does not use, so that a setting with good luck in
its tuning seeds has no advantage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gdrun.config.key_paths import resolve_key
from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.axes import axes_of, grid, swept_names
from gdrun.study.design.axis_words import AxisWords, Given, axis_words
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of, label

MOST_SEEDS = 3
"""The most seeds with which each setting is tried. One seed can mislead; the time for more than
three seeds is better spent on more settings.
"""


MORE = 4
"""The number of values that each widening tries beyond the smallest or the largest value."""


@dataclass(frozen=True)
class TuningPlan:
    """The plan of tuning.

    plan: all settings of all contenders, as candidates, and the seeds of tuning. tried: the
    candidates of each contender, by the contender's name. open_keys: the keys for which the user
    listed no values, so that their ranges may be widened.
    """

    plan: StudyPlan
    tried: Mapping[str, Sequence[Candidate]]
    open_keys: frozenset[str] = frozenset()

    def with_more(self, more: Mapping[str, Sequence[Candidate]]) -> TuningPlan:
        """The plan with further candidates, by the name of their contender.

        They come after the earlier candidates, so that the earlier trials keep their numbers.
        """
        tried = {name: (*own, *more.get(name, ())) for name, own in self.tried.items()}
        further = (candidate for name in tried for candidate in more.get(name, ()))
        everyone = (*self.plan.candidates, *further)
        return replace(self, plan=replace(self.plan, candidates=everyone), tried=tried)


def plan_tuning(compared: StudyPlan, tune: Given) -> TuningPlan | None:
    """Return the plan of the settings to try for every contender; None if no key is tuned.

    A key is tuned for the contenders that have it. compared: the plan of the comparison. tune: the
    keys to tune, each as a text such as lr or lr=0.1,0.01, or as a mapping from keys to values.
    Raises ConfigError if a key is wrong, no contender has it, or default ranges have more values
    for one contender than for another with the same keys.
    """
    words = axis_words(tune, "tune")
    if not words:
        return None
    owners = {each.text: _owners(each, words, compared.candidates) for each in words}
    own_words = {
        contender.name: [each for each in words if contender in owners[each.text]]
        for contender in compared.candidates
    }
    tried = {each.name: _settings(each, own_words[each.name]) for each in compared.candidates}
    for same in own_words.values():
        counts = {name: len(tried[name]) for name in tried if own_words[name] == same}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
            hint = 'write the values to try, such as `tune="lr=0.001,0.01,0.1"`'
            what = f"the contenders have different numbers of settings: {listed}"
            raise ConfigError(what, where=Parameter("tune"), hint=hint)
    everyone = tuple(candidate for each in tried.values() for candidate in each)
    open_keys = frozenset(
        axes_of([each], owners[each.text][0].experiment)[0].key for each in words if each.is_open
    )
    first = max(compared.seeds) + 1
    seeds = range(first, first + min(len(compared.seeds), MOST_SEEDS))
    return TuningPlan(StudyPlan("tune", everyone, tuple(seeds)), tried, open_keys)


def _owners(
    wanted: AxisWords, words: Sequence[AxisWords], contenders: Sequence[Candidate]
) -> list[Candidate]:
    """The contenders that have the wanted key. Raises ConfigError if none has it.

    words: all keys that are tuned. If names are among them, such as optimizer=adam,momentum, the
    name that is tried decides whether the wanted key exists. Then all contenders are returned.
    """
    named = bool(swept_names(words))
    found = [
        each for each in contenders if named or resolve_key(wanted.key, each.experiment.plain())
    ]
    if not found:
        axes_of([wanted], contenders[0].experiment)  # which raises the error for an unknown key
    return found


def beyond(
    contender: Candidate, best: Candidate, key: str, smallest: bool, values: Sequence[float]
) -> list[Candidate]:
    """Further settings of a contender, for a key whose best value is at the edge of those tried.

    best: the best setting so far. smallest: whether the edge is the smallest of the values, and not
    the largest. values: the values of the key that were tried. Each of the MORE new settings has
    one of the values that continue the geometric series of the two values at the edge, and the best
    values of the other keys. Values that the key does not allow are left out. The result is empty
    if one of the two values at the edge is not positive.
    """
    ordered = sorted(set(values), reverse=smallest)
    before, edge = ordered[-2:]
    if min(before, edge) <= 0:
        return []
    found = []
    for value in _continued(ordered):
        whole = all(isinstance(each, int) for each in values)
        settings = {**best.settings, key: round(value) if whole else value}
        try:
            (candidate,) = candidates_of(contender.experiment, [settings])
        except ConfigError:
            continue
        found.append(replace(candidate, name=f"{contender.name} {label(settings)}"))
    return found


def _continued(values: Sequence[float]) -> list[float]:
    """The next MORE values of a geometric series, rounded to four digits as the series is.

    The ratio of two rounded values is not that of the series. A series that divides each decade
    into equal parts continues from its roundest value, so that all contenders try the same values.

    >>> _continued([0.1, 0.3162, 1.0]), _continued([0.1, 0.03162])
    ([3.162, 10.0, 31.62, 100.0], [0.01, 0.003162, 0.001, 0.0003162])
    """
    before, edge = values[-2:]
    first, ratio = edge, edge / before
    parts = 1 / math.log10(ratio)
    if abs(parts - round(parts)) < 1e-3:
        ratio = 10 ** (1 / round(parts))
        first = min(before, edge, key=lambda value: len(f"{value:.3e}".split("e")[0].rstrip("0")))
    offset = 0 if first == edge else 1
    powers = range(1 + offset, MORE + 1 + offset)
    return [float(f"{first * ratio**power:.4g}") for power in powers]


def _settings(contender: Candidate, words: Sequence[AxisWords]) -> list[Candidate]:
    """The settings to try for a contender that has these keys; none without a key."""
    if not words:
        return []
    axes = axes_of(words, contender.experiment)
    found = candidates_of(contender.experiment, grid(axes))
    return [replace(each, name=f"{contender.name} {label(each.settings)}") for each in found]
