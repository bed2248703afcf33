"""The factor by which each step of a run multiplied the error, beside the one that theory predicts.

After many steps f − f* falls by ρ² a step (see gdrun.insight.rates). So ρ is observed as half the
slope of log(f − f*) over the steps, by least squares over the last half of the steps whose f − f*
is clearly above its rounding error. Momentum oscillates, and a fit averages the oscillations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers, Numbers

CLEAR = 100
"""The least f − f* of a step that counts, in rounding errors of f."""

FEWEST = 5
"""The fewest evaluations to which a slope is fitted."""


@dataclass(frozen=True)
class ObservedContraction:
    """The contraction of a step, as it was predicted, and as it was from the step first to last."""

    predicted: float
    observed: float
    first: int
    last: int


def observed_contraction(
    steps: Integers, excess: Numbers, noise: float, predicted: float
) -> ObservedContraction | None:
    """The observed contraction of a run; None if too few evaluations show it.

    steps, excess (n,): the step of every evaluation, and f − f* there. noise: the rounding error of
    f. predicted: the contraction ρ by theory.
    """
    hidden = np.flatnonzero(~(np.isfinite(excess) & (excess > CLEAR * noise)))
    end = int(hidden[0]) if len(hidden) else len(excess)
    if not end:
        return None
    counted = steps[:end] >= steps[end - 1] / 2
    places, values = steps[:end][counted], excess[:end][counted]
    if len(places) < FEWEST:
        return None
    slope = float(np.polyfit(places - places[0], np.log(values), 1)[0])
    return ObservedContraction(predicted, math.exp(slope / 2), int(places[0]), int(places[-1]))
