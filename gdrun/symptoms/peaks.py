"""The peaks of a loss that rises and falls: whether they grow, fall or stay equally high.

With momentum the loss oscillates also at a stable rate, so that its largest values are compared.
The first third of a run is left out: above the stability limit the loss falls at first, until the
direction of the largest curvature dominates; below it the loss may first rise far above its start.
"""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

FEWEST = 5
"""The fewest evaluations that show a peak of an oscillation, whose period is often two or three."""

_ROUNDING = 1e-9
"""A loss counts as higher than another only above this relative difference."""


def growth(loss: Array) -> float | None:
    """The largest loss of the last third of a run, divided by that of the middle third.

    loss: (n,), above its lower bound. None with too few evaluations, or without a positive loss in
    the middle third.

    >>> growth(np.array([9.0, 2.0, 4.0, 1.0, 2.0, 0.0]))
    0.5
    """
    third = max(len(loss) // 3, 1)
    before, last = loss[-2 * third : -third], loss[-third:]
    if not (len(before) and np.max(before) > 0):
        return None
    return float(np.max(last) / np.max(before))


def fall(loss: Array) -> bool:
    """Whether the peaks of a loss (n,) fall, so that its rate may be stable although the loss rose.

    The peak of the last third of the run is not above that of the third before. If a sixth of the
    run has at least FEWEST evaluations, the peak of the last sixth is also not above that of any of
    the three sixths before: a loss that jumps up and down at random may fall from third to third.
    """
    grown = growth(loss)
    if grown is None or grown > 1 + _ROUNDING:
        return False
    if len(loss) < 6 * FEWEST:
        return True
    peaks = [float(np.max(part)) for part in np.array_split(loss[len(loss) // 3 :], 4)]
    return not peaks[-1] > (1 + _ROUNDING) * min(peaks)


def stay(loss: Array) -> bool:
    """Whether the peaks of a loss (n,) stay equally high."""
    grown = growth(loss)
    return grown is not None and abs(grown - 1) <= STEADY
