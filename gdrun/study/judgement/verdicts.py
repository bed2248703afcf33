"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. L₀ is the initial training loss of a candidate, Lₖ its median final training loss, and L* the
lowest Lₖ of all candidates. (If the candidates minimise different losses, the metric of the sweep
is used instead of the training loss.)

    progress  p = (L₀ − Lₖ) / (L₀ − L*)          1 at the lowest loss, 0 at the start, below 0 worse

    best      the best median of the metric that the sweep is judged by
    good      p ≥ 0.95
    slow      p ≥ 0.5, at a rate below the best rate
    too small p < 0.5, at a rate below the best
    unstable  p < 0.95 at a rate above the best; or p < 0; or some seeds diverged, but not half
              (slow instead, if gradients are full-batch and the peaks of the loss do not rise:
              with momentum the loss oscillates at stable rates too)
    diverged  half of the seeds or more diverged (shown with the median step)
    dropped   successive halving dropped the candidate (shown with the epoch)

Whether a rate is below or above the best rate, and whether it is unstable, is decided among
candidates that differ only in the rate; L* is then the lowest Lₖ of these candidates. In a sweep
over other keys a candidate with p < 0.95 is slow, and one with p < 0.5 is poor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gdrun.study.design.trials import Candidate, label
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import quantile

GOOD, HALFWAY = 0.95, 0.5
"""The least progress p of a good candidate, and of a slow one."""

ROUNDING = 1e-9
"""A peak of the loss counts as higher than another only above this relative difference."""

RATE = "optimizer.lr"
TRAIN_LOSS = Metric("train_loss")

Word = Literal["too small", "poor", "slow", "good", "best", "unstable", "diverged", "dropped"]


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
        """Whether the candidate's rate is stable: the word is not unstable or diverged."""
        return self.word not in ("unstable", "diverged")


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
            _progress(start, end, lowest[others(standing.candidate)]),
            _side(standing, best_rates),
        )
        for standing, start, end in zip(found, starts, ends, strict=True)
    ]


def others(candidate: Candidate) -> str:
    """The label of a candidate's settings without the learning rate, as a short text.

    Candidates with equal labels form a group: they differ only in the rate.
    """
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(standing: Standing, progress: float, own: float, side: int | None) -> Verdict:
    """The verdict on one candidate.

    progress: the progress p with the lowest loss L* of all candidates. own: p with L* of the
    candidates that differ from this one only in the rate. side: −1 if the candidate's rate is below
    the best rate of these candidates, 0 if equal, 1 if above; None if no rate was swept.
    """
    diverged = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(diverged) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(diverged, 0.5):,.0f}")
    # Before any verdict on its loss: a dropped run had no time to lower it.
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    settles = _peaks_do_not_rise(standing)
    if diverged or not (progress >= 0 or settles):
        return Verdict("unstable")
    # After unstable: the best of a sweep may have diverged under some seeds.
    if standing.rank == 1:
        return Verdict("best")
    if progress >= GOOD:
        return Verdict("good")
    if side == 1 and own < GOOD and not settles:
        return Verdict("unstable")
    if progress >= HALFWAY or side == 1:
        return Verdict("slow")
    return Verdict("poor" if side is None else "too small")


def _start(standing: Standing, measure: Metric) -> float:
    """The median over a candidate's runs of the score at the first evaluation."""
    return measure.sign * float(
        np.median([each.evals[measure.name][0] for each in standing.results])
    )


def _progress(start: float, end: float, lowest: float) -> float:
    """The progress p = (start − end) / (start − lowest) of a candidate.

    start, end: the scores of its initial and its final weights. lowest: the lowest final score of
    all candidates. If no candidate improved (start ≤ lowest), p is 1 for a score that did not rise,
    else 0.
    """
    return (start - end) / (start - lowest) if start > lowest else float(end <= start)


def _peaks_do_not_rise(standing: Standing) -> bool:
    """Whether in every run the last third has no larger loss than the middle third.

    The largest losses are compared, because the loss oscillates with momentum. The first third is
    left out, because above the stability limit the loss falls at first, until the direction of the
    largest curvature dominates. False if the gradients are not full-batch.
    """
    if standing.candidate.experiment.variant.name != "bgd":
        return False
    for result in standing.results:
        losses = result.evals["train_loss"]
        third = max(len(losses) // 3, 1)
        before, last = losses[-2 * third : -third], losses[-third:]
        if not (len(before) and np.max(last) <= np.max(before) * (1 + ROUNDING)):
            return False
    return True


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
