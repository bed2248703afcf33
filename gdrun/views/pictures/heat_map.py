"""A table of numbers as coloured cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.views.pictures.legends import legend
from gdrun.views.pictures.style import MAP, PALETTE, figure, plain
from gdrun.views.pictures.texts import (
    NAME_SIZE,
    inches,
    set_labels,
    set_title,
    shortened,
    wrapped,
)
from gdrun.views.study_figures import NO_VALUE, HeatMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

NO_VALUE_COLOUR = "#dddddd"
UNTRIED_COLOUR = "#ffffff"

MOST_CELLS = 400
"""In a table with more cells than this, nothing is written into the cells."""

MOST_WRITTEN = 10
"""In a table with more columns than this, the cells are too narrow for numbers."""

MOST_TICKS = 12
"""The most rows or columns that are all named; of more, evenly spaced ones are named."""

MOST_LINES = 3
"""The most lines of a name that is not rotated."""

LONGEST_TICK = 60
"""The most characters of a name: … replaces the middle of a longer one, if names stay different."""

TICK_WIDTH = 1.4
"""The width in inches of a line of a row's name, or of a rotated column's name."""

WIDTH, MOST_HEIGHT = 3.8, 4.0
"""About the width of all columns together, and the largest height of all rows, in inches."""


def heat_map_picture(table: HeatMap) -> Figure:
    """The cells with a colour bar.

    A cell without a finite number is grey with a ×, and one without a run is white.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    rows = [wrapped(name, TICK_WIDTH, NAME_SIZE) for name in shortened(table.rows, LONGEST_TICK)]
    lines = max((name.count("\n") + 1 for name in rows), default=1)
    tall = min(max(0.35, 0.14 * lines) * len(rows), MOST_HEIGHT)
    picture = figure(6.0, 2.0 + tall)
    axes = picture.subplots()
    values = table.values
    finite = np.isfinite(values)
    norm = colours(values[finite], table.log, table.limits)
    cells = np.ma.masked_array(values, ~finite)
    image = axes.imshow(cells, cmap=MAP, norm=norm, aspect="auto", interpolation="nearest")
    axes.set_facecolor(NO_VALUE_COLOUR)
    failed, untried = table.marks
    blank = np.ma.masked_array(np.zeros(values.shape), ~untried)
    axes.imshow(blank, cmap=ListedColormap([UNTRIED_COLOUR]), aspect="auto")
    _write_cells(axes, table, norm)
    step = -(-len(rows) // MOST_TICKS)
    axes.set_yticks(range(0, len(rows), step), rows[::step], fontsize=NAME_SIZE)
    _name_columns(picture, axes, table.columns)
    axes.grid(False)
    set_labels(axes, table.x_label, table.y_label, (WIDTH, tall))
    set_title(picture, f"{table.title}{_frame_words(table)}")
    if finite.any():
        picture.colorbar(image, ax=axes, label=plain(table.value_label))
    marks = {
        NO_VALUE: (failed, Patch(color=NO_VALUE_COLOUR)),
        table.blank: (untried, Patch(facecolor=UNTRIED_COLOUR, edgecolor="#999999")),
    }
    if used := {words: patch for words, (cells, patch) in marks.items() if cells.any()}:
        legend(picture, list(used.values()), list(used))
    return picture


def colours(values: Numbers, log: bool, limits: tuple[float, float] | None = None) -> Normalize:
    """The scale of the colours for finite values.

    log: whether it is logarithmic. limits: its ends; None for the smallest and the largest value.
    """
    from matplotlib.colors import LogNorm, Normalize

    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    low, high = limits or (low, high)
    return LogNorm(low, high) if log and low < high else Normalize(low, high)


def _frame_words(table: HeatMap) -> str:
    if table.marked is None:
        return ""
    if table.why:
        return f", the chosen setting has a frame; {table.why}"
    return ", the best value has a frame"


def _name_columns(picture: Figure, axes: Axes, names: Sequence[str]) -> None:
    """Write the names below the columns: upright if they fit, and otherwise rotated.

    The picture becomes taller by the height of the names.
    """
    places = range(0, len(names), -(-len(names) // MOST_TICKS))
    texts = [shortened(names, LONGEST_TICK)[place] for place in places]
    room = 0.92 * WIDTH / max(len(texts), 1)
    fits = all(inches(word, NAME_SIZE) <= room for text in texts for word in text.split())
    shown = [wrapped(text, room if fits else TICK_WIDTH, NAME_SIZE) for text in texts]
    lines = max((text.count("\n") + 1 for text in shown), default=1)
    widest = max(
        (inches(line, NAME_SIZE) for text in shown for line in text.split("\n")), default=0.0
    )
    if fits and lines <= MOST_LINES:
        axes.set_xticks(places, shown, fontsize=NAME_SIZE)
        below = 0.14 * lines
    elif lines == 1:
        turned: Any = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(places, shown, fontsize=NAME_SIZE, **turned)
        below = 0.71 * widest
    else:
        axes.set_xticks(places, shown, fontsize=NAME_SIZE, rotation=90)
        below = widest
    width, height = picture.get_size_inches()
    picture.set_size_inches(width, height + below)


def _write_cells(axes: Axes, table: HeatMap, norm: Normalize) -> None:
    """Write the texts of the cells, × where there is no number, and frame the marked cell."""
    from matplotlib.patches import Rectangle

    values, (failed, _) = table.values, table.marks
    written = bool(table.texts) and len(table.columns) <= MOST_WRITTEN
    for (row, column), value in np.ndenumerate(values):
        finite = bool(np.isfinite(value))
        text = "×" if failed[row, column] else ""
        if written and finite:
            text = table.texts[row][column]
        if text and values.size <= MOST_CELLS:
            colour = "#666666" if not finite else "white" if norm(value) < 0.5 else "black"
            axes.text(column, row, plain(text), ha="center", va="center", color=colour, fontsize=8)
    if table.marked is not None:
        row, column = table.marked
        for width, colour in ((4, "white"), (1.5, PALETTE[1])):
            corner = (column - 0.47, row - 0.46)
            axes.add_patch(
                Rectangle(corner, 0.94, 0.92, fill=False, edgecolor=colour, linewidth=width)
            )
