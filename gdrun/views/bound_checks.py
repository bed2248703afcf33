"""The view of a run compared with the bounds of theory, and the same as a dict for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.bound_checks import BoundCheck, RunCheck
from gdrun.views.curves import Chart, Curve
from gdrun.views.numbers import MISSING, quantity
from gdrun.views.terminal_plot import PlotView
from gdrun.views.theory import assumptions_view, plain_table, theory_data

MOST_ROWS = 8
"""The most evaluations that the table shows."""


def run_check_view(check: RunCheck) -> RenderableType:
    """Observation and bounds at a few evaluations, their curves, and a verdict on each bound."""
    known = check.theory.f_star is not None
    label = "f − f*" if known else "f"
    parts: list[RenderableType] = [Text(check.run.id, style="bold"), "", _table(check, label)]
    curves = _curves(check, label)
    if curves is not None:
        parts += ["", curves]
    parts += ["", *_verdicts(check)]
    if check.failing:
        parts += ["", assumptions_view(check.failing, _config(check))]
    return Group(*parts)


def _config(check: RunCheck) -> str | None:
    directory = check.run.directory
    return None if directory is None else str(directory / "config.yaml")


def _of_values(check: RunCheck) -> list[BoundCheck]:
    return [each for each in check.checks if each.bound.quantity == "f - f*"]


def _table(check: RunCheck, label: str) -> Table:
    bounds = _of_values(check)
    table = plain_table("step", label, *(each.bound.name for each in bounds), "")
    table.columns[0].justify = "right"
    last = len(check.steps) - 1
    # Closer together at the start, where most of the descent is.
    rows = np.unique(np.rint(np.geomspace(1, last + 1, MOST_ROWS)).astype(int) - 1)
    for row in rows.tolist():
        limits, verdict = [MISSING] * len(bounds), ""
        if row and bounds:
            limits = [quantity(float(each.allowed[row - 1])) for each in bounds]
            verdict = "holds" if all(each.held[row - 1] for each in bounds) else "BROKEN"
        value = quantity(float(check.excess[row]))
        table.add_row(f"{int(check.steps[row]):,}", value, *limits, verdict)
    return table


def _curves(check: RunCheck, label: str) -> RenderableType | None:
    """The curve of f − f* and that of the smallest bound, with a logarithmic axis."""
    bounds = _of_values(check)
    steps, excess = check.steps[1:], check.excess[1:]
    curves = [Curve(label, steps, excess)]
    if bounds:
        smallest = np.min([each.allowed for each in bounds], axis=0)
        curves.append(Curve("smallest bound", steps, smallest))
    drawn = [np.isfinite(curve.y) & (curve.y > 0) for curve in curves]
    if len(steps) < 2 or not np.all(drawn, axis=0).any():
        return None
    return PlotView(Chart("", "step", label, tuple(curves), log_y=True), height=10)


def _verdicts(check: RunCheck) -> list[Text]:
    lines = [Text(note) for note in check.notes]
    for each in check.checks:
        formula = f"{each.bound.name}: {each.bound.quantity} ≤ {each.bound.formula}"
        if each.all_held:
            share = quantity(each.tightest, 3)
            words, style = f"held at all {len(each.steps):,} points, at most {share} of it", "green"
        else:
            first = int(each.steps[int(np.argmin(each.held))])
            words, style = f"BROKEN first at step {first:,}", "bold red"
        lines.append(Text.assemble(formula, "\n  ", (words, style)))
    if check.failing:
        lines.append(Text("no bound applies to this run:", style="bold"))
    elif not check.checks:
        lines.append(Text("no bound is known for this objective", style="bold"))
    return lines


def run_check_data(check: RunCheck) -> dict[str, Any]:
    """The comparison as a dict that can be written as JSON: the predictions, and `observed`."""
    return theory_data(check.theory) | {
        "run": check.run.id,
        "observed": {"step": check.steps.tolist(), "excess": check.excess.tolist()},
        "checks": [
            {
                "name": each.bound.name,
                "quantity": each.bound.quantity,
                "held": each.all_held,
                "step": each.steps.tolist(),
                "bound": each.allowed.tolist(),
                "observed": each.observed.tolist(),
            }
            for each in check.checks
        ],
        "notes": list(check.notes),
    }
