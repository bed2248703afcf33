"""The charts of runs: loss, gradient norm and learning rate, or one quantity by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gdrun.errors import GdrunError
from gdrun.runs.run import Run
from gdrun.views.comparable_runs import check_one_problem
from gdrun.views.curves import (
    X_AXES,
    Chart,
    Curve,
    explained,
    explained_groups,
    is_logarithmic,
    median_curve,
    needs_log,
)
from gdrun.views.drawn_quantities import PARTS, chosen_quantity, drawable, without_part
from gdrun.views.numbers import quantity
from gdrun.views.titles import runs_title

USUAL = ("loss", "grad_norm", "lr")
"""The quantities that are drawn if no other is named."""

SUBOPTIMALITY = "suboptimality"
"""The quantity f − f*, which is computed from the loss and the minimum of the objective."""

_WORDS = {"grad_norm": "gradient norm", "lr": "learning rate", SUBOPTIMALITY: "f − f*"}


def run_charts(runs: Sequence[Run], x: str = "epoch", y: str | None = None) -> list[Chart]:
    """The charts of runs over x, one of X_AXES.

    y: a quantity such as loss, of which training and validation are two curves, or train_loss,
    which is one; or `suboptimality`; None for those of USUAL that were recorded. Raises GdrunError
    if the runs have different data, surfaces or, where y depends on it, losses, if nothing was
    recorded, if y was not recorded, or if f* is not known.
    """
    check_one_problem(runs, y)
    names = quantities(runs)
    if not names:
        hint = "wait until the run has recorded a step, or train it again"
        raise GdrunError("nothing was recorded yet", where=runs[0].id, hint=hint)
    if y is None:
        return [_chart(runs, x, name) for name in USUAL if name in names]
    name = chosen_quantity(y, [*names, *([SUBOPTIMALITY] if "loss" in names else [])])
    return [_suboptimality(runs, x) if name == SUBOPTIMALITY else _chart(runs, x, name)]


def quantities(runs: Sequence[Run]) -> list[str]:
    """The names of the recorded quantities; `loss` is both train_loss and validation_loss."""
    traces = [*(run.evals for run in runs), *(run.steps for run in runs)]
    return drawable(name for trace in traces for name, column in trace.items() if len(column))


def _chart(runs: Sequence[Run], x: str, name: str) -> Chart:
    """The chart of one quantity. Training and validation are two curves of the same owner."""
    columns = {f"{prefix}{name}": words for prefix, words in PARTS.items()}
    if not any(column in run.evals for run in runs for column in columns):
        columns = {name: ""}
    curves = []
    for own, group in explained_groups(runs):
        for column, part in columns.items():
            traces = [run.steps if column in run.steps else run.evals for run in group]
            curve = median_curve(own, traces, x, column)
            if curve is not None:
                label = ", ".join(filter(None, (own, part)))
                owner = own if own and part else None
                curves.append(replace(curve, label=label, owner=owner, dashed=part == "validation"))
    log = without_part(name) != "accuracy" and needs_log(curves)
    if name == "lr":
        # A schedule is easier to read on a linear axis, but very different rates are not.
        log = is_logarithmic(np.array([curve.y.max() for curve in curves]))
    words = _WORDS.get(name, name.replace("_", " "))
    return Chart(runs_title(runs), X_AXES[x], words, tuple(curves), log_y=log)


def _suboptimality(runs: Sequence[Run], x: str) -> Chart:
    """The chart of f − f* on the training part, always logarithmic."""
    from gdrun.insight.suboptimality import suboptimalities

    excess = {id(run): found for run, found in zip(runs, suboptimalities(runs), strict=True)}

    def curve(own: str, group: Sequence[Run]) -> Curve | None:
        traces = [{**run.evals, SUBOPTIMALITY: excess[id(run)]} for run in group]
        return median_curve(own, traces, x, SUBOPTIMALITY)

    title = runs_title(runs)
    curves = []
    for own, group in explained_groups(runs):
        if found := curve(own, group):
            end = _end_words(found, x)
            curves.append(replace(found, label=explained(own, end) if own else ""))
            title = title if own else explained(title, end)
    return Chart(title, X_AXES[x], _WORDS[SUBOPTIMALITY], tuple(curves), log_y=True)


def _end_words(curve: Curve, x: str) -> str:
    """Where a curve of f − f* ends before its run does: from there on, f is f* up to rounding.

    Empty if the curve has a positive value at its last point, or none at all.
    """
    positive = np.flatnonzero(curve.y > 0)
    if not len(positive) or positive[-1] == len(curve.y) - 1:
        return ""
    at = quantity(float(curve.x[positive[-1] + 1]))
    return f"f* reached at {f'{at} {x}' if x in ('gradients', 'seconds') else f'{x} {at}'}"
