"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. For the metric that ranks the sweep, F₀ is the value of a candidate at the start, Fₖ its
median final value, and F* the best Fₖ.

    progress  p = (F₀ − Fₖ) / (F₀ − F*)          1 at the best value, 0 at the start, below 0 worse

and with logarithms where F₀ > SPAN F* > 0, so that a loss three times the best is not good. The
words and their rules are in MEANINGS, which `gdrun list verdicts` shows.

Whether a rate is too small, too large or unstable is decided among candidates that differ only in
the rate; F* is then the best value of these candidates alone. Stability is that of the training
loss L: a rate above the best one is unstable if (L₀ − Lₖ) / (L₀ − L*) < 0.95, else too large. With
full-batch gradients it is too large rather than unstable if the peaks of the loss fall: with
momentum the loss oscillates at stable rates too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gdrun.array_types import Numbers
from gdrun.study.design.trials import Candidate, label, noiseless
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import SMALLEST, Standing
from gdrun.study.judgement.statistics import quantile

GOOD, HALFWAY = 0.95, 0.5
"""The least progress p of a good candidate, and of a slow one."""

SPAN = 30
"""From this ratio of the initial to the lowest value on, p is that of the logarithms."""

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

ROUNDING = 1e-9
"""A loss counts as higher than another only above this relative difference."""

RATE = "optimizer.lr"
TRAIN_LOSS = Metric("train_loss")

Word = Literal[
    "too small",
    "poor",
    "slow",
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
    "best": "the best median of the metric that ranks the settings",
    "good": "p ≥ 0.95",
    "slow": "p < 0.95",
    "too small": "p < 0.5, at a rate below the best",
    "too large": "p < 0.95, at a rate above the best",
    "poor": "p < 0.5, but not because of the rate",
    "oscillating": "p < 0.95, and the rises of the training loss add up to more than half of its "
    "best drop, or with full batches its peaks stay equal at a rate above the best",
    "unstable": "p < 0.95 at a rate above the best, also for the training loss; or the training "
    "loss ended above its start, or a run diverged",
    "diverged": "half of the runs or more diverged; with the median step",
    "dropped": "successive halving dropped the setting; with the epoch",
    "not ranked": "the values of settings with other data or another loss are not comparable",
}
"""The rule for each word. p is the progress: the share of the best improvement of the metric."""


@dataclass(frozen=True)
class Verdict:
    """A verdict on one candidate of a sweep.

    moment: for the words diverged and dropped, when that happened, such as `at step 12`: the median
    step over the seeds that diverged, or the epoch of the drop. Empty for other words.
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


def verdicts(found: Sequence[Standing], metric: Metric, *, ranked: bool = True) -> list[Verdict]:
    """The verdict on each candidate.

    found: the standings (results, scores and ranks) of the candidates; the verdicts have the same
    order. metric: ranks the candidates. ranked: False if their data or losses differ; then only
    candidates that differ in nothing but the rate are compared.
    """
    groups = [others(standing.candidate) for standing in found]
    alone = {group for group in groups if groups.count(group) == 1}
    of_metric, of_loss = (_drops(found, groups, each) for each in (metric, TRAIN_LOSS))
    best_rates = _best_rates(found)
    overall = min((drop.lowest for drop in of_metric), default=math.inf)
    return [
        _verdict(
            standing,
            own.progress_to(overall) if ranked else own.progress_to(own.lowest),
            own.progress_to(own.lowest),
            loss,
            _side(standing, best_rates),
            None if ranked else group not in alone,
        )
        for standing, group, own, loss in zip(found, groups, of_metric, of_loss, strict=True)
    ]


@dataclass(frozen=True)
class _Drop:
    """How far a score fell: from start to end, the median over a candidate's runs.

    lowest: the lowest end of all candidates that differ from this one only in the rate.
    """

    start: float
    end: float
    lowest: float

    @property
    def share(self) -> float:
        """(start − end) / (start − lowest)."""
        return _share(self.start, self.end, self.lowest)

    @property
    def rose(self) -> bool:
        """Whether the score ended above its start, by more than rounding."""
        return not self.end <= self.start + ROUNDING * abs(self.start)

    def progress_to(self, lowest: float) -> float:
        """The progress p, where F* is `lowest`."""
        return _share(*_on_scale(self.start, lowest, (self.start, self.end, lowest)))


def _drops(found: Sequence[Standing], groups: Sequence[str], metric: Metric) -> list[_Drop]:
    """How far the score of the metric fell for each candidate; groups: those of `others`."""
    ends = [quantile([metric.score(each) for each in s.results], 0.5) for s in found]
    lowest: dict[str, float] = {}
    for group, end in zip(groups, ends, strict=True):
        lowest[group] = min(lowest.get(group, math.inf), end)
    return [
        _Drop(_start(standing, metric), end, lowest[group])
        for standing, group, end in zip(found, groups, ends, strict=True)
    ]


def others(candidate: Candidate) -> str:
    """The label of a candidate's settings without the learning rate, as a short text.

    Candidates with equal labels form a group: they differ only in the rate.
    """
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(
    standing: Standing,
    progress: float,
    own: float,
    loss: _Drop,
    side: int | None,
    compared: bool | None,
) -> Verdict:
    """The verdict on one candidate.

    progress: the progress p to the best value of all candidates. own: p to the best value of the
    candidates that differ from this one only in the rate. loss: how far the training loss fell.
    side: −1 if the candidate's rate is below the best rate of these candidates, 0 if equal, 1 if
    above; None if no rate was swept. compared: None if all candidates are ranked; else whether
    there are other candidates that differ only in the rate.
    """
    diverged = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(diverged) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(diverged, 0.5):,.0f}")
    # Before any verdict on its loss: a dropped run had no time to lower it.
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    peaks = _growth_of_peaks(standing)
    settles = peaks is not None and peaks <= 1 + ROUNDING
    if diverged or (loss.rose and not settles):
        return Verdict("unstable")
    # After unstable: the best of a sweep may have diverged under some seeds.
    if compared is None and standing.rank == 1:
        return Verdict("best")
    if compared is False:
        return Verdict("not ranked")
    if progress >= GOOD:
        return Verdict("good")
    if side == 1 and peaks is not None and abs(peaks - 1) <= STEADY:
        return Verdict("oscillating")
    if side == 1 and own < GOOD:
        return Verdict("unstable" if loss.share < GOOD and not settles else "too large")
    if peaks is None and _rises(standing, loss) > HALFWAY:
        return Verdict("oscillating")
    if side == -1 and own < HALFWAY:
        return Verdict("too small")
    return Verdict("slow" if progress >= HALFWAY else "poor")


def _start(standing: Standing, measure: Metric) -> float:
    """The median over a candidate's runs of the score at the first evaluation."""
    return measure.sign * float(
        np.median([each.evals[measure.name][0] for each in standing.results])
    )


def _share(start: float, end: float, lowest: float) -> float:
    """(start − end) / (start − lowest).

    If no candidate improved (start ≤ lowest), it is 1 for a score that did not rise, else 0.
    """
    return (start - end) / (start - lowest) if start > lowest else float(end <= start)


def _on_scale(start: float, lowest: float, losses: ArrayLike) -> Numbers:
    """The losses (n,), or their logarithms if the drop from start to lowest is large.

    Losses below the rounding of the initial one are equal.
    """
    values: Numbers = np.asarray(losses, dtype=float)
    if not start > SPAN * lowest > 0:
        return values
    logarithms: Numbers = np.log(np.maximum(values, start * SMALLEST))
    return logarithms


def _rises(standing: Standing, loss: _Drop) -> float:
    """The sum of the rises of the training loss, as a share of its best drop.

    A rise is from one evaluation to the next. It is the median over the runs; 0 without a drop.
    """
    if not loss.start > loss.lowest:
        return 0.0
    first, last = _on_scale(loss.start, loss.lowest, (loss.start, loss.lowest))
    losses = (_on_scale(loss.start, loss.lowest, e.evals["train_loss"]) for e in standing.results)
    with np.errstate(invalid="ignore"):  # a diverged run has infinite losses
        sums = [float(np.maximum(np.diff(each), 0).sum()) for each in losses]
    return float(np.median(sums) / (first - last))


def _growth_of_peaks(standing: Standing) -> float | None:
    """The largest loss of the last third of a run, divided by that of the middle third.

    The largest losses are compared, because the loss oscillates with momentum. The first third is
    left out, because above the stability limit the loss falls at first, until the direction of the
    largest curvature dominates. Of several runs, the largest growth. None if the gradients are not
    those of the full loss, or a run has too few evaluations or a middle third without a loss.
    """
    experiment = standing.candidate.experiment
    if experiment.variant.name != "bgd" and not noiseless([standing.candidate]):
        return None
    growth = 0.0
    for result in standing.results:
        losses = result.evals["train_loss"]
        third = max(len(losses) // 3, 1)
        before, last = losses[-2 * third : -third], losses[-third:]
        if not (len(before) and np.max(before) > 0):
            return None
        growth = max(growth, float(np.max(last) / np.max(before)))
    return growth


def _best_rates(found: Sequence[Standing]) -> dict[str, float]:
    """The best rate of each group, which are candidates that differ only in the rate.

    The result is by the label of the other settings.
    """
    best: dict[str, tuple[float, float]] = {}
    for standing in found:
        if RATE in standing.candidate.settings and standing.finite:
            rate, own = float(standing.candidate.settings[RATE]), others(standing.candidate)
            best[own] = min(best.get(own, (math.inf, rate)), (standing.spread.median, rate))
    return {own: rate for own, (_, rate) in best.items()}


def _side(standing: Standing, best_rates: Mapping[str, float]) -> int | None:
    """−1 if a candidate's rate is below the best rate of its group, 0 if equal, 1 if above.

    best_rates: by group, which are candidates that differ only in the rate. None without a rate.
    """
    rate = standing.candidate.settings.get(RATE)
    best = best_rates.get(others(standing.candidate))
    return None if rate is None or best is None else int(np.sign(rate - best))
