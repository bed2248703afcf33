"""The summary of a run in numbers: its results and its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypeAlias, cast

import numpy as np
from annotated_types import Len
from typing_extensions import TypedDict

from gdrun.array_types import Array
from gdrun.engine.measuring import Baseline, Measured, PartName, Recalls, Values
from gdrun.engine.outcome import Best, Outcome
from gdrun.runs.checked import Count, Seconds


class BestRecord(TypedDict):
    """The best evaluation: its time and its loss.

    The loss is validation_loss, or train_loss if there is no validation part. If early stopping has
    a metric, the name and the value of the metric on the validation part replace the loss.
    """

    epoch: float
    step: Count
    validation_loss: NotRequired[float]
    train_loss: NotRequired[float]
    metric: NotRequired[str]
    value: NotRequired[float]


MetricValues: TypeAlias = dict[str, float | None]
"""The values of metrics by name; None where a metric is not defined."""


class BaselineRecord(TypedDict):
    """The baseline, which always predicts the same class or number: `prediction`.

    loss, metrics: those of the baseline, by part of the data. A loss is None if the model
    predicts classes with a loss function without probabilities, such as hinge. zero_loss: the mean
    training loss if all scores are 0; runs of earlier versions have none.
    """

    prediction: str | float
    loss: dict[str, float | None]
    zero_loss: NotRequired[float | None]
    metrics: dict[str, MetricValues]


class ConfusionRecord(TypedDict):
    """A confusion matrix on one part of the data.

    matrix: [i][j] is the number of rows of class i that were predicted as class j.
    """

    part: str
    matrix: list[list[Count]]


class RecallRecord(TypedDict):
    """The recall of each class on one part of the data, as counts in the order of the classes.

    rows: the number of rows of each class. found: how many of them were predicted as their class.
    """

    rows: list[Count]
    found: list[Count]


class Summary(TypedDict):
    """The summary of a run. Losses and accuracies are those of the weights that the run returns.

    A number that was not measured is None. epochs, steps, gradients (of single examples): how many
    the run computed. seconds: the time spent in updates. grad_norm: the gradient norm of the last
    step. largest_grad_norm: the largest gradient norm of any step. rising_share: the share of steps
    after which the loss was higher. The loss after a step is the batch loss of the next step; after
    the last step it is the training loss if both are the same function of the weights, and else
    the last step does not count. clipped_share: the share of steps whose gradient was clipped.
    weights: whether the run returns its best or its last weights. place,
    distance: on a surface, the point of the returned weights, and its distance to the nearest
    minimum. baseline: the results of a constant prediction. recalls: the recall of each class by
    part, only for classification; in a study only if one class has over half of the rows of a part.
    tested: in a study, the metrics that its config or its ranking names, on the test part.
    """

    epochs: float
    steps: Count
    gradients: Count
    seconds: Seconds
    initial_train_loss: float | None
    train_loss: float | None
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    grad_norm: float | None
    largest_grad_norm: float
    rising_share: float | None
    clipped_share: float | None
    best: BestRecord | None
    weights: Literal["best", "last"]
    place: NotRequired[Annotated[list[float], Len(2, 2)]]
    distance: NotRequired[float]
    baseline: NotRequired[BaselineRecord]
    recalls: NotRequired[dict[str, RecallRecord]]
    tested: NotRequired[MetricValues]


class RunSummary(Summary):
    """The summary in run.json, with the metrics of the weights that the run returns.

    metrics: by part of the data, then by name. confusion: the confusion matrix on the test part, or
    else on the validation or training part; only for classification. A run that diverged or that is
    on a surface has none of the keys metrics, confusion, baseline and recalls.
    """

    metrics: NotRequired[dict[str, MetricValues]]
    confusion: NotRequired[ConfusionRecord]


def summary_of(outcome: Outcome) -> Summary:
    """The summary of a run that has ended."""
    scores, steps = _returned(outcome), outcome.stop.step
    compared = max(steps - 1, 0) if outcome.compared is None else outcome.compared
    summary: Summary = {
        "epochs": outcome.stop.epoch,
        "steps": steps,
        "gradients": int(outcome.steps["gradients"][-1]) if steps else 0,
        "seconds": outcome.timing.updates,
        "initial_train_loss": _first(outcome.evaluations["train_loss"]),
        "train_loss": scores.get("train_loss"),
        "train_accuracy": scores.get("train_accuracy"),
        "validation_loss": scores.get("validation_loss"),
        "validation_accuracy": scores.get("validation_accuracy"),
        "test_loss": _measured(outcome.test_loss),
        "test_accuracy": _measured(outcome.test_accuracy),
        "grad_norm": _measured(outcome.steps["grad_norm"][-1]) if steps else None,
        "largest_grad_norm": float(outcome.largest_grad_norm),
        "rising_share": outcome.rising / compared if compared else None,
        "clipped_share": outcome.clipped / steps if steps else None,
        "best": _best(outcome.best) if outcome.best else None,
        "weights": "best" if outcome.restored else "last",
    }
    if outcome.surface is not None:
        summary["place"] = outcome.weights.tolist()
        summary["distance"] = outcome.surface.distance(outcome.weights)
    return summary


def with_metrics(summary: Summary, found: Measured | None, classes: Sequence[str]) -> RunSummary:
    """The summary with the metrics in `found`, or without metrics if it is None.

    classes: the labels of the classes.
    """
    full = cast("RunSummary", dict(summary))
    if found is None:
        return full
    full["metrics"] = _by_part(found.parts)
    full |= cast("RunSummary", judged_by(found.baseline, found.recalls, classes))
    if found.confusion is not None:
        full["confusion"] = {"part": list(found.parts)[-1], "matrix": found.confusion.tolist()}
    return full


def judged_by(
    baseline: Baseline, recalls: Mapping[PartName, Recalls], classes: Sequence[str]
) -> dict[str, Any]:
    """The entries baseline and, if they were measured, recalls of a summary.

    classes: the labels of the classes.
    """
    always = baseline.prediction
    known: BaselineRecord = {
        "prediction": classes[int(always)] if classes else always,
        "loss": {part: _measured(value) for part, value in baseline.losses.items()},
        "zero_loss": _measured(baseline.zero_loss),
        "metrics": _by_part(baseline.parts),
    }
    counted: dict[str, RecallRecord] = {
        part: {"rows": rows.tolist(), "found": right.tolist()}
        for part, (rows, right) in recalls.items()
    }
    return {"baseline": known} | ({"recalls": counted} if counted else {})


def with_tests(summary: Summary, values: Values) -> Summary:
    """The summary with these metrics of the test part, by name; unchanged if there are none."""
    tested: MetricValues = {name: _measured(value) for name, value in values.items()}
    return {**summary, "tested": tested} if tested else summary


def _by_part(parts: Mapping[PartName, Values]) -> dict[str, MetricValues]:
    return {
        part: {name: _measured(value) for name, value in values.items()}
        for part, values in parts.items()
    }


def numbers_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a summary by name, with the metrics by part, such as validation_f1."""
    metrics = {"test": summary.get("tested") or {}, **(summary.get("metrics") or {})}
    by_part = {f"{part}_{name}": each for part in metrics for name, each in metrics[part].items()}
    return {
        name: float(value)
        for name, value in {**summary, **by_part}.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def number_in(summary: Summary, name: str) -> float | None:
    """The number in the summary with this name; None if it was not measured or is not a number."""
    part, _, quantity = name.partition("_")
    tested = summary.get("tested", {}) if part == "test" else {}
    value = summary.get(name, tested.get(quantity))
    return value if isinstance(value, int | float) else None


def _returned(outcome: Outcome) -> dict[str, float | None]:
    """The readings, by name, of the evaluation of the weights that the run returns.

    Empty if these weights were not evaluated.
    """
    step = outcome.best.step if outcome.restored and outcome.best else outcome.stop.step
    at_step = np.flatnonzero(outcome.evaluations["step"] == step)
    if not len(at_step):
        return {}
    return {name: _measured(column[at_step[-1]]) for name, column in outcome.evaluations.items()}


def _best(best: Best) -> BestRecord:
    record: BestRecord = {"epoch": best.epoch, "step": best.step}
    match best.quantity:
        case "validation_loss":
            record["validation_loss"] = best.value
        case "train_loss":
            record["train_loss"] = best.value
        case quantity:
            record["metric"] = quantity.removeprefix("validation_")
            record["value"] = best.value
    return record


def _first(column: Array) -> float | None:
    return float(column[0]) if len(column) else None


def _measured(value: float) -> float | None:
    """The value; None for NaN, which marks a number that was not measured."""
    return None if np.isnan(value) else float(value)
