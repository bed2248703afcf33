"""A table of numbers as coloured cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdrun.views.pictures.style import MAP, PALETTE, figure, plain, wrapped
from gdrun.views.study_figures import HeatMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

MOST_CELLS = 400
"""The most cells in which something is written."""

MOST_WRITTEN = 10
"""The most columns between whose edges a number fits."""

MOST_TICKS = 12
"""The most rows or columns that are all named; of more, evenly spaced ones are named."""


def heat_map_picture(table: HeatMap) -> Figure:
    """The cells with a colour bar. A cell without a finite number is grey with a ×."""
    from matplotlib.colors import LogNorm, Normalize

    picture = figure(6.0, min(2.2 + 0.35 * len(table.rows), 6.0))
    axes = picture.subplots()
    values = table.values
    finite = np.isfinite(values)
    shown = values[finite]
    low, high = (shown.min(), shown.max()) if len(shown) else (0.0, 1.0)
    low, high = table.limits or (low, high)
    norm = LogNorm(low, high) if table.log and low < high else Normalize(low, high)
    cells = np.ma.masked_array(values, ~finite)
    image = axes.imshow(cells, cmap=MAP, norm=norm, aspect="auto", interpolation="nearest")
    axes.set_facecolor("#dddddd")
    _write_cells(axes, table, norm)
    for set_ticks, names in ((axes.set_xticks, table.columns), (axes.set_yticks, table.rows)):
        step = -(-len(names) // MOST_TICKS)
        set_ticks(range(0, len(names), step), [plain(name) for name in names[::step]])
    if max(map(len, table.columns), default=0) > 5:
        axes.tick_params("x", rotation=45)
    axes.grid(False)
    axes.set_xlabel(plain(table.x_label))
    axes.set_ylabel(plain(table.y_label))
    best = "" if table.marked is None else ": the best value has a frame"
    axes.set_title(wrapped(f"{table.title}{best}"))
    picture.colorbar(image, ax=axes, label=plain(table.value_label))
    return picture


def _write_cells(axes: Axes, table: HeatMap, norm: Normalize) -> None:
    """Write the texts of the cells, × where there is no number, and a frame around the best."""
    from matplotlib.patches import Rectangle

    values = table.values
    written = bool(table.texts) and len(table.columns) <= MOST_WRITTEN
    for (row, column), value in np.ndenumerate(values):
        finite = bool(np.isfinite(value))
        text = table.texts[row][column] if written and finite else "" if finite else "×"
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
