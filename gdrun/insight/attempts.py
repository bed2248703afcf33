"""The results of remedies that were tried, and their order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gdrun.insight.cure_limit import CureLimit

RATE = "optimizer.lr"

ALIKE = 0.1
"""A metric is about the best one if it differs from this one by at most this share of it."""

MILD = "still falling"
"""A new symptom that a cure may have, because the loss now falls."""


@dataclass(frozen=True)
class Attempt:
    """The result of training again with one remedy, or with two remedies together.

    changes: the values by key. metric: the metric of early stopping; without it the validation
    loss, or else the training loss. before, after: the metric of the weights that the run returns,
    without and with the changes; infinite if the run diverged. larger: whether larger values are
    better. treated: the first symptom of the diagnosed run that has remedies. symptoms: the names
    of the symptoms of the run with the changes. gone: whether the treated symptom is not among
    `symptoms`, and the metric is better if it is a symptom of a high loss (see HIGH in the registry
    of symptoms). new: the names of the symptoms that the diagnosed run does not have. barring:
    those of them that a cure must not have. limit: the worst metric that a cure may have.

    cured: whether the treated symptom is gone, no symptom is barring, and the metric is clearly
    better than before and close to the best metric of all attempts that have neither the treated
    symptom nor a barring one (see CLEAR in gdrun.insight.remedies, and `limit`). `still falling` is
    never barring. `noise floor` is not if the treated symptom hid the floor (see NOISY there). The
    metric may get worse if the treated symptom, such as a leak, made it look too good.
    """

    changes: Mapping[str, Any]
    metric: str
    before: float
    after: float
    treated: str
    symptoms: tuple[str, ...]
    gone: bool
    cured: bool
    larger: bool = False
    new: tuple[str, ...] = ()
    barring: tuple[str, ...] = ()
    limit: CureLimit | None = None

    @property
    def left(self) -> set[str]:
        """The names of the symptoms of the run with the changes, except `still falling`."""
        return set(self.symptoms) - {MILD}

    @property
    def is_rate(self) -> bool:
        """Whether only the learning rate changes."""
        return set(self.changes) == {RATE}

    @property
    def score(self) -> float:
        """The metric with the changes, or its negative if larger values are better.

        The lower the score, the better; it is infinite if the run diverged.
        """
        return -self.after if self.larger and math.isfinite(self.after) else self.after


def best_first(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts from best to worst: cures before others.

    Cures that leave fewer symptoms are first. Among those that leave equally many, the attempts
    with about the best metric (see `alike`) are before the others; of these, attempts that change
    fewer keys are first, and among equally many those that change only the learning rate. All else
    is in the order of the metric.
    """
    every = list(attempts)
    best: dict[int, Attempt] = {}
    for each in every:
        if each.cured:
            known = best.setdefault(len(each.left), each)
            best[len(each.left)] = min(known, each, key=lambda one: one.score)

    def key(attempt: Attempt) -> tuple[float, ...]:
        if not attempt.cured:
            return (math.inf, attempt.score)
        left = len(attempt.left)
        if not alike(attempt, best[left]):
            return (left, math.inf, attempt.score)
        return (left, len(attempt.changes), not attempt.is_rate, attempt.score)

    return sorted(every, key=key)


def alike(one: Attempt, best: Attempt) -> bool:
    """Whether the metrics of two attempts differ by at most ALIKE times the metric of `best`.

    Two losses below SMALLEST times the initial loss are equal (see gdrun.study.judgement.progress).
    """
    score, least = one.score, best.score
    if best.limit is not None:
        score, least = map(best.limit.improvement.counted, (score, least))
    return abs(score - least) <= ALIKE * abs(least)
