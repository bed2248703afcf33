"""The sizes of the features of the training part: gradient descent is slow if they differ much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array
from gdrun.data.row_blocks import row_blocks
from gdrun.threads import in_order


@dataclass(frozen=True)
class FeatureScale:
    """A feature and its root mean square √(Σx² / N) over the training rows."""

    feature: str
    rms: float


def extreme_scales(names: Sequence[str], X: Array) -> tuple[FeatureScale, FeatureScale] | None:
    """The features with the smallest and the largest root mean square; 0 does not count.

    names: the names of the columns. X (N, d): the rows in memory. Returns None if all values are 0,
    or if the square of a value is not finite.
    """
    with np.errstate(all="ignore"):
        sums = sum(in_order(_squares, row_blocks(X)), np.zeros(X.shape[1]))
    rms = np.sqrt(sums / max(len(X), 1))
    known = np.flatnonzero(rms > 0)
    if not len(known) or not np.isfinite(rms).all():
        return None
    ends = (known[np.argmin(rms[known])], known[np.argmax(rms[known])])
    least, most = (FeatureScale(names[place], float(rms[place])) for place in ends)
    return least, most


def _squares(block: Array) -> Array:
    """The sum of squares of each column (d,). block (n, d)."""
    values = np.asarray(block, dtype=np.float64)
    sums: Array = np.einsum("ij,ij->j", values, values)
    return sums
