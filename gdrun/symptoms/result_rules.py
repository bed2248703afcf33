"""Symptoms in the results of a run: its metrics against a baseline, and its confusion matrix."""

from __future__ import annotations

import numpy as np

from gdrun.quantities import quantity
from gdrun.symptoms import changes
from gdrun.symptoms.facts import Remedy, Symptom, Traced
from gdrun.symptoms.wording import share


def baseline(run: Traced) -> Symptom | None:
    """The model predicts no better than a constant.

    The loss on held-out data is no lower than that of always predicting the most frequent class or
    the mean of the training part, and the accuracy is no higher. The training part is used if no
    other is measured.

    Evidence: loss and accuracy of the validation, test or training part

    Source: Witten et al. 2016, where this predictor is called ZeroR.
    """
    known = run.summary.get("baseline") or {}
    part = (
        next((each for each in ("validation", "test", "train") if each in known["loss"]), None)
        if known
        else None
    )
    if part is None:
        return None
    constant, loss = known["loss"][part], run.summary.get(f"{part}_loss")
    accuracy = run.summary.get(f"{part}_accuracy")
    if constant is None or loss is None or loss < constant:
        return None
    if accuracy is not None and accuracy > known["metrics"][part].get("accuracy", 0.0):
        return None
    return Symptom(
        "baseline",
        0.8,
        f"the {part} loss {quantity(loss)} is no better than {quantity(constant)}, that of always "
        f"predicting {_shown(known['prediction'])}",
        (*changes.fewer_limits(run), *changes.standardised(run), *changes.larger_rates(run)),
    )


def _shown(prediction: str | float) -> str:
    """The constant prediction: a class, or a number."""
    return prediction if isinstance(prediction, str) else quantity(prediction)


def imbalance(run: Traced) -> Symptom | None:
    """The accuracy is high, but a rare class is not found.

    One class has over 80 % of the examples, and fewer than half of the examples of another class
    are predicted correctly. A class with fewer than 5 examples is not judged.

    Evidence: confusion matrix of the held-out part

    Source: He & Garcia 2009.
    """
    confusion = run.summary.get("confusion")
    if confusion is None:
        return None
    matrix = np.asarray(confusion["matrix"], dtype=float)
    rows = matrix.sum(axis=1)
    total, seen = rows.sum(), rows >= FEWEST_EXAMPLES
    if not total or rows.max() <= 0.8 * total or seen.sum() < 2:
        return None
    recalls = np.where(seen, np.diagonal(matrix) / np.maximum(rows, 1), 1.0)
    worst = int(np.argmin(recalls))
    if recalls[worst] >= 0.5:
        return None
    return Symptom(
        "imbalance",
        0.8,
        f"accuracy {share(np.trace(matrix), total)} on the {confusion['part']} part, but only "
        f"{matrix[worst, worst]:.0f} of {rows[worst]:.0f} examples of one class are found, and "
        f"{share(rows.max(), total)} of the examples are of another class",
        (Remedy({"evaluate.metrics": ["balanced_accuracy"]}, "it counts every class equally"),),
    )


FEWEST_EXAMPLES = 5
"""A class with fewer examples in a part is not judged."""
