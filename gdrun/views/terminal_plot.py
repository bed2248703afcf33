"""Plots in the terminal: curves of dots between two axes with numbers, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from gdrun.array_types import Array, Flags
from gdrun.views.curves import Chart, Curve
from gdrun.views.numbers import quantity, told_apart

# The bit of each dot of a braille character, by row and column; its code is U+2800 plus their sum.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
OVERLAP = "#"
"""The character of a place that several curves with letters share."""

HEIGHT = 12
WIDEST = 100
"""The height of a plot without its axes, and the largest width with them, in characters."""


@dataclass(frozen=True)
class PlotView:
    """A chart as wide as the terminal, at most WIDEST characters.

    One curve is drawn in braille dots, and several curves in letters, with a legend, because
    colours are not always available. A terminal without Unicode shows only ASCII.
    """

    chart: Chart
    height: int = HEIGHT

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = chart_lines(
            self.chart,
            total=min(options.max_width, WIDEST),
            height=self.height,
            ascii_only=options.ascii_only,
        )
        # The legend may have names of any length: only its lines are wrapped.
        yield Text("\n".join(lines))


def terminal_plot(
    x: ArrayLike,
    y: ArrayLike,
    *,
    width: int = 60,
    height: int = HEIGHT,
    labels: tuple[str, str],
    log: bool = False,
) -> Sequence[str]:
    """The lines of a plot of y (n,) over x (n,), which is in ascending order.

    width, height: the size of the plot without its axes, in characters. labels: the names of x and
    y. log: whether the axis of y is logarithmic. Consecutive points are joined by lines. Points
    that cannot be drawn, because they are not finite or have no logarithm, are left out.
    """
    curve = Curve("", np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return chart_lines(Chart("", labels[0], labels[1], (curve,), log_y=log), width, height)


def chart_lines(
    chart: Chart,
    width: int = 60,
    height: int = HEIGHT,
    *,
    total: int | None = None,
    ascii_only: bool = False,
) -> list[str]:
    """The lines of a plot of a chart.

    width, height: the size of the plot without its axes, in characters. total: the width with the
    axes, which replaces `width`. ascii_only: whether only ASCII characters are used.
    """
    drawn = [_drawable(curve, chart) for curve in chart.curves]
    kept = [(x, y) for x, y in drawn if len(x)]
    if not kept:
        return [chart.y_label, "there is no finite value to draw"]
    axis = _Axis.of(np.concatenate([y for _, y in kept]), height, chart.log_y)
    margin = max(map(len, axis.marks.values()))
    if total is not None:
        width = max(total - margin - 2, 8)
    # The x of a damaged trace may not ascend.
    beyond = _infinite(chart)
    every = np.concatenate([*(x for x, _ in kept), beyond])
    first, last = every.min(), every.max()
    place = np.log if chart.log_x else np.asarray
    ends = (float(place(first)), float(place(last)))
    grids = [dot_grid(place(x), axis.shares(y), ends, width, height) for x, y in drawn]
    lettered = len(grids) > 1
    rows = lettered_rows(grids) if lettered or ascii_only else _braille(grids[0])
    if ascii_only and not lettered:
        rows = [row.replace("a", "*") for row in rows]
    rows, legend = _marked(rows, chart, beyond, (float(first), float(last)), width, ascii_only)
    tick, bar, corner, dash = ("+", "|", "+", "-") if ascii_only else ("┤", "│", "└", "─")
    lines = [f"{chart.y_label} (log scale)" if chart.log_y else chart.y_label]
    for row, text in enumerate(rows):
        lines.append(
            f"{axis.marks.get(row, ''):>{margin}} {tick if row in axis.marks else bar}{text}"
        )
    left, right = told_apart((float(first), float(last)), 4)
    base = list(dash * width)
    # A steep curve may hide the line of the limit, but not its end at the axis.
    if (at := _limit_column(chart, (float(first), float(last)), width)) is not None:
        base[at] = "|" if ascii_only else "┴"
    lines.append(f"{'':>{margin}} {corner}{''.join(base)}")
    name = f"{chart.x_label} (log scale)" if chart.log_x else chart.x_label
    gap = width - len(left) - len(right)
    if gap < len(name) + 2:
        lines += [f"{'':>{margin}}  {left}{'':>{max(gap, 1)}}{right}", f"{'':>{margin}}  {name}"]
    else:
        lines.append(f"{'':>{margin}}  {left}{name:^{gap}}{right}")
    lines += legend
    if lettered:
        lines += [f"  {curve_letter(k)}  {curve.label}" for k, curve in enumerate(chart.curves)]
        if any(OVERLAP in row for row in rows):
            lines.append(f"  {OVERLAP}  several curves")
    return lines


@dataclass(frozen=True)
class _Axis:
    """The vertical axis.

    low, high: the numbers at its ends, or their logarithms if `log`. marks: the numbers that are
    written at the axis, by row from the top.
    """

    low: float
    high: float
    marks: dict[int, str]
    log: bool

    @classmethod
    def of(cls, y: Array, height: int, log: bool) -> _Axis:
        low, high = float(y.min()), float(y.max())
        if low == high:
            return cls(low, high, {height // 2: quantity(low, 3)}, log)
        if log:
            middle = 10 ** ((np.log10(low) + np.log10(high)) / 2)
        else:
            if 0 < low < 0.5 * high:
                low = 0.0  # the axis of a curve that falls below half its maximum starts at zero
            middle = low / 2 + high / 2
        marks = {0: high, height // 2: middle, height - 1: low}
        texts = told_apart(marks.values())
        return cls(low, high, dict(zip(marks, texts, strict=True)), log)

    def shares(self, y: Array) -> Array:
        """The heights of the values y, from 0 at the bottom to 1; ½ on an axis of one value."""
        if self.low == self.high:
            return np.full(len(y), 0.5)
        if self.log:
            low, high, y = np.log10(self.low), np.log10(self.high), np.log10(y)
        else:
            # Halved, because the difference of two finite numbers may not be finite.
            low, high, y = self.low / 2, self.high / 2, y / 2
        shares: Array = (y - low) / (high - low)
        return shares


def _drawable(curve: Curve, chart: Chart) -> tuple[Array, Array]:
    """x and y of the points of a curve that are finite, and positive for a logarithmic axis."""
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    if chart.log_y:
        kept &= y > 0
    if chart.log_x:
        kept &= x > 0
    return x[kept], y[kept]


def _infinite(chart: Chart) -> Array:
    """The x of the points at ∞, if the chart says what they are."""
    if not chart.infinite:
        return np.empty(0)
    x = np.concatenate([curve.x[np.isposinf(curve.y)] for curve in chart.curves])
    return x[x > 0] if chart.log_x else x


def _marked(
    rows: Sequence[str],
    chart: Chart,
    beyond: Array,
    ends: tuple[float, float],
    width: int,
    ascii_only: bool,
) -> tuple[list[str], list[str]]:
    """The rows of a plot with marks for points at ∞ and for the limit, and a legend of the marks.

    beyond: the x of the points at ∞. ends: the x of the first and the last column.
    """
    arrow, line = "^:" if ascii_only else "↑┊"
    signs = [list(row.ljust(width)) for row in rows]
    legend = []
    if (at := _limit_column(chart, ends, width)) is not None and chart.limit is not None:
        value, form = chart.limit
        for row in signs:
            row[at] = line if row[at] == " " else row[at]
        legend.append(f"  {line}  {form} = {quantity(value)}")
    for x in beyond.tolist():
        signs[0][_column(chart, ends, width, x)] = arrow
    if len(beyond):
        legend.insert(0, f"  {arrow}  {chart.infinite}")
    return ["".join(row).rstrip() for row in signs], legend


def _limit_column(chart: Chart, ends: tuple[float, float], width: int) -> int | None:
    """The column of the limit; None if the chart has no limit between its ends."""
    if chart.limit is None or not ends[0] <= chart.limit[0] <= ends[1]:
        return None
    return _column(chart, ends, width, chart.limit[0])


def _column(chart: Chart, ends: tuple[float, float], width: int, x: float) -> int:
    """The column of x. ends: the x of the first and the last column."""
    place = np.log if chart.log_x else np.asarray
    low, high = (float(place(end)) for end in ends)
    return round((float(place(x)) - low) / ((high - low) or 1.0) * (width - 1))


def dot_grid(x: Array, shares: Array, ends: tuple[float, float], width: int, height: int) -> Flags:
    """The dots of a curve: (4 height, 2 width), from the top left.

    shares: the heights of its points, 0 to 1. ends: the x of the first and the last column. width,
    height: in characters.
    """
    columns, rows = 2 * width, 4 * height
    grid = np.zeros((rows, columns), dtype=bool)
    length = (ends[1] - ends[0]) or 1.0
    across = np.rint((x - ends[0]) / length * (columns - 1)).astype(int)
    down = np.rint((1 - shares) * (rows - 1)).astype(int)
    points = list(zip(down.tolist(), across.tolist(), strict=True))
    for row, column in points[:1]:
        grid[row, column] = True
    for (row, column), (to_row, to_column) in pairwise(points):
        # Two points are joined by a dot in every row or column between them.
        share = np.linspace(0, 1, max(abs(to_column - column), abs(to_row - row), 1) + 1)
        at = np.rint(row + share * (to_row - row)).astype(int)
        grid[at, np.rint(column + share * (to_column - column)).astype(int)] = True
    return grid


def _braille(grid: Flags) -> list[str]:
    """The dots as lines of braille characters, each with 2 × 4 dots."""
    blocks = grid.reshape(grid.shape[0] // 4, 4, grid.shape[1] // 2, 2)
    codes = (blocks * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    return [
        "".join(chr(0x2800 + code) if code else " " for code in line).rstrip() for line in codes
    ]


def lettered_rows(grids: Sequence[Flags]) -> list[str]:
    """The curves as lines of letters, with a # where curves share a character."""
    height, width = grids[0].shape[0] // 4, grids[0].shape[1] // 2
    lines = np.full((height, width), " ")
    for k, grid in enumerate(grids):
        used = grid.reshape(height, 4, width, 2).any(axis=(1, 3))
        lines[used] = np.where(lines[used] == " ", curve_letter(k), OVERLAP)
    return ["".join(line).rstrip() for line in lines.tolist()]


def curve_letter(curve: int) -> str:
    """The letter of a curve. More than 26 curves use letters more than once."""
    return _LETTERS[curve % len(_LETTERS)]
