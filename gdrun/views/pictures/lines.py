"""Charts with curves, bands and names, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Array
from gdrun.errors import printable
from gdrun.views.curves import Chart, Curve
from gdrun.views.numbers import percent
from gdrun.views.pictures.end_labels import MOST, EndLabel, draw_end_labels
from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import DASHES, MARKERS, PALETTE, figure
from gdrun.views.pictures.texts import set_labels, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

NAME_LENGTH = 34
"""The most characters of a name at the end of a curve; longer names are in a legend."""

MOST_LOOKS = len(PALETTE) * len(MARKERS)
"""The number of pairs of a colour and a marker, and so the most curves that a legend can name."""

LARGEST = 1e290
"""matplotlib cannot place the ticks of larger numbers; only runs that diverged have them."""

MARKS = 8
"""About how many markers a curve has; they tell curves apart without colours."""


def charts_picture(charts: Sequence[Chart]) -> Figure:
    """The charts, one below the other, with the title of the first.

    Names are at the ends of the curves if they fit there, and otherwise in a legend below.
    """
    picture = figure(6.4, 0.6 + 2.5 * len(charts))
    every = picture.subplots(len(charts), 1, squeeze=False)[:, 0]
    curves = [curve for chart in charts for curve in chart.curves]
    owners = _owners(curves)
    at_ends = len(owners) <= MOST and max(map(len, owners), default=0) <= NAME_LENGTH
    for axes, chart in zip(every, charts, strict=True):
        draw_chart(axes, chart, owners, named=at_ends)
    set_title(picture, title_with_band(charts[0], curves))
    keys = _keys_of_dashes(curves) if at_ends else _keys_of_owners(owners) | _keys_of_dashes(curves)
    legend(picture, list(keys.values()), list(keys))
    return picture


def title_with_band(chart: Chart, curves: Sequence[Curve]) -> str:
    """The title of a chart, which says what the bands of curves are if any band can be seen."""
    return f"{chart.title}, band {chart.band}" if any(map(_banded, curves)) else chart.title


def _banded(curve: Curve) -> bool:
    """Whether a curve has a band that is wider than rounding errors."""
    if curve.low is None or curve.high is None:
        return False
    finite = np.isfinite(curve.high)
    width = curve.high[finite] - curve.low[finite]
    return bool((width > 1e-6 * np.abs(curve.y[finite])).any())


def draw_chart(
    axes: Axes, chart: Chart, owners: Sequence[str] | None = None, *, named: bool = True
) -> None:
    """Draw the curves of a chart. Curves with the same owner share a colour and a marker.

    owners: the owners in all charts of a picture, so that an owner has the same look in each chart;
    None for the owners in this chart. named: whether the names of several owners are written at the
    ends of their curves.
    """
    if chart.bars:
        _draw_bars(axes, chart)
        return
    owners = _owners(chart.curves) if owners is None else owners
    for k, curve in enumerate(chart.curves):
        own = owners.index(_owner(curve)) if _owner(curve) else 0
        y = _drawable(curve.y)
        axes.plot(curve.x, y, label=f"curve {k}", **_look(own, len(owners), curve))
        for x, height, text in zip(curve.x, y, curve.texts, strict=False):
            axes.annotate(text, (x, height), (0, 5), textcoords="offset points", ha="center")
        if curve.low is not None and curve.high is not None:
            axes.fill_between(
                curve.x, curve.low, curve.high, color=_colour(own), alpha=0.2, linewidth=0
            )
    set_labels(axes, chart.x_label, chart.y_label, (4.4, 2.0))
    if chart.log_x:
        # A point at 0 is not drawn: it would be a flat line from the left edge.
        axes.set_xscale("log", nonpositive="mask")
    if chart.log_y:
        axes.set_yscale("log")
    _open_constant(axes, chart)
    _explain_few(axes, chart)
    if named and len(owners) > 1:
        _name(axes, chart, owners)


def _draw_bars(axes: Axes, chart: Chart) -> None:
    """Draw shares as horizontal bars from 0 to 1, each with its name and its length in percent."""
    (curve,) = chart.curves
    axes.barh(curve.y, curve.x, height=0.6, color=_colour(0))
    axes.set_yticks(curve.y, [printable(name) for name in chart.bars])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.set_xlim(0, 1.12)
    for share, place in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        axes.text(share + 0.01, place, percent(share), va="center")
    set_labels(axes, chart.x_label, chart.y_label, (4.4, 2.0))


def _owner(curve: Curve) -> str:
    return curve.owner or curve.label


def _owners(curves: Sequence[Curve]) -> list[str]:
    """The names of the owners; the only curve of a chart may have no name."""
    return list(dict.fromkeys(filter(None, map(_owner, curves))))


def _colour(own: int) -> str:
    return PALETTE[own % len(PALETTE)]


def _marker(own: int) -> str:
    # The marker moves on after each round of colours, so that their pairs stay different.
    return MARKERS[(own + own // len(PALETTE)) % len(MARKERS)]


def _drawable(y: Array) -> Array:
    """y (n,) with NaN, which leaves a gap, where a value is not finite or above LARGEST."""
    return np.where(np.abs(y) <= LARGEST, y, np.nan)


def _isolated(y: Array) -> Array:
    """The indices of values (n,) whose neighbours are not drawn, so that no line leads to them."""
    known = np.concatenate([[False], np.isfinite(_drawable(y)), [False]])
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])


def _look(own: int, owners: int, curve: Curve) -> dict[str, Any]:
    """The colour, dashes and markers of a curve. own: the index of its owner."""
    isolated = _isolated(curve.y)
    # The dashed curve of an owner has no markers, because its solid one has them.
    many = owners > 1 and not (curve.dashed and curve.owner is not None)
    every = max(len(curve.y) // MARKS, 1)
    # Curves that run together have their markers at different places.
    spaced = np.arange(own * every // max(owners, 1), len(curve.y), every) if many else isolated
    return {
        "color": _colour(own),
        "linestyle": DASHES[1] if curve.dashed else "-",
        "marker": _marker(own),
        "markersize": 4,
        "markevery": 1 if curve.marked else np.union1d(isolated, spaced).tolist(),
    }


def _open_constant(axes: Axes, chart: Chart) -> None:
    """Begin the axis of a constant at 0: matplotlib would show a change of a few per cent."""
    values = np.concatenate([curve.y for curve in chart.curves] or [np.empty(0)])
    values = values[np.isfinite(_drawable(values))]
    if len(values) and values.min() == values.max() > 0 and not chart.log_y:
        axes.set_ylim(0, 1.25 * values.max())


def _explain_few(axes: Axes, chart: Chart) -> None:
    """Say that there is nothing to draw, or put a tick at the only value of x."""
    drawn = [(curve.x, np.isfinite(_drawable(curve.y))) for curve in chart.curves]
    places = np.unique(np.concatenate([np.empty(0), *(x[known] for x, known in drawn)]))
    if len(places) == 1:
        axes.set_xticks(places)
    elif not len(places):
        words = "there is no finite value to draw"
        axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)
        axes.set_yticks([])
        across = np.concatenate([np.empty(0), *(x for x, _ in drawn)])
        if len(np.unique(across)) > 1:
            axes.set_xlim(across.min(), across.max())


def _name(axes: Axes, chart: Chart, owners: Sequence[str]) -> None:
    """Write the names of the owners at the ends of their curves."""
    labels = []
    axes.autoscale_view()
    for name in _owners(chart.curves):
        own = owners.index(name)
        curve = next(each for each in chart.curves if _owner(each) == name)
        known = _drawable(curve.y)
        known = known[np.isfinite(known) & ((known > 0) | (not chart.log_y))]
        end = float(known[-1]) if len(known) else float(axes.get_ylim()[1])
        labels.append(EndLabel(name, end, _colour(own), _marker(own)))
    draw_end_labels(axes, labels)


def _keys_of_owners(owners: Sequence[str]) -> dict[str, Line2D]:
    """The look of each owner, for a legend. Of more than MOST_LOOKS, only the first are named."""
    from matplotlib.lines import Line2D

    keys = {
        name: Line2D([], [], color=_colour(own), marker=_marker(own), markersize=4)
        for own, name in enumerate(owners[:MOST_LOOKS])
    }
    if len(owners) > MOST_LOOKS:
        more = f"and {len(owners) - MOST_LOOKS} more with the same colours and markers"
        keys[more] = Line2D([], [], linestyle="")
    return keys


def _keys_of_dashes(curves: Sequence[Curve]) -> dict[str, Line2D]:
    """The meaning of solid and dashed lines for a legend; empty unless an owner has both."""
    from matplotlib.lines import Line2D

    pairs = {
        curve.dashed: curve.label.removeprefix(f"{curve.owner}, ")
        for curve in curves
        if curve.owner is not None
    }
    if len(pairs) < 2:
        return {}
    return {
        words: Line2D([], [], color="#333333", linestyle=DASHES[1] if dashed else "-")
        for dashed, words in pairs.items()
    }
