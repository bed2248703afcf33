"""The final metric of a sweep against a key, with the verdicts and the stability limit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from gdrun.array_types import Array
from gdrun.views.pictures.end_labels import spread
from gdrun.views.pictures.lines import draw_chart, title_with_band
from gdrun.views.pictures.style import PALETTE, figure, plain
from gdrun.views.pictures.texts import set_title
from gdrun.views.study_figures import Sensitivity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.055
"""The smallest distance of two names, as a share of the width of the axes."""

_ZONES = {
    "good": "#009e73",
    "best": "#009e73",
    "slow": "#e69f00",
    "too large": "#e69f00",
    "unstable": "#d55e00",
    "diverged": "#d55e00",
}
"""The colours of the zones; other verdicts have a grey zone."""


def sensitivity_picture(found: Sensitivity) -> Figure:
    """The curve with a marker for each value, and a × at the top where its median is infinite.

    Behind it are zones, one for each verdict, and the stability limit as a vertical line.
    """
    picture = figure(6.4, 4.0)
    axes = picture.subplots()
    draw_chart(axes, found.chart)
    x, y = found.curve.x, found.curve.y
    finite = np.isfinite(y)
    axes.plot(x[finite], y[finite], "o", color=PALETTE[0], markersize=4)
    top = axes.get_xaxis_transform()
    axes.plot(x[~finite], np.full((~finite).sum(), 0.96), "x", color=PALETTE[1], transform=top)
    edges = _edges(x, found.chart.log_x)
    axes.set_xlim(edges[0], edges[-1])
    zones = []
    start = 0
    for word, group in groupby(map(_zone, found.words)):
        end = start + len(list(group))
        left, right = edges[start], edges[end]
        axes.axvspan(left, right, color=_ZONES.get(word, "#999999"), alpha=0.1, linewidth=0)
        middle = np.sqrt(left * right) if found.chart.log_x else (left + right) / 2
        zones.append((word, float(middle)))
        start = end
    _name_zones(axes, zones)
    limit = found.chart.limit
    if limit is not None and edges[0] < limit[0] < edges[-1]:
        value, form = limit
        axes.axvline(value, color="#000000", linewidth=1, linestyle=(0, (4, 2)))
        words = f"{form} = {value:.3g}"
        axes.annotate(
            plain(words),
            (value, 0.5),
            xycoords=top,
            xytext=(-3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="center",
            fontsize=8,
        )
    set_title(picture, title_with_band(found.chart, found.chart.curves))
    return picture


def _name_zones(axes: Axes, zones: Sequence[tuple[str, float]]) -> None:
    """Write the name of each zone above it, so that the names of narrow zones do not overlap.

    zones: each name, and the x of the middle of its zone.
    """
    across = axes.transData.transform([(x, 0.0) for _, x in zones])
    middles = axes.transAxes.inverted().transform(across)[:, 0]
    for (word, _), middle, place in zip(zones, middles, spread(middles, GAP), strict=True):
        axes.annotate(
            word,
            (middle, 1.0),
            xycoords="axes fraction",
            xytext=(float(place), 1.04),
            rotation=30,
            rotation_mode="anchor",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )


def _zone(word: str) -> str:
    return "good" if word == "best" else word


def _edges(x: Array, log: bool) -> Array:
    """The edges of zones around the values x (n,): (n + 1,), halfway between neighbours."""
    places = np.log(x) if log else x
    if len(places) == 1:
        half = np.array([0.5])
        edges = np.concatenate([places - half, places + half])
    else:
        middles = (places[1:] + places[:-1]) / 2
        first, last = 2 * places[0] - middles[0], 2 * places[-1] - middles[-1]
        edges = np.concatenate([[first], middles, [last]])
    result: Array = np.exp(edges) if log else edges
    return result
