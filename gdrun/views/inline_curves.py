"""A few curves as a small picture in SVG, for a notebook: text of an HTML page, without a library.

The vertical axis is logarithmic if all values are positive. The colours of the curves are those of
Okabe and Ito. Axes and text have the text colour of the page, so that the picture also suits a dark
notebook.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.cells import cell_len

from gdrun.array_types import Numbers
from gdrun.views.curves import Curve
from gdrun.views.numbers import told_apart
from gdrun.views.pictures.end_labels import spread
from gdrun.views.pictures.texts import shortened

AXIS_END, HEIGHT = 390, 220
LEFT, TOP, BOTTOM = 60, 26, 34
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b59f00")

MOST_CURVES = len(COLOURS)
"""The most curves of one picture; more could not be told apart."""

TEXT_HEIGHT = 14
"""The least distance between two names beside the curves, in pixels."""

LETTER = 8
"""About the width of a letter, in pixels; most letters are narrower."""

LONGEST = 60
"""The most characters of a name: … replaces the middle of a longer one, if names stay different."""


def curves_svg(curves: Sequence[Curve], x_name: str, y_name: str) -> str:
    """The picture as an element svg; an empty text if no curve has two finite points.

    Points that are not finite are left out, and bands are not drawn.
    """
    shown = [finite for finite in map(_finite, curves[:MOST_CURVES]) if len(finite.x) > 1]
    if not shown:
        return ""
    logs = all((curve.y > 0).all() for curve in shown)
    heights = [np.log10(curve.y) if logs else curve.y for curve in shown]
    x_range = _range([curve.x for curve in shown])
    y_range = _range(heights)
    lines = [
        _line(_across(curve.x, x_range), _down(height, y_range), colour)
        for curve, height, colour in zip(shown, heights, COLOURS, strict=False)
    ]
    labels = shortened([curve.label for curve in shown], LONGEST)
    width = AXIS_END + max(130, 16 + LETTER * max(map(cell_len, labels)))
    tall = HEIGHT - TOP - BOTTOM
    ends = np.array([float(_down(height[-1:], y_range)[0]) - TOP for height in heights]) / tall
    places = TOP + tall * spread(ends, TEXT_HEIGHT / tall)
    names = [
        _text(AXIS_END + 8, y + 4, label, fill=colour)
        for label, y, colour in zip(labels, places.tolist(), COLOURS, strict=False)
    ]
    low, high = (10**end if logs else end for end in y_range)
    axis = f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{AXIS_END}" stroke="currentColor"/>'
    lowest, highest = told_apart((low, high))
    left, right = told_apart(x_range)
    numbers = [
        _text(LEFT - 6, TOP + 8, highest, anchor="end"),
        _text(LEFT - 6, HEIGHT - BOTTOM, lowest, anchor="end"),
        _text(LEFT, HEIGHT - BOTTOM + 16, left),
        _text(AXIS_END, HEIGHT - BOTTOM + 16, right, anchor="end"),
        _text((LEFT + AXIS_END) / 2, HEIGHT - 6, x_name, anchor="middle"),
        _text(LEFT - 6, 12, f"{y_name}{', logarithmic' if logs else ''}"),
    ]
    parts = "".join([axis, *lines, *numbers, *names])
    size = f'width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}"'
    style = 'fill="none" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{parts}</svg>'


def _finite(curve: Curve) -> Curve:
    kept = np.isfinite(curve.x) & np.isfinite(curve.y)
    return replace(curve, x=curve.x[kept], y=curve.y[kept])


def _range(columns: Sequence[Numbers]) -> tuple[float, float]:
    low = min(float(column.min()) for column in columns)
    high = max(float(column.max()) for column in columns)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _across(x: Numbers, ends: tuple[float, float]) -> Numbers:
    share = (x - ends[0]) / (ends[1] - ends[0])
    return np.asarray(LEFT + share * (AXIS_END - LEFT))


def _down(y: Numbers, ends: tuple[float, float]) -> Numbers:
    share = (y - ends[0]) / (ends[1] - ends[0])
    return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))


def _line(x: Numbers, y: Numbers, colour: str) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return f'<polyline points="{points}" stroke="{colour}" stroke-width="1.6"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = "") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{fill or "currentColor"}">{html.escape(text)}</text>'
