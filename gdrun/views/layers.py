"""The table of the layers of a network: gradient norms, update sizes and inactive units."""

from __future__ import annotations

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from gdrun.engine.trace import Columns
from gdrun.methods.stopping import position
from gdrun.views.fitting import fitting, headings
from gdrun.views.numbers import MISSING, percent, quantity

MOST_LAYERS = 24
"""The most rows of the table of layers. For a deeper network the table shows this many layers,
evenly spaced, with the first and the last.
"""

UPDATE = "update/weight"
"""The heading of the column with the sizes of updates."""

LEGEND = {
    UPDATE: "norm of the last update over norm of the weights; about 0.001 is usual",
    "dead": "share of units whose activation has slope 0 for every example",
    "saturated": "share of other units whose mean slope is below a tenth of the largest slope",
}
"""The meaning of the headings of the table. Before it the legend has the epoch of the values."""

NO_UPDATE = "no evaluation followed an update"
"""The meaning of the heading UPDATE if the only evaluation is that before the first step."""


def layers_of(evals: Columns) -> list[str]:
    """The names of the layers of a network in their order; none for another model.

    evals: the evaluations of a run, by column.
    """
    return [name.removesuffix(".grad_norm") for name in evals if name.endswith(".grad_norm")]


def layer_table(evals: Columns) -> RenderableType:
    """A table with a row for each layer of a network, and a legend of its headings.

    A row shows the norm of the layer's gradient at the first and at the last evaluation. It also
    shows, at the last evaluation, the size of the last update relative to the weights, and the
    shares of inactive units; the legend names the epoch of this evaluation. A narrow terminal gets
    fewer columns. evals: the evaluations of a run, by column, (evaluations,) each.
    """
    last = float(evals["epoch"][-1])
    places = (0, -1) if len(evals["epoch"]) > 1 else (0,)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", no_wrap=True)
    epochs = [f"at epoch {position(evals['epoch'][place])}" for place in places]
    epochs[0] = f"grad norm {epochs[0]}"
    for heading in (*epochs, UPDATE, "dead", "saturated"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in _evenly_spaced(layers_of(evals)):
        norms = [quantity(float(evals[f"{layer}.grad_norm"][place]), 3) for place in places]
        ratio = quantity(float(evals[f"{layer}.update_ratio"][-1]), 3) if last > 0 else MISSING
        inactive = [
            percent(float(evals[name][-1])) if (name := f"{layer}.{kind}") in evals else MISSING
            for kind in ("dead", "saturated")
        ]
        table.add_row(layer, *norms, ratio, *inactive)
    optional = ("saturated", "dead", UPDATE, *epochs[1:])
    return fitting(table, optional, lambda shown: _legend(shown, last))


def _legend(table: Table, epoch: float) -> RenderableType:
    """A table with the meanings of headings of the table of layers; other headings are clear.

    epoch: that of the last evaluation, which these headings do not name.
    """
    meanings = {heading: f"at epoch {position(epoch)}: {text}" for heading, text in LEGEND.items()}
    if epoch == 0:
        meanings[UPDATE] = NO_UPDATE
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    for heading in headings(table):
        if heading in meanings:
            grid.add_row(heading, meanings[heading])
    return Padding(grid, (1, 0, 0, 0)) if grid.row_count else Group()


def _evenly_spaced(layers: list[str]) -> list[str]:
    """At most MOST_LAYERS of the layers, evenly spaced, with the first and the last."""
    count = min(len(layers), MOST_LAYERS)
    return [layers[at] for at in np.linspace(0, len(layers) - 1, count).round().astype(int)]
