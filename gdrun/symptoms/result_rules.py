"""Symptoms in the results of a run: its metrics against a baseline, and its recall of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.quantities import contrasted
from gdrun.symptoms import changes, scales
from gdrun.symptoms.facts import Remedy, Symptom, Traced
from gdrun.symptoms.stability_rules import unsteady
from gdrun.symptoms.wording import predicted, share


def baseline(run: Traced) -> Symptom | None:
    """The model predicts no better than a constant.

    The constant prediction is the most frequent class, or the mean of the target, of the training
    part. The loss of the model is no lower than that of the constant prediction, and its accuracy
    is no higher. The validation part is compared if it is measured, else the test part, else the
    training part.

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
    own, other = contrasted(loss, constant)
    return Symptom(
        "baseline",
        0.8,
        f"the {part} loss {own} is no better than {other}, the loss of "
        f"always predicting {predicted(known['prediction'])}",
        (*changes.fewer_limits(run), *scales.standardised(run), *changes.larger_rates(run)),
    )


def imbalance(run: Traced) -> Symptom | None:
    """The predictions are wrong for most examples of a rare class.

    Fewer than half of the examples of this class are predicted correctly. Another class has over 80
    % of the examples of the same part; or it has over half of them, and the accuracy is no higher
    than its share. Each class is judged on the first of the test, the validation and the training
    part that has at least 5 of its examples.

    With two classes, `gdrun evaluate RUN DATA --threshold 0.2` predicts the positive class from a
    probability of 0.2. If it is the rare one, more of its examples are found, and more examples of
    the other class are taken for it. A threshold of 0.8 does this for the other class.

    Larger steps, or more of them, help only a run whose loss still falls: by over 1/100 of its
    height above its lower bound in the last tenth of the run, without moving up and down.

    Evidence: recall of each class, accuracy

    Source: He & Garcia 2009.
    """
    judged = class_recalls(run)
    if not judged:
        return None
    worst = min(judged, key=lambda each: each.found / each.rows)
    counts = run.summary["recalls"][worst.part]
    largest, total = int(np.argmax(counts["rows"])), sum(counts["rows"])
    most = counts["rows"][largest]
    useless = total < 2 * most and sum(counts["found"]) <= most
    if not (most > 0.8 * total or useless) or worst.found >= worst.rows / 2:
        return None
    if worst.rows == most:  # the class is not rare
        return None
    return Symptom(
        "imbalance",
        0.8,
        f"the predictions are right for only {worst.found} of {worst.rows} examples of class "
        f"{worst.name} in the {PART_WORDS[worst.part]} part; the accuracy is "
        f"{share(sum(counts['found']), total)}, because {share(most, total)} of the examples are "
        f"of class {_name(run, largest)}",
        (
            *changes.fewer_limits(run),
            *changes.best_by_balance(run),
            *(_further(run) if _still_falls(run) else ()),
        ),
    )


def _still_falls(run: Traced) -> bool:
    """Whether the training loss still falls noticeably, in the last tenth of the run."""
    return run.fallen_after(0.9) > (run.end - run.floor) / 100 and not unsteady(run)


def _further(run: Traced) -> tuple[Remedy, ...]:
    """The changes with which a loss that falls goes further."""
    return (
        *scales.standardised(run),
        *changes.larger_rates(run),
        *changes.adam(run),
        # More epochs do not help a run that returns the weights from before its first one.
        *(() if run.returns_start else changes.longer(run)),
    )


FEWEST_EXAMPLES = 5
"""A class is judged on a part of the data that has at least this many of its examples."""

PART_WORDS = {"test": "test", "validation": "validation", "train": "training"}
"""The parts of the data in words, in the order in which they are tried to judge a class."""


@dataclass(frozen=True)
class ClassRecall:
    """How often the predictions for one class are right, on one part of the data.

    rows: the number of examples of the class in this part. found: how many of these are predicted
    as the class. share: the share of the class among all examples of the part.
    """

    name: str
    part: str
    rows: int
    found: int
    share: float


def class_recalls(run: Traced) -> list[ClassRecall]:
    """The recall of each class, without those that have too few examples in every part.

    Empty for a regression, and for a run without metrics.
    """
    counted = run.summary.get("recalls") or {}
    parts = [part for part in PART_WORDS if part in counted]
    judged = []
    for number in range(len(counted[parts[0]]["rows"]) if parts else 0):
        for part in parts:
            counts = counted[part]
            rows, found = counts["rows"][number], counts["found"][number]
            if rows >= FEWEST_EXAMPLES:
                size = rows / sum(counts["rows"])
                judged.append(ClassRecall(_name(run, number), part, rows, found, size))
                break
    return judged


def _name(run: Traced, number: int) -> str:
    """The label of a class."""
    labels = run.data.get("classes")
    return str(labels[number] if labels else number)
