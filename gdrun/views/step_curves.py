"""The batch loss and the gradient norm of a run over its steps, as sparklines."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table

from gdrun.engine.trace import Columns
from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import told_apart
from gdrun.views.sparklines import sparkline


def curves(steps: Columns) -> RenderableType:
    """Sparklines of batch loss and gradient norm over the steps, with the first and last values.

    steps: the step trace of a run, by column, (points,) each. A point that combines several steps
    has their largest value, in the line and in the numbers.
    """
    return FirstThatFits(*(_curves(steps, width) for width in (40, 20, 10)))


def _curves(steps: Columns, width: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    combined = int(steps["combined"].max()) if "combined" in steps else 1
    for word, name in (("batch loss", "batch_loss"), ("grad norm", "grad_norm")):
        largest = steps[f"max_{name}"]
        first, last = told_apart((float(largest[0]), float(largest[-1])))
        grid.add_row(word, sparkline(largest, width), f"{first} → {last}")
    if combined > 1:
        grid.add_row("", f"each bar: the largest value of {combined} steps")
    return grid
