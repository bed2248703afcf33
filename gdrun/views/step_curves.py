"""The batch loss and the gradient norm of a run over its steps, as sparklines."""

from __future__ import annotations

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from gdrun.engine.trace import Columns
from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import told_apart
from gdrun.views.sparklines import part_starts, sparkline

LABELS = len("batch loss")
"""The width of the labels, in characters."""


def curves(steps: Columns) -> RenderableType:
    """Sparklines of batch loss and gradient norm over the steps, with the first and last values.

    steps: the step trace of a run, by column, (points,) each. A point that combines several steps
    has their largest value, in the line and in the numbers. A legend has the number of steps of a
    bar, unless each bar is one step.
    """
    widths = (40, 20, 10)
    tables = (_curves(steps, width) for width in widths)
    return FirstThatFits(*tables, legends=[_legend(steps, width) for width in widths])


def _curves(steps: Columns, width: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=LABELS)
    for word, name in (("batch loss", "batch_loss"), ("grad norm", "grad_norm")):
        largest = steps[f"max_{name}"]
        first, last = told_apart((float(largest[0]), float(largest[-1])))
        grid.add_row(word, sparkline(largest, width), f"{first} → {last}")
    return grid


def _legend(steps: Columns, width: int) -> RenderableType:
    """How many steps a bar has in lines of at most `width` bars; empty if each bar is one step."""
    points = len(steps["max_batch_loss"])
    combined = steps.get("combined", np.ones(points, dtype=int))
    counts = np.add.reduceat(combined, part_starts(points, width))
    least, most = int(counts.min()), int(counts.max())
    if most == 1:
        return Group()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=LABELS)
    number = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    share = f"1/{len(counts)} of the run" if len(counts) > 1 else "the whole run"
    grid.add_row("each bar", f"the largest value of {number} steps, {share}")
    return grid
