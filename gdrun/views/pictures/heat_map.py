"""A table of numbers as coloured cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdrun.views.pictures.style import MAP, figure, plain
from gdrun.views.study_figures import HeatMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    if table.texts:
        low, high = 0.0, 1.0
    norm = LogNorm(low, high) if table.log and low < high else Normalize(low, high)
    cells = np.ma.masked_array(values, ~finite)
    image = axes.imshow(cells, cmap=MAP, norm=norm, aspect="auto", interpolation="nearest")
    axes.set_facecolor("#dddddd")
    for row, column in np.argwhere(~finite).tolist():
        if values.size <= 400:
            axes.text(column, row, "×", ha="center", va="center", color="#666666")
    for row, texts in enumerate(table.texts):
        for column, text in enumerate(texts):
            dark = norm(values[row, column]) < 0.5
            colour = "white" if dark else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    if table.marked is not None:
        row, column = table.marked
        colour = "white" if norm(values[row, column]) < 0.5 else "black"
        axes.text(column, row, "best", ha="center", va="center", fontsize=7, color=colour)
    for set_ticks, names in ((axes.set_xticks, table.columns), (axes.set_yticks, table.rows)):
        step = -(-len(names) // MOST_TICKS)
        set_ticks(range(0, len(names), step), [plain(name) for name in names[::step]])
    if max(map(len, table.columns), default=0) > 5:
        axes.tick_params("x", rotation=45)
    axes.grid(False)
    axes.set_xlabel(plain(table.x_label))
    axes.set_ylabel(plain(table.y_label))
    axes.set_title(plain(table.title))
    picture.colorbar(image, ax=axes, label=plain(table.value_label))
    return picture
