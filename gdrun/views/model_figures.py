"""The data of the figures of trained models: regions, confusion, reliability, residuals, layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.data import Part, Prepared
from gdrun.errors import GdrunError
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.recorded_experiment import config_of, experiment_of
from gdrun.runs.run import Run
from gdrun.views.curves import Chart, Curve, is_logarithmic
from gdrun.views.numbers import quantity
from gdrun.views.study_figures import HeatMap

GRID = 200
"""The number of points along each side of the plane of decision regions."""

BINS = 10
"""The number of bins of equal width of a reliability curve."""

MOST_COLUMNS = 200
"""The most evaluations that a heat map of layers shows; of more, evenly spaced ones are shown."""


@dataclass(frozen=True)
class Regions:
    """The class that a model predicts on a plane of two features, and the training rows.

    names: of the features x and y. x, y: the coordinates of the grid, (GRID,) each, in the unit of
    the data. codes (GRID, GRID): the predicted class at [y, x], as an index in `classes`. points
    (n, 2), labels (n,): the rows and their classes.
    """

    title: str
    names: tuple[str, str]
    classes: tuple[str, ...]
    x: Numbers
    y: Numbers
    codes: Integers
    points: Numbers
    labels: Integers


@dataclass(frozen=True)
class Residuals:
    """Targets minus predictions (n,), against the predictions (n,), on one part of the data."""

    title: str
    part: str
    target: str
    predictions: Numbers
    residuals: Numbers


def decision_regions(run: Run) -> Regions:
    """The decision regions of a classifier. Raises GdrunError unless it has two features."""
    data, model = _data(run), run.model
    if not data.classes or data.features != 2:
        what = f"decision regions need classes and two features; this run has {data.features}"
        if not data.classes:
            what = "decision regions need classes, and this run predicts numbers"
        raise GdrunError(what, where=run.id, hint="dataset=moons is an example with two features")
    points = _features(data, data.train)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * (high - low)
    x, y = (np.linspace(a, b, GRID) for a, b in zip(low - margin, high + margin, strict=True))
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    predicted = model.predict(plane)
    codes = np.searchsorted(model.classes, predicted)
    if not np.array_equal(model.classes, np.sort(model.classes)):
        places = {label: code for code, label in enumerate(model.classes.tolist())}
        codes = np.array([places[label] for label in predicted.tolist()])
    first, second = data.feature_names
    return Regions(
        run.record["name"],
        (first, second),
        data.classes,
        x,
        y,
        codes.reshape(GRID, GRID),
        points,
        data.train.y.astype(np.int64),
    )


def confusion(run: Run) -> HeatMap:
    """The confusion matrix of a run: the counts, with the shares of each true class as colours.

    Raises GdrunError if the run has none.
    """
    record = run.summary.get("confusion")
    if record is None:
        raise GdrunError(
            "has no confusion matrix",
            where=run.id,
            hint="only a classifier that has ended and did not diverge has one",
        )
    counts = np.array(record["matrix"])
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    classes = tuple(run.record["data"]["classes"])
    return HeatMap(
        f"{run.record['name']}, {record['part']} part",
        "predicted class",
        "true class",
        classes,
        classes,
        shares,
        "share of the true class",
        texts=tuple(tuple(map(str, row)) for row in counts.tolist()),
        limits=(0.0, 1.0),
    )


def reliability(run: Run) -> Chart:
    """The share of right predictions at each predicted probability, in BINS bins of equal width.

    With two classes, the probability is that of the second class, and y is the share of rows of
    this class. With more classes, the probability is that of the predicted class, and y is the
    share of right predictions. A text at each point is the number of rows in its bin, because the
    share of few rows is uncertain. Raises GdrunError if the model has no probabilities.
    """
    part, data, words = *_last_part(run), ""
    probabilities = run.model.predict_proba(_features(data, part))
    if probabilities.shape[1] == 2:
        p, right = probabilities[:, 1], part.y == 1
        words = f"share of {data.classes[1]}"
    else:
        p, right = probabilities.max(axis=1), part.y == probabilities.argmax(axis=1)
        words = "share of right predictions"
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    used = counts > 0
    x = np.bincount(bins, p, BINS)[used] / counts[used]
    y = np.bincount(bins, right, BINS)[used] / counts[used]
    ideal = np.array([0.0, 1.0])
    rows = tuple(f"{each:,}" for each in counts[used].tolist())
    curves = (
        Curve("the model", x, y, marked=True, texts=rows),
        Curve("ideal", ideal, ideal, dashed=True),
    )
    title = f"{run.record['name']}, {_part_name(data)} part; numbers: rows in the bin"
    return Chart(title, "predicted probability", words, curves)


def residuals(run: Run) -> Residuals:
    """Targets minus predictions of a regression, in the target's own unit.

    Raises GdrunError for a classifier.
    """
    if run.record["data"]["classes"]:
        hint = '`kind="confusion"` and `kind="reliability"` show the errors of a classifier'
        raise GdrunError(
            "residuals need a regression; this is a classifier", where=run.id, hint=hint
        )
    part, data = _last_part(run)
    predictions = run.model.predict(_features(data, part)).astype(np.float64)
    targets = data.in_own_unit(part.y)
    name = _part_name(data)
    return Residuals(run.record["name"], name, data.target_name, predictions, targets - predictions)


def layer_gradients(run: Run) -> HeatMap:
    """The gradient norm of each layer at evaluations, evenly spaced if there are too many.

    Raises GdrunError for a model without layers.
    """
    names = [name for name in run.evals if name.endswith(".grad_norm")]
    if not names:
        hint = "model=mlp is a model with layers"
        raise GdrunError("has no gradient norms of layers", where=run.id, hint=hint)
    count = len(run.evals["epoch"])
    shown = np.unique(np.linspace(0, count - 1, min(count, MOST_COLUMNS)).astype(int))
    values = np.stack([run.evals[name][shown] for name in names])
    return HeatMap(
        run.record["name"],
        "epoch",
        "layer",
        tuple(quantity(float(epoch)) for epoch in run.evals["epoch"][shown]),
        tuple(name.partition(".")[0] for name in names),
        values,
        "gradient norm",
        log=is_logarithmic(values),
    )


def _data(run: Run) -> Prepared:
    """The data of a run, read again. Raises GdrunError if the run has no data, or they changed."""
    if "surface" in run.config:
        hint = '`kind="walk"` draws the run on its surface'
        raise GdrunError("is a run on a surface, which has no data", where=run.id, hint=hint)
    data = experiment_data(experiment_of(run))
    if data.sha256 != run.record["data"]["sha256"]:
        hint = f"`gdrun train {config_of(run)}` trains it again"
        raise GdrunError("the data changed since this run", where=run.id, hint=hint)
    return data


def _part_name(data: Prepared) -> str:
    return next(name for name in ("test", "validation", "train") if data.rows[name])


def _last_part(run: Run) -> tuple[Part, Prepared]:
    """The test part, or else the validation part, or else the training part, and all data."""
    data = _data(run)
    part = data.test or data.validation or data.train
    return part, data


def _features(data: Prepared, part: Part) -> Numbers:
    """The features (n, d) of a part in the unit of the data, before standardisation."""
    return data.encoding.original(np.asarray(part.X[:], dtype=np.float64))
