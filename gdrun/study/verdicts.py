"""The verdict on each learning rate of a sweep, in words.

Everything is relative to the sweep itself, so no verdict depends on the scale of loss or rate. With
L₀ the training loss a candidate starts from, Lₖ its median final one, and L* the lowest Lₖ of all,

    progress  p = (L₀ − Lₖ) / (L₀ − L*)          1 at the lowest loss, 0 at the start, below 0 worse

    best      the best median of the metric that the sweep is judged by
    good      p ≥ 0.95: no more than a twentieth of the way is missing
    slow      p ≥ 0.5, at a rate below the best
    too small p < 0.5, at a rate below the best
    unstable  p < 0.95 at a rate above the best; or p < 0; or some seeds diverged, but not half
    diverged  half of the seeds or more, at their median step
    dropped   by successive halving, at an epoch

Which side of the best a rate lies on is asked among candidates that differ in the rate alone. A
sweep over other keys knows no side: there, less than good is slow, and less than slow is poor.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gdrun.study.ranking import Standing
from gdrun.study.statistics import quantile

GOOD, HALFWAY = 0.95, 0.5
RATE = "optimizer.lr"

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


def verdicts(found: Sequence[Standing]) -> list[Verdict]:
    """The verdict on each candidate, in their order."""
    losses = [standing.quantile_of("train_loss") for standing in found]
    lowest = min((loss for loss in losses if math.isfinite(loss)), default=math.nan)
    best_rates = _best_rates(found)
    return [
        _verdict(standing, loss, lowest, _side(standing, best_rates))
        for standing, loss in zip(found, losses, strict=True)
    ]


def _verdict(standing: Standing, loss: float, lowest: float, side: int | None) -> Verdict:
    """side: −1 below the best rate of its kind, 1 above, 0 at it; None without a rate."""
    struck = [result.record["stop"]["step"] for result in standing.results if result.diverged]
    if 2 * len(struck) >= len(standing.results):
        return Verdict("diverged", f"at step {quantile(struck, 0.5):,.0f}")
    if standing.dropped is not None:
        return Verdict("dropped", f"at epoch {standing.dropped:.4g}")
    progress = _progress(standing, loss, lowest)
    if struck or not progress >= 0:
        return Verdict("unstable")
    if standing.rank == 1:
        return Verdict("best")
    if progress >= GOOD:
        return Verdict("good")
    if side == 1:
        return Verdict("unstable")
    if progress >= HALFWAY:
        return Verdict("slow")
    return Verdict("poor" if side is None else "too small")


def _progress(standing: Standing, loss: float, lowest: float) -> float:
    """p, and 1 where there was no way to go."""
    starts = [result.summary["initial_train_loss"] for result in standing.results]
    start = float(np.median(starts))
    return (start - loss) / (start - lowest) if start > lowest else float(loss <= start)


def _best_rates(found: Sequence[Standing]) -> dict[str, float]:
    """The best rate among the candidates that agree in everything else."""
    best: dict[str, tuple[float, float]] = {}
    for standing in found:
        if RATE in standing.candidate.settings and standing.sound:
            rate = float(standing.candidate.settings[RATE])
            others = _others(standing)
            best[others] = min(best.get(others, (math.inf, rate)), (standing.spread.median, rate))
    return {others: rate for others, (_, rate) in best.items()}


def _side(standing: Standing, best_rates: dict[str, float]) -> int | None:
    rate, best = standing.candidate.settings.get(RATE), best_rates.get(_others(standing))
    return None if rate is None or best is None else int(np.sign(rate - best))


def _others(standing: Standing) -> str:
    settings = standing.candidate.settings
    return json.dumps({key: value for key, value in settings.items() if key != RATE}, default=str)
