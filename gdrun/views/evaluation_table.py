"""The table of the evaluations of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.engine.trace import Columns
from gdrun.methods.stopping import position
from gdrun.problems.metrics import METRICS
from gdrun.views.fitting import fitting
from gdrun.views.numbers import MISSING, percent, quantity

MOST_ROWS = 12
"""The most rows of the table of evaluations, without the best one and that of the largest loss."""

_COLUMNS = {
    "train_loss": "train loss",
    "train_accuracy": "train acc",
    "validation_loss": "val loss",
    **{f"validation_{name}": f"val {metric.words}" for name, metric in METRICS.items()},
    "validation_accuracy": "val acc",
    "full_grad_norm": "grad norm",
}


def evaluation_table(
    evals: Columns,
    best_step: int | None = None,
    places: Mapping[int, Sequence[float]] | None = None,
) -> RenderableType:
    """A table with a row for each evaluation.

    If there are more than MOST_ROWS, it shows MOST_ROWS of them, evenly spaced, and the best one,
    and the one with the largest training loss if the loss rose far above its start.
    evals: the evaluations of a run, by column, (evaluations,) each. best_step: the step of the best
    evaluation; None if it is not known. places: the two weights after a step, by step, of a run on
    a surface; None for another run.
    """
    shown = [name for name in _COLUMNS if name in evals]
    table = Table(box=None, pad_edge=False, header_style="dim")
    weights = ("x", "y") if places else ()
    for heading in ("epoch", "step", *weights, *(_COLUMNS[name] for name in shown)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _chosen(evals, best_step):
        best = evals["step"][row] == best_step
        cells = [position(evals["epoch"][row]), f"{evals['step'][row]:,}"]
        place = (places or {}).get(int(evals["step"][row]))
        cells += [MISSING if place is None else quantity(place[k]) for k in range(len(weights))]
        for name in shown:
            value = float(evals[name][row])
            cells.append(percent(value) if name.endswith("accuracy") else quantity(value))
        marked = " best" if best else ""
        table.add_row(*cells, Text(marked, style="green"))
    return fitting(table, ("step", "train acc", "val acc", weights, "train loss"))


def _chosen(evals: Columns, best_step: int | None) -> list[int]:
    """The indices of the evaluations to show: evenly spaced, the first, the last and the best.

    The largest training loss is also shown if it is more than twice as large as the first one.
    evals: (evaluations,) by column. best_step: the step of the best evaluation.
    """
    steps = evals["step"]
    rows = set(
        np.linspace(0, len(steps) - 1, min(MOST_ROWS, len(steps))).round().astype(int).tolist()
    )
    if best_step is not None:
        rows |= set(np.flatnonzero(steps == best_step).tolist())
    loss = np.nan_to_num(evals.get("train_loss", np.zeros(1)), nan=-np.inf, posinf=np.inf)
    if float(loss.max()) - float(loss[0]) > abs(loss[0]):
        rows.add(int(loss.argmax()))
    return sorted(rows)
