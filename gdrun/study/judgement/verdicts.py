"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. L₀ is the initial training loss of a candidate, Lₖ its median final training loss, and L* the
lowest Lₖ of all candidates. (If the candidates minimise different losses, the metric of the sweep
is used instead of the training loss.)

    progress  p = (L₀ − Lₖ) / (L₀ − L*)          1 at the lowest loss, 0 at the start, below 0 worse

and with the logarithms of the losses where L₀ > SPAN L* > 0, so that a loss three times the best is
not good; a rate is unstable only if p without logarithms is below 0.95, too. The words and their
rules are in MEANINGS, which `gdrun list verdicts` shows.

Whether a rate is below or above the best rate, and whether it is unstable, is decided among
candidates that differ only in the rate; L* is then the lowest Lₖ of these candidates. With
full-batch gradients a rate above the best is slow rather than unstable if the peaks of the loss
fall: with momentum the loss oscillates at stable rates too.
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
"""From this ratio of the initial to the lowest loss on, p is that of the logarithms."""

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

ROUNDING = 1e-9
"""A peak of the loss counts as higher than another only above this relative difference."""

RATE = "optimizer.lr"
TRAIN_LOSS = Metric("train_loss")

Word = Literal[
    "too small",
    "poor",
    "slow",
    "good",
    "best",
    "oscillating",
    "unstable",
    "diverged",
    "dropped",
]

MEANINGS: dict[Word, str] = {
    "best": "the best median of the metric that ranks the settings",
    "good": "p ≥ 95 %",
    "slow": "p < 95 %",
    "too small": "p < 50 %, at a rate below the best",
    "poor": "p < 50 %, where no rate is swept",
    "oscillating": "p < 95 %, and the rises of the loss add up to more than half of the best "
    "drop, or with full batches its peaks stay equal at a rate above the best",
    "unstable": "p < 95 % at a rate above the best, or the loss ended above its start, or a run "
    "diverged",
    "diverged": "half of the runs or more diverged; with the median step",
    "dropped": "successive halving dropped the setting; with the epoch",
}
"""The rule for each word. p is the progress: the share of the best drop of the training loss."""


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


def verdicts(found: Sequence[Standing], measure: Metric = TRAIN_LOSS) -> list[Verdict]:
    """The verdict on each candidate.

    found: the standings (results, scores and ranks) of the candidates; the verdicts have the same
    order. measure: the metric from which the progress p is computed.
    """
    ends = [quantile([measure.score(each) for each in s.results], 0.5) for s in found]
    starts = [_start(standing, measure) for standing in found]
    lowest: dict[str, float] = {}
    for standing, end in zip(found, ends, strict=True):
        own = others(standing.candidate)
        lowest[own] = min(lowest.get(own, math.inf), end)
    overall = min(lowest.values(), default=math.inf)
    best_rates = _best_rates(found)
    return [
        _verdict(
            standing,
            _progress(start, end, overall),
            _share(start, end, lowest[others(standing.candidate)]),
            _side(standing, best_rates),
            _rises(standing, start, overall),
        )
        for standing, start, end in zip(found, starts, ends, strict=True)
    ]


def others(candidate: Candidate) -> str:
    """The label of a candidate's settings without the learning rate, as a short text.

    Candidates with equal labels form a group: they differ only in the rate.
    """
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(
    standing: Standing, progress: float, own: float, side: int | None, rises: float
) -> Verdict:
    """The verdict on one candidate.

    progress: the progress p with the lowest loss L* of all candidates. own: p without logarithms,
    with L* of the candidates that differ from this one only in the rate. side: −1 if the
    candidate's rate is below the best rate of these candidates, 0 if equal, 1 if above; None if no
    rate was swept. rises: the sum of the rises of the loss, as a share of the best drop.
    """
    diverged = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(diverged) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(diverged, 0.5):,.0f}")
    # Before any verdict on its loss: a dropped run had no time to lower it.
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    peaks = _growth_of_peaks(standing)
    settles = peaks is not None and peaks <= 1 + ROUNDING
    if diverged or not (progress >= -ROUNDING or settles):
        return Verdict("unstable")
    # After unstable: the best of a sweep may have diverged under some seeds.
    if standing.rank == 1:
        return Verdict("best")
    if progress >= GOOD:
        return Verdict("good")
    if side == 1 and peaks is not None and abs(peaks - 1) <= STEADY:
        return Verdict("oscillating")
    if side == 1 and own < GOOD and not settles:
        return Verdict("unstable")
    if rises > HALFWAY and peaks is None:
        return Verdict("oscillating")
    if progress >= HALFWAY or side == 1:
        return Verdict("slow")
    return Verdict("poor" if side is None else "too small")


def _start(standing: Standing, measure: Metric) -> float:
    """The median over a candidate's runs of the score at the first evaluation."""
    return measure.sign * float(
        np.median([each.evals[measure.name][0] for each in standing.results])
    )


def _progress(start: float, end: float, lowest: float) -> float:
    """The progress p, from the initial, the final and the lowest score."""
    return _share(*_on_scale(start, lowest, (start, end, lowest)))


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


def _rises(standing: Standing, start: float, lowest: float) -> float:
    """The sum of the rises of the training loss, as a share of the drop from start to lowest.

    A rise is from one evaluation to the next. It is the median over the runs; 0 without a drop.
    """
    if not start > lowest:
        return 0.0
    first, last = _on_scale(start, lowest, (start, lowest))
    losses = (_on_scale(start, lowest, each.evals["train_loss"]) for each in standing.results)
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
