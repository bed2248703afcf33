"""Symptoms in the gap between the training loss and the validation loss of a run."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.stopping import position
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes
from gdrun.symptoms.early_explosion import early_explosion, rose_first, settled_from
from gdrun.symptoms.facts import Remedy, Symptom, Traced


def overfitting(run: Traced) -> Symptom | None:
    """The validation loss rises by over 1/10 of its fall, or doubles, as the training loss falls.

    A smaller rise is not reported, even if it lasts: the validation loss of a few rows may rise as
    far in a healthy run. The line `best` of a run shows where it was lowest.

    h is the lowest validation loss minus the lower bound of the loss. d is the fall of the
    validation loss from the start to this minimum, and r is the rise from the minimum to the end.
    The symptom is reported if r > max(h/20, d/10) or r > max(h, d/50). In addition, the training
    loss must end below its value at the epoch of this minimum, and below the mean of the lowest and
    the last validation loss. The end of a loss is the median of its last values;
    that of a training loss which only falls at the end is its last value.

    There is no symptom if the minimum is among these last values, nor if the validation loss
    recovers from a peak: its largest value after the minimum is in the first half of the epochs
    since then, it has fallen by over r/10 since this peak, and the medians of the four quarters
    after the peak fall from each to the next, and, if it ends above its start, from the third to
    the fourth by over r/20. If the training loss rose above its start by more than its largest
    possible fall, the minimum is searched where the training loss is below its start again, unless
    the validation loss ends above its start and does not recover.

    The symptom is always reported if the validation loss was lowest before the first step, and the
    run returns the initial weights, unless an early explosion explains this. The metrics of the run
    are then those of the initial weights.

    Evidence: validation loss, training loss

    Source: Prechelt 1998.
    """
    validation = run.evals.get("validation_loss")
    if validation is None:
        return None
    if run.returns_start:
        return _never_improved(run, validation) if early_explosion(run) is None else None
    if not np.isfinite(validation).all():
        return None
    width = max(1, len(validation) // 10)
    last = float(np.median(validation[-width:]))
    above = last - float(validation[0])
    since = settled_from(run) if above <= 0 or _recovers(validation, above, high=True) else 0
    least = since + int(np.argmin(validation[since:]))
    rise, fall = last - float(validation[least]), float(validation[0] - validation[least])
    height = float(validation[least]) - run.floor
    large = rise > max(fall / 10, height / 20) or rise > max(fall / 50, height)
    if not large or run.end >= min(run.loss[least], last - rise / 2):
        return None
    if least >= len(validation) - width or _recovers(validation[least:], rise, high=above > 0):
        return None
    smaller = changes.smaller_rates(run)[:2] if last > validation[0] else ()
    lowest, at_end = contrasted(validation[least], validation[-1])
    return Symptom(
        "overfitting",
        float(min(1.0, 0.5 + rise / max(min(fall, height), rise))),
        f"the validation loss rose from {lowest} at epoch {position(run.epochs[least])} to "
        f"{at_end}, while the training loss fell to {quantity(run.loss[-1])}",
        (
            *(smaller if rose_first(run) else ()),
            *_earlier_end(float(run.epochs[least])),
            *(Remedy({"model.l2": l2}, "l2 keeps the weights small") for l2 in (0.01, 0.1)),
            Remedy(
                {"model.dropout": 0.5},
                "units are left out at random, so that none relies on one other unit",
            ),
            *(() if rose_first(run) else smaller),
        ),
    )


def _recovers(loss: Array, rise: float, *, high: bool) -> bool:
    """Whether a loss (n,) falls again from an early peak, up to its end.

    rise: how far the loss ended above the value from which it rose; it must have fallen by over
    1/10 of this since the peak. high: whether it ended above its start; then it must also have
    fallen by over 1/20 of this in the last quarter, because it may have settled there.
    """
    top = int(np.argmax(loss))
    after = loss[top:]
    if top > len(loss) // 2 or len(after) < FEWEST_AFTER_PEAK:
        return False
    medians = [float(np.median(part)) for part in np.array_split(after, 4)]
    falls = float(loss[top]) - medians[-1] > rise / 10 and bool((np.diff(medians) < 0).all())
    return falls and (not high or medians[-2] - medians[-1] > rise / 20)


FEWEST_AFTER_PEAK = 8
"""A fall from a peak is judged over at least this many evaluations, 2 in each quarter."""


def _earlier_end(epoch: float) -> tuple[Remedy, ...]:
    """The end of the training at an epoch, or at the whole epoch before it; none before epoch 1."""
    whole = int(epoch)
    where = "at" if whole == epoch else "just before"
    why = f"training ends {where} the lowest validation loss"
    return (Remedy({"stopping.epochs": whole}, why),) if whole else ()


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
