"""The curves in the rows of a table: training losses as sparklines that share one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers
from gdrun.study.judgement.ranking import Standing
from gdrun.views.numbers import quantity, told_apart
from gdrun.views.sparklines import SPAN, sparkline

WIDTH = 10
"""The width of a curve, in characters."""


@dataclass(frozen=True)
class CurveScale:
    """The scale that the curves of a table share, each with the losses of one run of a candidate.

    low: the lowest loss of any of these runs that did not diverge. high: their largest initial
    loss. If all of them diverged, low and high are their lowest and their largest finite loss. log:
    whether heights are logarithmic.
    """

    low: float
    high: float
    log: bool

    def curve(self, standing: Standing) -> str:
        """The training loss of a candidate's median run over its evaluations, as a sparkline."""
        return self.line(_losses(standing))

    def line(self, losses: Numbers) -> str:
        """The losses (n,) as a sparkline."""
        return sparkline(losses, WIDTH, log=self.log, ends=(self.low, self.high))

    @property
    def legend(self) -> str:
        """A sentence on the scale, for the notes below the table."""
        spacing = ", logarithmic" if self.log else ""
        if self.low == self.high:
            return f"training loss of the median run: every finite loss is {quantity(self.low)}"
        low, high = told_apart((self.low, self.high))
        return (
            f"training loss of the median run, the same scale in all rows{spacing}: "
            f"{low} (▁) to {high} (█); ↑: larger losses"
        )


def scale_of(standings: Sequence[Standing]) -> CurveScale | None:
    """The scale for the curves of these candidates: of the training losses of their median runs.

    None if no such loss is finite.
    """
    kept = [_losses(each) for each in standings if not each.median_result.diverged]
    return scale_over([_losses(each) for each in standings], kept)


def scale_over(every: Sequence[Numbers], kept: Sequence[Numbers]) -> CurveScale | None:
    """The scale for curves of losses, (n,) each; None if no loss is finite.

    every: all curves. kept: the curves of runs that did not diverge.
    """
    highest = np.array([losses[0] for losses in every if len(losses)])
    lowest = np.concatenate([highest, *kept])
    if not len(kept):  # The losses before the divergence are all that the curves can show.
        highest = lowest = np.concatenate([np.empty(0), *every])
    lowest, highest = lowest[np.isfinite(lowest)], highest[np.isfinite(highest)]
    if not len(highest):
        return None
    low, high = float(lowest.min()), float(highest.max())
    return CurveScale(low, high, log=low > 0 and high > SPAN * low)


def _losses(standing: Standing) -> Numbers:
    losses: Numbers = standing.median_result.evals.get("train_loss", np.empty(0))
    return losses
