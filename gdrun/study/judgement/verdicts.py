"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. They depend on the progress p of a candidate's median final value. p is the share of the best
improvement of the metric that ranks the sweep (`progress.py`). The default target is the value with
p = 0.95. The words and their rules are in MEANINGS, which `gdrun list verdicts` shows.

Whether a rate is too small, too large or unstable is decided among candidates that differ only in
the rate. Their progress is the share of the best improvement of these candidates alone; it uses
logarithms if p does. Stability is judged by the training loss: L₀ at the start, Lₖ at the end, and
L* at the lowest end of these candidates. A rate above the best one is unstable if (L₀ − Lₖ) / (L₀ −
L*) < 0.95, else too large. With full-batch gradients it is too large rather than unstable if the
peaks of the loss fall (`peaks_fall`): with momentum the loss oscillates at stable rates, too.

A metric such as the balanced accuracy may be bad where the loss is smooth and low. So for a metric
that is no loss, the words on the course of training (BY_LOSS) are those by the training loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gdrun.study.design.trials import Candidate, label
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import (
    GOOD,
    Standing,
    best_improvement,
    led_by,
    usual_target,
)
from gdrun.study.judgement.statistics import quantile, spread
from gdrun.study.judgement.training_losses import (
    TRAIN_LOSS,
    Drop,
    drop_of,
    growth_of_peaks,
    peaks_fall,
    sum_of_rises,
    training_loss,
)

HALFWAY = 0.5
"""The least progress p of a slow candidate."""

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

RATE = "optimizer.lr"

Word = Literal[
    "too small",
    "poor",
    "slow",
    "worse",
    "good",
    "best",
    "too large",
    "oscillating",
    "unstable",
    "diverged",
    "dropped",
    "not ranked",
]

MEANINGS: dict[Word, str] = {
    "best": "the best median of the metric that ranks the settings; among equally good medians, "
    "within 2 % and with p ≥ 0.995, that of the setting that reaches the target first",
    "good": "p ≥ 0.95",
    "worse": "p < 0.95 at the end, although p was ≥ 0.95 before, or the target was reached no "
    "later than by the best setting; for a metric that is no loss, also p < 0.95 with a good "
    "training loss",
    "slow": "p < 0.95",
    "too small": "p < 0.5, at a rate below the best",
    "too large": "p < 0.95, at a rate above the best",
    "poor": "p < 0.5, and no other rate of the same settings is much better",
    "oscillating": "p < 0.95, and the rises of the training loss add up to more than half of the "
    "largest drop that any of the rates reached; or p < 0.95 with full batches at a rate above the "
    "best rate, and the peaks of the training loss stay equally high",
    "unstable": "p < 0.95 at a rate above the best, and the training loss fell by less than "
    "95 % of the largest drop that any of the rates reached; or the training loss exploded or "
    "ended above its start (with full batches, both only if its peaks were not falling); or a run "
    "diverged",
    "diverged": "half of the runs or more diverged; the verdict adds the median step",
    "dropped": "successive halving dropped the setting; the verdict adds the epoch",
    "not ranked": "the values of settings with other data or another loss are not comparable",
}
"""The rule for each word. p is the progress: the share of the best improvement of the metric.

For a metric that is no loss, such as the accuracy, the words in BY_LOSS use that of the training
loss.
"""


BY_LOSS = frozenset({"slow", "too small", "too large", "poor", "oscillating", "unstable"})
"""The words on the course of training, which a loss shows, but no other metric."""


@dataclass(frozen=True)
class Verdict:
    """A verdict on one candidate of a sweep.

    moment: when a candidate diverged or was dropped, such as `at step 12`. The step is the
    median over the seeds that diverged; the epoch is that of the drop. Empty for other words.
    """

    word: Word
    moment: str = ""

    @property
    def text(self) -> str:
        """The word, and the moment if there is one, such as `diverged at step 12`."""
        return f"{self.word} {self.moment}".rstrip()

    @property
    def stable(self) -> bool:
        """Whether the candidate's rate is stable: neither oscillating, unstable nor diverged."""
        return self.word not in ("oscillating", "unstable", "diverged")


def verdicts(
    found: Sequence[Standing],
    metric: Metric,
    target: Target | None = None,
    *,
    ranked: bool = True,
) -> list[Verdict]:
    """The verdict on each candidate.

    found: the standings (results, scores and ranks) of the candidates; the verdicts have the same
    order. metric: ranks the candidates. target: the one that the user gave; None without it.
    ranked: False if their data or losses differ; then only candidates that differ in nothing but
    the rate are compared.
    """
    own = _verdicts(found, metric, target, ranked=ranked)
    if metric.is_loss:
        return own
    by_loss = _verdicts(_by_training_loss(found), TRAIN_LOSS, None, ranked=ranked)
    worse = Verdict("worse")
    return [
        each if each.word not in BY_LOSS else shown if shown.word in BY_LOSS else worse
        for each, shown in zip(own, by_loss, strict=True)
    ]


def _by_training_loss(found: Sequence[Standing]) -> Sequence[Standing]:
    """The standings with the training loss as their score, and with ranks by it."""
    scores = [np.array([TRAIN_LOSS.score(result) for result in each.results]) for each in found]
    pairs = zip(found, scores, strict=True)
    return led_by([replace(each, scores=own, spread=spread(own)) for each, own in pairs], None)


def _verdicts(
    found: Sequence[Standing], metric: Metric, target: Target | None, *, ranked: bool
) -> list[Verdict]:
    """The verdicts by one metric alone. The arguments are those of `verdicts`."""
    early = _early(found, metric, target) if ranked else set()
    groups: dict[str, list[Standing]] = {}
    for standing in found:
        groups.setdefault(others(standing.candidate), []).append(standing)
    overall = best_improvement(found, metric)
    best_rates = _best_rates(found)
    words: dict[str, Verdict] = {}
    for group, members in groups.items():
        own = best_improvement(members, metric)
        if ranked and own and overall:
            own = replace(overall, best=own.best)
        lowest = min(map(training_loss, members))
        for standing in members:
            words[standing.candidate.name] = _verdict(
                standing,
                _Progress.of(standing, overall if ranked else own, own),
                drop_of(standing, lowest),
                _side(standing, best_rates.get(group)),
                None if ranked else len(members) > 1,
                early=standing.candidate.name in early,
            )
    return [words[standing.candidate.name] for standing in found]


def _early(found: Sequence[Standing], metric: Metric, target: Target | None) -> set[str]:
    """The names of the candidates that are not slow: they were good before their runs ended.

    Their median run reached p = GOOD at some evaluation, or reached the user's target no later than
    the candidate with the rank 1. target: the user's; None without it.
    """
    latest: dict[Target, float] = {}
    best = next((each for each in found if each.rank == 1), None)
    if target is not None and best is not None:
        latest[target] = _median_epochs(best, target)
    # Last, because a record has the default target in the place of the user's.
    if (usual := usual_target(found, metric)) is not None:
        latest[usual] = math.inf
    return {
        each.candidate.name
        for each in found
        for goal, most in latest.items()
        if math.isfinite(epochs := _median_epochs(each, goal)) and epochs <= most
    }


def _median_epochs(standing: Standing, target: Target) -> float:
    """The epochs until the target was reached, the median over the runs; +∞ if most did not."""
    return quantile(standing.to_target(target, "epoch"), 0.5)


@dataclass(frozen=True)
class _Progress:
    """The progress p of a candidate's median.

    The group of a candidate is itself and the candidates that differ from it only in the rate.
    total: the share of the best improvement of all candidates. own: the share of the best
    improvement of the group. highest: the largest `total` in the group.
    """

    total: float
    own: float
    highest: float

    @classmethod
    def of(
        cls, standing: Standing, total: Improvement | None, own: Improvement | None
    ) -> _Progress:
        """The progress of a candidate.

        total, own: the best improvement of all candidates, and of the candidate's group; None if no
        median is finite, and then p is −∞.
        """
        score = standing.spread.median
        if total is None or own is None:
            return cls(-math.inf, -math.inf, -math.inf)
        return cls(total.share(score), own.share(score), total.share(own.best))


def others(candidate: Candidate) -> str:
    """The label of a candidate's settings without the learning rate, as a short text.

    Candidates with equal labels form a group: they differ only in the rate.
    """
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(
    standing: Standing,
    progress: _Progress,
    loss: Drop,
    side: int | None,
    compared: bool | None,
    *,
    early: bool,
) -> Verdict:
    """The verdict on one candidate.

    progress: the progress p of its median. loss: how far the training loss fell. side: where the
    candidate's rate is, compared with the best rate of the candidates that differ only in the rate:
    −1 below, 0 equal, 1 above; None if no rate was swept. compared: None if all candidates are
    ranked; else whether there are other candidates that differ only in the rate. early: whether it
    was good before its runs ended.
    """
    diverged = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(diverged) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(diverged, 0.5):,.0f}")
    # Before any verdict on its loss: a dropped run had no time to lower it.
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    peaks = growth_of_peaks(standing)
    settles = peaks_fall(standing)
    rises = loss.rose or not standing.descends
    if diverged or (rises and not settles) or (rises and progress.total >= GOOD):
        return Verdict("unstable")
    # After unstable: the best of a sweep may have diverged under some seeds.
    if compared is None and standing.rank == 1:
        return Verdict("best")
    if compared is False:
        return Verdict("not ranked")
    if progress.total >= GOOD:
        return Verdict("good")
    if side == 1 and peaks is not None and abs(peaks - 1) <= STEADY:
        return Verdict("oscillating")
    if side == 1 and progress.own < GOOD:
        return Verdict("unstable" if loss.share < GOOD and not settles else "too large")
    if peaks is None and sum_of_rises(standing, loss) > HALFWAY:
        return Verdict("oscillating")
    if early:
        return Verdict("worse")
    if progress.total >= HALFWAY:
        return Verdict("slow")
    # The best rate may not be poor, or this one may be far behind it.
    if side == -1 and (progress.highest >= HALFWAY or progress.own < HALFWAY):
        return Verdict("too small")
    return Verdict("poor")


def _best_rates(found: Sequence[Standing]) -> dict[str, float]:
    """The best rate of each group of candidates that differ only in the rate.

    The keys of the result are the labels of the other settings.
    """
    best: dict[str, tuple[float, float]] = {}
    for standing in found:
        if RATE in standing.candidate.settings and standing.eligible:
            rate, own = float(standing.candidate.settings[RATE]), others(standing.candidate)
            best[own] = min(best.get(own, (math.inf, rate)), (standing.spread.median, rate))
    return {own: rate for own, (_, rate) in best.items()}


def _side(standing: Standing, best: float | None) -> int | None:
    """−1 if a candidate's rate is below the best rate of its group, 0 if equal, 1 if above.

    best: the best rate of the group, which are candidates that differ only in the rate. None
    without a rate.
    """
    rate = standing.candidate.settings.get(RATE)
    return None if rate is None or best is None else int(np.sign(rate - best))
