"""Names of curves at their right ends, so that no legend covers a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gdrun.array_types import Array
from gdrun.views.pictures.style import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 14
"""The most names that fit at the right of one chart."""

GAP = 0.07
"""The smallest distance of two names, as a share of the height of the axes."""


@dataclass(frozen=True)
class EndLabel:
    """The name of a curve, with the look of the curve.

    y: the height at which the curve ends, in the unit of the axis.
    """

    text: str
    y: float
    colour: str
    marker: str


def draw_end_labels(axes: Axes, labels: Sequence[EndLabel]) -> None:
    """Write each name at the right of the axes, as near to the height of its curve as it fits.

    The scales and limits of the axes must not change afterwards.
    """
    ends = [axes.transData.transform((1.0, label.y))[1] for label in labels]
    shares = [axes.transAxes.inverted().transform((0.0, end))[1] for end in ends]
    for label, height in zip(labels, spread(np.array(shares), GAP), strict=True):
        axes.plot(
            [1.03],
            [height],
            color=label.colour,
            marker=label.marker,
            markersize=4,
            transform=axes.transAxes,
            clip_on=False,
            label="_end",
        )
        axes.text(
            1.05,
            float(height),
            plain(label.text),
            transform=axes.transAxes,
            va="center",
            fontsize=8,
        )


def spread(heights: Array, gap: float) -> Array:
    """Heights (n,) that are at least `gap` apart, in the same order, and near the given heights.

    The results minimise the sum of the squared distances from the given heights. They are computed
    by the pool-adjacent-violators algorithm (Barlow et al. 1972), and are within 0 … 1 if they fit.

    >>> spread(np.array([0.5, 0.5]), 0.1)
    array([0.45, 0.55])
    """
    order = np.argsort(heights, kind="stable")
    gaps = gap * np.arange(len(heights))
    blocks: list[tuple[float, int]] = []
    for value in np.clip(heights[order], 0, 1) - gaps:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, count), (other, more) = blocks[-2:]
            blocks[-2:] = [((mean * count + other * more) / (count + more), count + more)]
    fitted = np.concatenate([np.full(count, mean) for mean, count in blocks] or [np.empty(0)])
    result = np.empty(len(heights))
    result[order] = np.clip(fitted, 0, max(1 - gap * (len(heights) - 1), 0)) + gaps
    return result
