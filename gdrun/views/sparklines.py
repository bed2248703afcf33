"""Sparklines: curves in one line of text."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gdrun.array_types import Integers

BLOCKS = "▁▂▃▄▅▆▇█"
NOT_FINITE = "×"
ABOVE = "↑"

SPAN = 30
"""Heights are logarithmic by default if the largest value exceeds this many times the smallest."""


def sparkline(
    values: ArrayLike,
    width: int = 40,
    *,
    log: bool | None = None,
    ends: tuple[float, float] | None = None,
) -> str:
    """The values (n,) as a line of at most `width` blocks of different heights.

    More than `width` values are divided into `width` parts, and a block shows the largest value of
    its part. × shows that a value of the part is not finite. log: whether heights are logarithmic;
    None means that they are if the values are positive and span more than a factor of SPAN.
    ends: the values of the lowest and of the highest block, for curves that share a scale; ↑ shows
    a larger value. None for the smallest and the largest value.

    >>> sparkline([1, 2, 3, 4], log=False)
    '▁▃▆█'
    """
    series = np.asarray(values, dtype=float)
    if not len(series):
        return ""
    peaks = np.maximum.reduceat(series, part_starts(len(series), width))
    finite = peaks[np.isfinite(peaks)]
    if not len(finite):
        return NOT_FINITE * len(peaks)
    low, high = (finite.min(), finite.max()) if ends is None else ends
    if log is None:
        log = bool(low > 0 and high > SPAN * low)
    above = peaks > high + 1e-9 * (high - low)
    if log:
        # Zero and negative values have no logarithm: they get the height of the smallest positive.
        floor = low if low > 0 else finite[finite > 0].min() if (finite > 0).any() else 1.0
        peaks, low, high = (np.log(np.maximum(part, floor)) for part in (peaks, low, high))
    span = high - low or 1.0  # a constant series has no span
    with np.errstate(invalid="ignore"):
        heights = np.clip(np.round((peaks - low) / span * (len(BLOCKS) - 1)), 0, len(BLOCKS) - 1)
    return "".join(map(_block, heights, np.isfinite(peaks), above))


def part_starts(count: int, width: int = 40) -> Integers:
    """The index at which each of at most `width` parts of `count` values starts, (parts,).

    The number of values in any two parts differs by at most 1.
    """
    parts = min(width, count)
    starts: Integers = np.arange(parts) * count // parts
    return starts


def _block(height: float, finite: bool, above: bool) -> str:
    if not finite:
        return NOT_FINITE
    return ABOVE if above else BLOCKS[int(height)]
