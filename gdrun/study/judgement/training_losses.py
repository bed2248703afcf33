"""What the training losses of the runs of a setting show: how far they fell, rose and swung."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.study.design.trials import noiseless
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import Standing, led_by
from gdrun.study.judgement.statistics import quantile, spread
from gdrun.symptoms import peaks

TRAIN_LOSS = Metric("train_loss")

ROUNDING = 1e-9
"""A loss counts as higher than another only above this relative difference."""


@dataclass(frozen=True)
class Drop:
    """How far the training loss of a candidate fell, by the weights of the last evaluation.

    start, end: the medians over the candidate's runs of the first and of the last loss; `end` is +∞
    if at least half of the runs diverged. lowest: the lowest loss that this candidate and those
    that differ from it only in the rate had when its runs ended: some may have trained for longer.
    """

    start: float
    end: float
    lowest: float

    @property
    def share(self) -> float:
        """(start − end) / (start − lowest), without logarithms.

        With logarithms, a stable rate would have a small share if its loss still falls: a loss of
        10⁻³ would be far from a lowest loss of 10⁻⁹.
        """
        return Improvement(self.start, self.lowest, logarithmic=False).share(self.end)

    @property
    def rose(self) -> bool:
        """Whether the loss ended above its start, by more than rounding."""
        return not self.end <= self.start + ROUNDING * abs(self.start)


def drop_of(standing: Standing, members: Sequence[Standing]) -> Drop:
    """How far a candidate's training loss fell.

    members: the candidates that differ from it only in the rate, with or without itself.
    """
    start = float(np.median([each.evals[TRAIN_LOSS.name][0] for each in standing.results]))
    last = float(np.median([each.evals["step"][-1] for each in standing.results]))
    end = training_loss(standing)
    return Drop(start, end, min([end, *(training_loss(each, last) for each in members)]))


def training_loss(standing: Standing, step: float = math.inf) -> float:
    """The median training loss of a candidate's runs; a diverged run counts as +∞.

    The loss is that of the last evaluation up to this step. So it does not depend on which weights
    the runs return.
    """
    return quantile(_last_losses(standing, step), 0.5)


def by_training_loss(found: Sequence[Standing]) -> Sequence[Standing]:
    """The standings with the last training losses as their scores, and with new ranks."""
    scores = [np.array(_last_losses(each, math.inf)) for each in found]
    pairs = zip(found, scores, strict=True)
    return led_by([replace(each, scores=own, spread=spread(own)) for each, own in pairs], ())


def _last_losses(standing: Standing, step: float) -> list[float]:
    """The training loss of each run at its last evaluation up to a step; +∞ if it diverged."""
    losses = []
    for each in standing.results:
        place = max(int(np.searchsorted(each.evals["step"], step, side="right")) - 1, 0)
        loss = float(each.evals[TRAIN_LOSS.name][place])
        losses.append(math.inf if each.diverged or not math.isfinite(loss) else loss)
    return losses


def sum_of_rises(standing: Standing, loss: Drop) -> float:
    """The sum of the rises of the training loss, divided by the drop loss.start − loss.lowest.

    A rise is an increase from one evaluation to the next. For a large drop, rises and drop are
    those of the logarithm of the loss (`progress.py`). The result is the median over the runs. It
    is 0 if loss.lowest is not below loss.start.
    """
    if not loss.start > loss.lowest:
        return 0.0
    drop = Improvement.between(loss.start, loss.lowest)
    first, last = drop.on_scale((drop.start, drop.best))
    losses = (drop.on_scale(each.evals["train_loss"]) for each in standing.results)
    with np.errstate(invalid="ignore"):  # a diverged run has infinite losses
        sums = [float(np.maximum(np.diff(each), 0).sum()) for each in losses]
    return float(np.median(sums) / (first - last))


def peaks_fall(standing: Standing) -> bool:
    """Whether the peaks of a loss fall (see `peaks.fall`), so that its rate may be stable.

    With several runs, the peaks of all of them fall. False if `growth_of_peaks` is None.
    """
    falling = all(peaks.fall(result.evals["train_loss"]) for result in standing.results)
    return growth_of_peaks(standing) is not None and falling


def growth_of_peaks(standing: Standing) -> float | None:
    """How the peaks of a loss grow (see `peaks.growth`): the largest quotient of the runs.

    None if the gradients are not those of the full loss, or if `peaks.growth` of a run is None.
    """
    experiment = standing.candidate.experiment
    if experiment.variant.name != "bgd" and not noiseless([standing.candidate]):
        return None
    grown = [peaks.growth(result.evals["train_loss"]) for result in standing.results]
    known = [each for each in grown if each is not None]
    return max(known, default=0.0) if len(known) == len(grown) else None
