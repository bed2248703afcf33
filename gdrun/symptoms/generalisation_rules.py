"""Symptoms in the gap between the training loss and the validation loss of a run."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.stopping import position
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes
from gdrun.symptoms.facts import Remedy, Symptom, Traced


def overfitting(run: Traced) -> Symptom | None:
    """The validation loss rises while the training loss falls.

    h is the lowest validation loss minus the lower bound of the loss. d is the fall of the
    validation loss from the start to this minimum, and r is the rise from the minimum to the end.
    The symptom is reported if r > max(h/20, d/10) or r > max(h, d/50). In addition, the training
    loss must end below its value at the epoch of this minimum, and below the mean of the lowest and
    the last validation loss. The end of a loss is the median of its last values;
    that of a training loss which only falls at the end is its last value.

    The symptom is always reported if the validation loss was lowest before the first step, and the
    run returns the initial weights. The metrics of the run are then those of the initial weights.

    Evidence: validation loss, training loss

    Source: Prechelt 1998.
    """
    validation = run.evals.get("validation_loss")
    if validation is None:
        return None
    if run.returns_start:
        return _never_improved(run, validation)
    if not np.isfinite(validation).all():
        return None
    least = int(np.argmin(validation))
    last = float(np.median(validation[-max(1, len(validation) // 10) :]))
    rise, fall = last - float(validation[least]), float(validation[0] - validation[least])
    height = float(validation[least]) - run.floor
    large = rise > max(fall / 10, height / 20) or rise > max(fall / 50, height)
    if not large or run.end >= min(run.loss[least], last - rise / 2):
        return None
    lowest, at_end = contrasted(validation[least], validation[-1])
    return Symptom(
        "overfitting",
        float(min(1.0, 0.5 + rise / max(min(fall, height), rise))),
        f"the validation loss rose from {lowest} at epoch {position(run.epochs[least])} to "
        f"{at_end}, while the training loss fell to {quantity(run.loss[-1])}",
        (
            Remedy(
                {"stopping.epochs": max(1, int(run.epochs[least]))},
                "training ends at the lowest validation loss",
            ),
            *(Remedy({"model.l2": l2}, "l2 keeps the weights small") for l2 in (0.01, 0.1)),
            Remedy(
                {"model.dropout": 0.5},
                "units are left out at random, so that none relies on one other unit",
            ),
            *(changes.smaller_rates(run)[:2] if last > validation[0] else ()),
        ),
    )


def _never_improved(run: Traced, validation: Array) -> Symptom:
    first, last = contrasted(validation[0], validation[-1])
    return Symptom(
        "overfitting",
        1.0,
        f"the validation loss rose from {first} to {last}, "
        "and no step lowered it below its first value: the returned weights are those of the start",
        (
            *changes.smaller_rates(run)[:2],
            *(Remedy({"model.l2": l2}, "l2 keeps the weights small") for l2 in (0.01, 0.1)),
        ),
    )
