"""The batch loss and the gradient norm of a run over its steps, as sparklines."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table

from gdrun.engine.trace import Columns
from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import quantity
from gdrun.views.sparklines import sparkline


def curves(steps: Columns) -> RenderableType:
    """Sparklines of batch loss and gradient norm over the steps, with the first and last values.

    steps: the step trace of a run, by column, (points,) each.
    """
    return FirstThatFits(*(_curves(steps, width) for width in (40, 20, 10)))


def _curves(steps: Columns, width: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    for word, name in (("batch loss", "batch_loss"), ("grad norm", "grad_norm")):
        first, last = (float(steps[name][place]) for place in (0, -1))
        line = sparkline(steps[f"max_{name}"], width)
        grid.add_row(word, line, f"{quantity(first, 3)} → {quantity(last, 3)}")
    return grid
