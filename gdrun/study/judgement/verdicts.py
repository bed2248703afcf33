"""The verdict on each learning rate of a sweep, in words.

Everything is relative to the sweep itself, so no verdict depends on the scale of loss or rate. With
L₀ the training loss a candidate starts from, Lₖ its median final one, and L* the lowest Lₖ of all
(where the losses are different quantities, the metric that the sweep is judged by in their place),

    progress  p = (L₀ − Lₖ) / (L₀ − L*)          1 at the lowest loss, 0 at the start, below 0 worse

    best      the best median of the metric that the sweep is judged by
    good      p ≥ 0.95: no more than a twentieth of the way is missing
    slow      p ≥ 0.5, at a rate below the best
    too small p < 0.5, at a rate below the best
    unstable  p < 0.95 at a rate above the best; or p < 0; or some seeds diverged, but not half
              (slow, where the gradients are full-batch and the loss comes down: it may swing
              without a limit being passed)
    diverged  half of the seeds or more, at their median step
    dropped   by successive halving, at an epoch

Which side of the best a rate lies on is asked among candidates that differ in the rate alone, and
so is whether it is unstable: there L* is the lowest of these. A sweep over other keys knows no
side: there, less than good is slow, and less than slow is poor.
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
ROUNDING = 1e-9
RATE = "optimizer.lr"
TRAIN_LOSS = Metric("train_loss")

Word = Literal["too small", "poor", "slow", "good", "best", "unstable", "diverged", "dropped"]


@dataclass(frozen=True)
class Verdict:
    """A word, and when it came about: for a divergence the median step over the seeds it struck."""

    word: Word
    moment: str = ""

    @property
    def text(self) -> str:
        return f"{self.word} {self.moment}".rstrip()

    @property
    def stable(self) -> bool:
        """Whether the rate is within the limits of stability, if not a good one."""
        return self.word not in ("unstable", "diverged")


def verdicts(found: Sequence[Standing], measure: Metric = TRAIN_LOSS) -> list[Verdict]:
    """The verdict on each candidate, in their order. measure: what progress is read from."""
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
    """All its settings but the rate, which those have in common that differ in the rate alone."""
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(standing: Standing, progress: float, own: float, side: int | None) -> Verdict:
    """progress: towards the lowest of all; own: of those that differ in the rate alone.

    side: −1 below the best rate of these, 1 above, 0 at it; None without a rate.
    """
    struck = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(struck) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(struck, 0.5):,.0f}")
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    swings = _comes_down(standing)
    if struck or not (progress >= 0 or swings):
        return Verdict("unstable")
    if standing.rank == 1:
        return Verdict("best")
    if progress >= GOOD:
        return Verdict("good")
    if side == 1 and own < GOOD and not swings:
        return Verdict("unstable")
    if progress >= HALFWAY or side == 1:
        return Verdict("slow")
    return Verdict("poor" if side is None else "too small")


def _start(standing: Standing, measure: Metric) -> float:
    """The median score that its runs start from."""
    return measure.sign * float(
        np.median([each.evals[measure.name][0] for each in standing.results])
    )


def _progress(start: float, end: float, lowest: float) -> float:
    """p, and 1 where there was no way to go."""
    return (start - end) / (start - lowest) if start > lowest else float(end <= start)


def _comes_down(standing: Standing) -> bool:
    """Whether full-batch losses do: their last third's peak is no higher than the third before's.

    Peaks, because momentum swings on the way; the last ones, because above the limit the loss falls
    at first, until the direction of the largest curvature has grown.
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
    """The best rate among the candidates that agree in everything else."""
    best: dict[str, tuple[float, float]] = {}
    for standing in found:
        if RATE in standing.candidate.settings and standing.sound:
            rate, own = float(standing.candidate.settings[RATE]), others(standing.candidate)
            best[own] = min(best.get(own, (math.inf, rate)), (standing.spread.median, rate))
    return {own: rate for own, (_, rate) in best.items()}


def _side(standing: Standing, best_rates: Mapping[str, float]) -> int | None:
    rate = standing.candidate.settings.get(RATE)
    best = best_rates.get(others(standing.candidate))
    return None if rate is None or best is None else int(np.sign(rate - best))
