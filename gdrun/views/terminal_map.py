"""Maps in the terminal: a table of numbers with shades, and walks over a surface."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from gdrun.array_types import Array, Flags
from gdrun.views.numbers import told_apart
from gdrun.views.study_figures import NO_VALUE, HeatMap
from gdrun.views.terminal_plot import (
    HEIGHT,
    OVERLAP,
    WIDEST,
    curve_letter,
    dot_grid,
    lettered_rows,
)
from gdrun.views.walks import Walks

COLUMNS_PER_LEVEL = 12
"""The columns of a picture for each contour: more contours would touch each other."""

_SHADES = ("░▒▓█", ".:+#")
"""The shades from the smallest to the largest value, with Unicode and in ASCII."""

_MARKS = (("×", "·"), ("x", "-"))
"""The marks of a cell without a number and of one without a run, with Unicode and in ASCII."""


@dataclass(frozen=True)
class HeatView:
    """A table of numbers as wide as the terminal: a shade and, where they fit, the number."""

    table: HeatMap

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(heat_lines(self.table, options.max_width, options.ascii_only)))


def heat_lines(table: HeatMap, width: int, ascii_only: bool = False) -> list[str]:
    """The lines of a table, at most `width` characters wide, with a legend of its marks.

    If not even one character for each column fits, evenly spaced columns are shown, and a line
    below the table says so.
    """
    signs = _signs(table, ascii_only)
    margin = max(map(len, table.rows))
    room = max(width - margin - 2, 1)
    cells = [
        [" ".join(filter(None, pair)) for pair in zip(*line, strict=True)]
        for line in (
            (signs[row], table.texts[row] if table.texts else [""] * len(table.columns))
            for row in range(len(table.rows))
        )
    ]
    wide = max(len(text) for row in (table.columns, *cells) for text in row) + 2
    named = wide * len(table.columns) <= room
    if not named:
        cells, wide = signs, max(min(room // len(table.columns), 3), 1)
    step = -(-wide * len(table.columns) // room)
    across = table.columns[::step]
    lines = [f"{table.value_label}, {table.y_label} down, {table.x_label} across"]
    if named:
        lines.append(f"{'':>{margin}}  " + "".join(f"{name:<{wide}}" for name in across))
    for name, row in zip(table.rows, cells, strict=True):
        lines.append(f"{name:>{margin}}  " + "".join(f"{cell:<{wide}}" for cell in row[::step]))
    if not named:
        lines.append(f"{table.x_label}: from {across[0]} to {across[-1]}")
    if step > 1:
        lines.append(f"shown: 1 of every {step} columns")
    legend = [part for line in _legend(table, ascii_only) for part in wrap(line, width)]
    return [line.rstrip() for line in [*lines, *legend]]


def _signs(table: HeatMap, ascii_only: bool) -> list[list[str]]:
    """The sign of each cell: its shade, * for the marked cell, or a mark of _MARKS."""
    values = np.asarray(table.values, dtype=float)
    finite = np.isfinite(values)
    known = np.log(values) if table.log else values
    low, high = known[finite].min(initial=np.inf), known[finite].max(initial=-np.inf)
    shares = (known - low) / (high - low) if high > low else np.zeros_like(known)
    shades = _SHADES[ascii_only]
    places = np.clip(np.where(finite, shares, 0) * len(shades), 0, len(shades) - 1).astype(int)
    signs = [[shades[place] for place in row] for row in places.tolist()]
    for mark, cells in zip(_MARKS[ascii_only], table.marks, strict=True):
        for row, column in np.argwhere(cells).tolist():
            signs[row][column] = mark
    if table.marked is not None:
        row, column = table.marked
        signs[row][column] = "*"
    return signs


def _legend(table: HeatMap, ascii_only: bool) -> list[str]:
    values = table.values[np.isfinite(table.values)]
    shades = _SHADES[ascii_only]
    lines = []
    if len(values):
        low, high = told_apart((float(values.min()), float(values.max())))
        lines.append(f"{shades[0]} from {low} to {shades[-1]} {high}")
    if table.marked is not None:
        lines.append(f"* chosen setting; {table.why}" if table.why else "* best")
    words = (NO_VALUE, table.blank)
    for mark, cells, meaning in zip(_MARKS[ascii_only], table.marks, words, strict=True):
        if cells.any():
            lines.append(f"{mark} {meaning}")
    return lines


@dataclass(frozen=True)
class WalkView:
    """Walks over the contours of a surface, as wide as the terminal."""

    found: Walks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDEST)
        yield Text("\n".join(walk_lines(self.found, width, options.ascii_only)))


def walk_lines(found: Walks, total: int, ascii_only: bool = False) -> list[str]:
    """The lines of walks: contours of f − f* as dots, a letter for each walk, * at the minima.

    total: the width of the lines with the axis, in characters.
    """
    height = HEIGHT + 4
    highest, lowest = told_apart((float(found.y[-1]), float(found.y[0])), 2)
    marks = {0: highest, height - 1: lowest}
    margin = max(map(len, marks.values()))
    width = max(total - margin - 2, 8)
    rows = lettered_rows([_path_grid(found, path.places, width, height) for path in found.paths])
    contour = _contours(found, width, height)
    dot = "." if ascii_only else "·"
    minima = {
        (round(down), round(across))
        for x, y in found.minima
        if found.x[0] <= x <= found.x[-1] and found.y[0] <= y <= found.y[-1]
        for across in [(x - found.x[0]) / np.ptp(found.x) * (width - 1)]
        for down in [(found.y[-1] - y) / np.ptp(found.y) * (height - 1)]
    }
    bar, corner, dash = ("|", "+", "-") if ascii_only else ("│", "└", "─")
    lines = ["y over x; dots: contours; *: minimum"]
    for row, text in enumerate(rows):
        signs = [
            "*" if (row, k) in minima else sign if sign != " " else dot if contour[row, k] else " "
            for k, sign in enumerate(text.ljust(width))
        ]
        lines.append(f"{marks.get(row, ''):>{margin}} {bar}{''.join(signs)}".rstrip())
    left, right = told_apart((float(found.x[0]), float(found.x[-1])), 2)
    gap = max(width - len(left) - len(right), 1)
    lines += [
        f"{'':>{margin}} {corner}{dash * width}",
        f"{'':>{margin}}  {left}{'x':^{gap}}{right}",
    ]
    lines += [f"  {curve_letter(k)}  {path.label}" for k, path in enumerate(found.paths)]
    return [*lines, f"  {OVERLAP}  several walks"] if any(OVERLAP in row for row in rows) else lines


def _path_grid(found: Walks, places: Array, width: int, height: int) -> Flags:
    """The dots of the part of a path that is in the picture."""
    low, high = (np.array([found.x[k], found.y[k]]) for k in (0, -1))
    inside = places[((places >= low) & (places <= high)).all(axis=1)]
    shares = (inside[:, 1] - low[1]) / (high[1] - low[1])
    return dot_grid(inside[:, 0], shares, (float(low[0]), float(high[0])), width, height)


def _contours(found: Walks, width: int, height: int) -> Flags:
    """Whether a contour passes between a character and its right or lower neighbour."""
    rows = np.linspace(len(found.y) - 1, 0, height).round().astype(int)
    columns = np.linspace(0, len(found.x) - 1, width).round().astype(int)
    heights = found.values - found.lowest
    above = heights[np.isfinite(heights) & (heights > 0)]
    levels = np.geomspace(np.quantile(above, 0.01), above.max(), max(width // COLUMNS_PER_LEVEL, 3))
    zone = np.digitize(heights[np.ix_(rows, columns)], levels)
    passes = np.zeros(zone.shape, dtype=bool)
    passes[:, :-1] |= zone[:, :-1] != zone[:, 1:]
    passes[:-1] |= zone[:-1] != zone[1:]
    return passes
