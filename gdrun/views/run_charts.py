"""The charts of runs: loss, gradient norm and learning rate, or one quantity by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gdrun.config.names_elsewhere import KEYS_ELSEWHERE
from gdrun.errors import GdrunError, Parameter, suggestion
from gdrun.runs.run import Run
from gdrun.views.curves import (
    X_AXES,
    Chart,
    Curve,
    check_one_problem,
    explained,
    explained_groups,
    is_logarithmic,
    median_curve,
    needs_log,
)
from gdrun.views.numbers import quantity
from gdrun.views.titles import runs_title

USUAL = ("loss", "grad_norm", "lr")
"""The quantities that are drawn if no other is named."""

SUBOPTIMALITY = "suboptimality"
"""The quantity f − f*, which is computed from the loss and the minimum of the objective."""

PARTS = {"train_": "training", "validation_": "validation"}
"""For each prefix of the columns of evaluations, the name of the part of the data."""

_WORDS = {"grad_norm": "gradient norm", "lr": "learning rate", SUBOPTIMALITY: "f − f*"}


def run_charts(runs: Sequence[Run], x: str = "epoch", y: str | None = None) -> list[Chart]:
    """The charts of runs over x, one of X_AXES.

    y: a quantity such as accuracy or update_norm, or `suboptimality`; None for those of USUAL that
    were recorded. Raises GdrunError if the runs have different data, surfaces or losses, if nothing
    was recorded, if y was not recorded, or if f* is not known.
    """
    check_one_problem(runs)
    names = quantities(runs)
    if not names:
        hint = "wait until the run has recorded a step, or train it again"
        raise GdrunError("nothing was recorded yet", where=runs[0].id, hint=hint)
    if y is None:
        return [_chart(runs, x, name) for name in USUAL if name in names]
    if y == SUBOPTIMALITY and "loss" in names:
        return [_suboptimality(runs, x)]
    if y not in names:
        elsewhere = KEYS_ELSEWHERE.get(y.lower().replace("-", "_"), "").rpartition(".")[2]
        known = [*names, SUBOPTIMALITY]
        hint = f"the name in gdrun is {elsewhere}" if elsewhere in names else suggestion(y, known)
        raise GdrunError(f"{y!r} was not recorded", where=Parameter("y"), hint=hint)
    return [_chart(runs, x, y)]


def quantities(runs: Sequence[Run]) -> list[str]:
    """The names of the recorded quantities; train_loss and validation_loss are both `loss`."""
    axes = {*X_AXES, "combined"}
    evals = [name for run in runs for name, column in run.evals.items() if len(column)]
    steps = [name for run in runs for name, column in run.steps.items() if len(column)]
    shown = dict.fromkeys([*(_bare(name) for name in evals), *steps])
    return [name for name in shown if name not in axes]


def _bare(column: str) -> str:
    """The name of a column of evaluations without the part of the data."""
    prefix = next((prefix for prefix in PARTS if column.startswith(prefix)), "")
    return column.removeprefix(prefix)


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
    log = name != "accuracy" and needs_log(curves)
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
