"""The loss of a trained model on the plane of its path (Li et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdrun.insight.loss_plane import LossPlane
from gdrun.views.numbers import count, percent
from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import MAP, PALETTE, figure
from gdrun.views.pictures.texts import set_labels, set_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = 16


def landscape_picture(title: str, plane: LossPlane, log: bool) -> Figure:
    """The contours of the loss, and the projected path from its start to its end.

    log: whether the levels of the contours are logarithmic.
    """
    from matplotlib.colors import LogNorm, Normalize

    picture = figure(6.2, 4.8)
    axes = picture.subplots()
    values = np.ma.masked_invalid(plane.values)
    low, high = float(values.min()), float(values.max())
    space = np.geomspace if log else np.linspace
    levels = np.unique(space(low, high, LEVELS))
    norm = LogNorm(low, high) if log else Normalize(low, high)
    words = f"training objective on {count(plane.rows, 'row')}"
    if len(levels) > 1:
        filled = axes.contourf(plane.u, plane.v, values, levels, cmap=MAP, norm=norm)
        bar = picture.colorbar(filled, ax=axes, label=words, format="%.3g")
        bar.set_ticks(levels[:: max(len(levels) // 8, 1)].tolist())
        bar.minorticks_off()
    axes.plot(*plane.path.T, color="#ffffff", linewidth=3.2)
    axes.plot(*plane.path.T, color=PALETTE[1], marker=".", markersize=3, linewidth=1.4)
    ends = [
        axes.plot(*place, "o", color=fill, markeredgecolor="#000000", markersize=7, zorder=4)[0]
        for place, fill in ((plane.path[0], "#ffffff"), (plane.path[-1], PALETTE[1]))
    ]
    axes.grid(False)
    names = ("first", "second")
    labels = [
        f"{name} principal direction ({percent(share)} of the path)"
        for name, share in zip(names, plane.share, strict=True)
    ]
    set_labels(axes, labels[0], labels[1], (4.4, 4.0))
    set_title(picture, title)
    legend(picture, [axes.lines[1], *ends], [_path_words(plane), "start", "end"])
    return picture


def _path_words(plane: LossPlane) -> str:
    """The number of points of the path, and how to get more of them."""
    places, seen = len(plane.path), plane.evaluations
    if places < seen:
        return f"the weights at {places:,} of {count(seen, 'evaluation')}"
    if (np.diff(plane.steps) <= 1).all():
        return f"the weights at each of {count(places - 1, 'step')}"
    return f"the weights at {count(places, 'evaluation')}: a smaller evaluate.every gives more"
