"""The peaks of a loss that rises and falls: whether they grow, fall or stay equally high.

With momentum the loss oscillates also at a stable rate, so that its largest values are compared.
The first third of a run is left out: above the stability limit the loss falls at first, until the
direction of the largest curvature dominates; below it the loss may first rise far above its start.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gdrun.array_types import Array

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

FEWEST = 5
"""The fewest evaluations that show a peak of an oscillation, whose period is often two or three."""

FEWEST_PARTS, MOST_PARTS = 4, 8
"""The fewest and the most parts of a run whose peaks are compared."""

FALLING = (
    "the largest loss of the last third of a run is not above that of the third before; and, with "
    f"{6 * FEWEST} evaluations or more, the last two thirds are divided into {FEWEST_PARTS} to "
    f"{MOST_PARTS} equal parts, and no part has a larger loss than the part before has"
)
"""The rule of `fall`, as text."""

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

    The rule is FALLING, with the parts of `of_parts`. The peaks of a loss that jumps up and down
    at random may fall from third to third, but from part to part only with a probability of 1/k!
    for k parts.
    """
    grown = growth(loss)
    if grown is None or grown > 1 + _ROUNDING:
        return False
    return all(after <= (1 + _ROUNDING) * before for before, after in pairwise(of_parts(loss)))


def stay(loss: Array) -> bool:
    """Whether the peaks of a loss (n,) stay equally high, from third to third and in all parts."""
    grown, parts = growth(loss), of_parts(loss)
    if grown is None or abs(grown - 1) > STEADY:
        return False
    return not parts or max(parts) <= (1 + STEADY) * min(parts)


def of_parts(loss: Array) -> list[float]:
    """The peaks of equal parts of the last two thirds of a loss (n,), in the order of time.

    There are FEWEST_PARTS, or as many as have 2 · FEWEST evaluations each, at most MOST_PARTS.
    Empty if a sixth of the run has fewer than FEWEST evaluations.
    """
    if len(loss) < 6 * FEWEST:
        return []
    late = loss[len(loss) // 3 :]
    number = max(FEWEST_PARTS, min(MOST_PARTS, len(late) // (2 * FEWEST)))
    return [float(np.max(part)) for part in np.array_split(late, number)]
