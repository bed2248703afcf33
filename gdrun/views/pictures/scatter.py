"""The settings of a random search as points in the plane of its two keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.views.pictures.heat_map import colours
from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import MAP, PALETTE, figure, plain
from gdrun.views.pictures.texts import set_labels, set_title
from gdrun.views.search_figures import Scatter
from gdrun.views.study_figures import NO_VALUE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

ROOM = (4.4, 3.0)
"""About the width and the height of the axes, in inches."""


def scatter_picture(found: Scatter) -> Figure:
    """A point for each setting, coloured by its metric: × without a number, a ring if chosen."""
    picture = figure(6.0, 4.0)
    axes = picture.subplots()
    if found.log_x:
        axes.set_xscale("log")
    if found.log_y:
        axes.set_yscale("log")
    finite = np.isfinite(found.values)
    marks: dict[str, Artist] = {}
    if not finite.all():
        (marks[NO_VALUE],) = axes.plot(
            found.x[~finite], found.y[~finite], "x", color="#666666", markersize=5
        )
    if finite.any():
        norm = colours(found.values[finite], found.log)
        values = found.values[finite]
        points = axes.scatter(
            found.x[finite], found.y[finite], c=values, cmap=MAP, norm=norm, s=28, zorder=3
        )
        picture.colorbar(points, ax=axes, label=plain(found.value_label))
    if found.best is not None:
        place = found.x[[found.best]], found.y[[found.best]]
        ring: dict[str, Any] = {"markerfacecolor": "none", "markersize": 11, "markeredgewidth": 1.5}
        name = "chosen setting" if found.why else "best value"
        (marks[name],) = axes.plot(*place, "o", markeredgecolor=PALETTE[1], **ring)
    set_labels(axes, found.x_label, found.y_label, ROOM)
    set_title(picture, f"{found.title}; {found.why}" if found.why else found.title)
    if marks:
        legend(picture, list(marks.values()), list(marks))
    return picture
