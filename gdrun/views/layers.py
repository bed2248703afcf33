"""The layers of a network on screen: what the record of its evaluations tells of each."""

from __future__ import annotations

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from gdrun.engine.trace import Columns
from gdrun.methods.stopping import position
from gdrun.views.numbers import MISSING, percent, quantity

MOST_LAYERS = 24
"""Layers of one table; of more, so many spread evenly, the first and the last among them."""


def layers_of(evals: Columns) -> list[str]:
    """The names of the layers that were watched, first layer first; none but for a network."""
    return [name.removesuffix(".grad_norm") for name in evals if name.endswith(".grad_norm")]


def layer_table(evals: Columns) -> RenderableType:
    """A row for each layer: its gradient at the first and the last evaluation, the share of its
    weights that the last step moved, and its idle units at the last evaluation.
    """
    places = (0, -1) if len(evals["epoch"]) > 1 else (0,)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", no_wrap=True)
    epochs = [f"at epoch {position(evals['epoch'][place])}" for place in places]
    epochs[0] = f"grad norm {epochs[0]}"
    for heading in (*epochs, "update/weight", "dead", "saturated"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in _spread(layers_of(evals)):
        norms = [quantity(float(evals[f"{layer}.grad_norm"][place]), 3) for place in places]
        ratio = quantity(float(evals[f"{layer}.update_ratio"][-1]), 3)
        idle = [
            percent(float(evals[name][-1])) if (name := f"{layer}.{kind}") in evals else MISSING
            for kind in ("dead", "saturated")
        ]
        table.add_row(layer, *norms, ratio, *idle)
    return table


def _spread(layers: list[str]) -> list[str]:
    count = min(len(layers), MOST_LAYERS)
    return [layers[at] for at in np.linspace(0, len(layers) - 1, count).round().astype(int)]
