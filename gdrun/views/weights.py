"""The views of a trained model: coefficients, layers, and results on new data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.data.target_scale import target_note
from gdrun.errors import printable
from gdrun.methods.stopping import position
from gdrun.problems.metrics import METRICS
from gdrun.problems.network import Network
from gdrun.runs.coefficients import Coefficients, coefficients
from gdrun.runs.predictions import Evaluation
from gdrun.runs.run import Run
from gdrun.runs.trained_model import TrainedModel
from gdrun.views.fitting import FirstThatFits
from gdrun.views.names import Name
from gdrun.views.numbers import MISSING, count, quantity
from gdrun.views.quality import (
    MOST_CLASSES,
    confusion_grid,
    constant_words,
    metric_heading,
    shown,
)
from gdrun.views.training import path_line as path_line

MOST_ROWS = 20
"""The most coefficients of a score in the table; the JSON document has all."""


def weights_view(model: TrainedModel) -> RenderableType:
    """The coefficients of a linear model, or a table of the layers of a network."""
    if isinstance(model.model, Network):
        return _layer_table(model)
    views: list[RenderableType] = []
    for each in coefficients(model):
        narrow = _coefficient_table(each, model, "original\nunits")
        views += ["", FirstThatFits(_coefficient_table(each, model), narrow)]
        hidden = len(each.original) - MOST_ROWS
        if hidden > 0:
            views.append(Text(f"and {count(hidden, 'smaller coefficient')}", style="dim"))
    legend = "sorted by size of the standardised coefficient, for which each feature has mean 0 "
    legend += "and standard deviation 1"
    if model.encoding.scale is None:
        legend = "sorted by size; the features were not standardised"
    return Group(*views[1:], "", Text(legend, style="dim"))


UNFINISHED = ("stuck", "slow convergence", "still falling")
"""The symptoms of a run whose weights are not near a minimum of the training loss."""


def training_notes(run: Run) -> list[Text]:
    """A note if the weights of a run are not near the minimum of its training loss; else empty.

    It is made from the record of the run: its weights are those of an evaluation before the end, or
    the run has a symptom of UNFINISHED.
    """
    summary, found = run.summary, [each["name"] for each in run.record.get("diagnosis", ())]
    best = summary["best"] if summary["weights"] == "best" else None
    if best is not None and best["step"] < summary["steps"]:
        metric = METRICS[best["metric"]].words if "metric" in best else "loss"
        text = f"these are the weights of epoch {position(best['epoch'])} of "
        text += f"{position(summary['epochs'])}, with the best validation {metric}; later weights "
        return [Text(f"\n{text}may have a lower training loss", style="dim")]
    names = [name for name in UNFINISHED if name in found]
    if not names:
        return []
    text = f"the run has the symptom {names[0]}: these weights are not near a minimum of the "
    return [Text(f"\n{text}training loss", style="dim")]


def weights_data(model: TrainedModel) -> dict[str, Any]:
    """All coefficients of a linear model, or the layers of a network, as plain data for JSON."""
    data: dict[str, Any] = {"model": model.name, "target": model.target.name}
    if isinstance(model.model, Network):
        return data | {"layers": _layers(model)}
    return data | {"scores": [_score_data(each, model) for each in coefficients(model)]}


def weights_rows(model: TrainedModel) -> list[list[str | float | None]]:
    """All coefficients of a linear model as rows of a table, with a header and the intercepts.

    A score is an output of the model: one for each class, or a single one. Its rows are sorted by
    the size of the coefficient (the standardised one, if there is one), the largest first. A cell
    without a value is None.
    """
    rows: list[list[str | float | None]] = [["score", "feature", "standardised", "original"]]
    for score in weights_data(model)["scores"]:
        label, constant = score["label"], score["intercept"]
        rows += [
            [label, each["feature"], each["standardised"], each["original"]]
            for each in score["coefficients"]
        ]
        rows.append([label, "(intercept)", constant["standardised"], constant["original"]])
    return rows


def evaluation_view(
    model: TrainedModel, found: Evaluation, path: Path, data: str, threshold: float | None = None
) -> RenderableType:
    """A table with a row for each result of a model on new data, and the confusion matrix.

    path: of the run. data: the words for the data, such as a file name. threshold: the least
    probability at which the second of two classes is predicted; None for the more probable class.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("model", Name(f"{model.name} for {model.target.name}, {path}"))
    grid.add_row("data", f"{data}: {count(found.rows, 'row')}")
    classes = model.target.classes
    if threshold is not None:
        words = f"{classes[1]} if its probability is at least {threshold:g}, else {classes[0]}"
        grid.add_row("threshold", words)
    if found.constant is not None:
        grid.add_row("baseline", f"always {constant_words(found.constant)}")
    if model.description.target_scale is not None:
        grid.add_row("note", Text(target_note(model.target.name)))
    results = Table(box=None, pad_edge=False, header_style="dim")
    results.add_column("", style="dim", overflow="fold")
    for heading in ("model", *(["baseline"] if found.baseline else [])):
        results.add_column(heading, justify="right", no_wrap=True)
    for name, value in found.metrics.items():
        columns = [value, *([found.baseline[name]] if found.baseline else [])]
        known = (each if np.isfinite(each) else None for each in columns)
        results.add_row(metric_heading(name, classes), *(shown(name, each) for each in known))
    parts: list[RenderableType] = [grid, "", results]
    if found.confusion is None or len(classes) > MOST_CLASSES:
        return Group(*parts)
    return Group(*parts, "", confusion_grid(classes, found.confusion.tolist()))


def _coefficient_table(
    found: Coefficients, model: TrainedModel, original: str = "original units"
) -> Table:
    """The table of coefficients. original: the heading of those for features in their own units."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(found.label, overflow="fold")
    for heading in ("standardised", original):
        table.add_column(heading, justify="right", no_wrap=True)
    for at in found.order[:MOST_ROWS].tolist():
        standardised = None if found.standardised is None else float(found.standardised[at])
        table.add_row(
            Name(printable(model.feature_names[at])),
            quantity(standardised),
            quantity(found.original[at]),
        )
    first = MISSING if found.standardised is None else quantity(found.intercept)
    table.add_row(Name("(intercept)"), first, quantity(found.original_intercept))
    return table


def _score_data(found: Coefficients, model: TrainedModel) -> dict[str, Any]:
    standardised = found.standardised
    return {
        "label": found.label,
        "intercept": {
            "standardised": None if standardised is None else found.intercept,
            "original": found.original_intercept,
        },
        "coefficients": [
            {
                "feature": model.feature_names[at],
                "standardised": None if standardised is None else float(standardised[at]),
                "original": float(found.original[at]),
            }
            for at in found.order.tolist()
        ],
    }


def _layers(model: TrainedModel) -> list[dict[str, Any]]:
    """The name, shape, L2 norm and largest absolute value of each array of weights."""
    found = []
    for name, array in model.weights.items():
        values = np.asarray(array, dtype=np.float64)
        found.append(
            {
                "name": name,
                "shape": list(values.shape),
                "norm": float(np.linalg.norm(values)),
                "largest": float(np.abs(values).max()),
            }
        )
    return found


def _layer_table(model: TrainedModel) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("weights", no_wrap=True)
    for heading in ("shape", "norm", "largest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _layers(model):
        shape = " × ".join(map(str, row["shape"]))
        table.add_row(row["name"], shape, quantity(row["norm"]), quantity(row["largest"]))
    return table
