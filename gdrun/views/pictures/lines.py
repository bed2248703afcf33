"""Charts with curves, bands and a legend, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdrun.views.curves import Chart
from gdrun.views.pictures.style import DASHES, PALETTE, figure, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def charts_picture(charts: Sequence[Chart]) -> Figure:
    """The charts, one below the other, with the title of the first."""
    picture = figure(6.0, 0.6 + 2.6 * len(charts))
    every = picture.subplots(len(charts), 1, squeeze=False)[:, 0]
    for axes, chart in zip(every, charts, strict=True):
        draw_chart(axes, chart)
    picture.suptitle(plain(charts[0].title), fontsize=10)
    return picture


def draw_chart(axes: Axes, chart: Chart) -> None:
    """Draw the curves of a chart. Curves with the same name before a comma share a colour."""
    owners = list(dict.fromkeys(_owner(curve.label) for curve in chart.curves))
    if len(chart.curves) <= 2:
        owners = [curve.label for curve in chart.curves]
    for k, curve in enumerate(chart.curves):
        own = owners.index(curve.label if len(chart.curves) <= 2 else _owner(curve.label))
        colour = PALETTE[own % len(PALETTE)]
        dashes = DASHES[1] if curve.dashed else DASHES[(own // len(PALETTE)) % len(DASHES)]
        y = np.where(np.isfinite(curve.y), curve.y, np.nan)
        axes.plot(
            curve.x,
            y,
            color=colour,
            linestyle=dashes,
            label=f"curve {k}",
            marker="o" if len(y) == 1 else "",
        )
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlabel(plain(chart.x_label))
    axes.set_ylabel(plain(chart.y_label))
    if chart.log_x:
        axes.set_xscale("log")
    if chart.log_y:
        axes.set_yscale("log")
    if len(chart.curves) > 1:
        legend(axes, [curve.label for curve in chart.curves])


def _owner(label: str) -> str:
    """The label without the name of the part of the data."""
    return label.rpartition(", ")[0] or label
