"""Charts with curves, bands and names, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.views.curves import Chart, Curve
from gdrun.views.pictures.end_labels import MOST, EndLabel, draw_end_labels
from gdrun.views.pictures.style import DASHES, MARKERS, PALETTE, figure, plain, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_LENGTH = 34
"""The most characters of a name at the end of a curve; a longer one ends with …"""

MARKS = 8
"""About how many markers a curve has, by which it differs from others without colours."""


def charts_picture(charts: Sequence[Chart]) -> Figure:
    """The charts, one below the other, with the title of the first."""
    picture = figure(6.4, 0.6 + 2.5 * len(charts))
    every = picture.subplots(len(charts), 1, squeeze=False)[:, 0]
    for axes, chart in zip(every, charts, strict=True):
        draw_chart(axes, chart)
    picture.suptitle(wrapped(charts[0].title), fontsize=10)
    return picture


def draw_chart(axes: Axes, chart: Chart) -> None:
    """Draw the curves of a chart. Curves with the same owner share a colour and a marker."""
    owners = list(dict.fromkeys(curve.owner or curve.label for curve in chart.curves))
    for k, curve in enumerate(chart.curves):
        own = owners.index(curve.owner or curve.label)
        y = np.where(np.isfinite(curve.y), curve.y, np.nan)
        axes.plot(curve.x, y, label=f"curve {k}", **_look(own, len(owners), curve))
        if curve.low is not None and curve.high is not None:
            axes.fill_between(
                curve.x, curve.low, curve.high, color=_colour(own), alpha=0.2, linewidth=0
            )
    axes.set_xlabel(plain(chart.x_label))
    axes.set_ylabel(plain(chart.y_label))
    if chart.log_x:
        # A point at 0 is not drawn: it would be a flat line from the left edge.
        axes.set_xscale("log", nonpositive="mask")
    if chart.log_y:
        axes.set_yscale("log")
    _open_constant(axes, chart)
    if len(owners) > 1:
        _name(axes, chart, owners)
    _explain_dashes(axes, chart.curves)


def _colour(own: int) -> str:
    return PALETTE[own % len(PALETTE)]


def _marker(own: int) -> str:
    # The marker moves on after each round of colours, so that their pairs stay different.
    return MARKERS[(own + own // len(PALETTE)) % len(MARKERS)]


def _look(own: int, owners: int, curve: Curve) -> dict[str, Any]:
    """The colour, dashes and markers of a curve. own: the index of its owner."""
    alone = len(curve.y) == 1
    # The dashed curve of an owner has no markers, because its solid one has them.
    many = owners > 1 and not (curve.dashed and curve.owner is not None)
    every = max(len(curve.y) // MARKS, 1)
    return {
        "color": _colour(own),
        "linestyle": DASHES[1] if curve.dashed else "-",
        "marker": _marker(own) if alone or many or curve.marked else "",
        "markersize": 4,
        # Curves that run together have their markers at different places.
        "markevery": 1 if curve.marked else (own * every // max(owners, 1), every),
    }


def _open_constant(axes: Axes, chart: Chart) -> None:
    """Begin the axis of a constant at 0: matplotlib would show a change of a few per cent."""
    values = np.concatenate([curve.y for curve in chart.curves] or [np.empty(0)])
    values = values[np.isfinite(values)]
    if len(values) and values.min() == values.max() > 0 and not chart.log_y:
        axes.set_ylim(0, 1.25 * values.max())


def _name(axes: Axes, chart: Chart, owners: Sequence[str]) -> None:
    """Write the names of the owners at the ends of their curves; of many, only the first."""
    labels = []
    axes.autoscale_view()
    for own, name in enumerate(owners[:MOST]):
        curve = next(each for each in chart.curves if (each.owner or each.label) == name)
        known = curve.y[np.isfinite(curve.y) & ((curve.y > 0) | (not chart.log_y))]
        short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
        end = float(known[-1]) if len(known) else float(axes.get_ylim()[1])
        labels.append(EndLabel(short, end, _colour(own), _marker(own)))
    if len(owners) > MOST:
        labels[-1] = EndLabel(f"and {len(owners) - MOST + 1} more", labels[-1].y, "#000000", "")
    draw_end_labels(axes, labels)


def _explain_dashes(axes: Axes, curves: Sequence[Curve]) -> None:
    """Add a legend of what solid and dashed lines are, if curves of one owner are both."""
    pairs = {
        curve.dashed: curve.label.removeprefix(f"{curve.owner}, ")
        for curve in curves
        if curve.owner is not None
    }
    if len(pairs) < 2:
        return
    from matplotlib.lines import Line2D

    styles = [
        Line2D([], [], color="#333333", linestyle=DASHES[1] if dashed else "-") for dashed in pairs
    ]
    axes.legend(styles, [plain(words) for words in pairs.values()], loc="best", frameon=True)
