"""The loss at every step of a trial on a surface without noise, among its evaluations.

Without noise, every batch has the loss of all examples, so that the batch loss of step k is f at
the weights after step k − 1. Evaluations come once an epoch. With full batches this is after every
step; with batches of one example it is after every hundred steps. With the loss at every step, the
same walk has the same curve and the same cost to a target whatever its batches.
"""

from __future__ import annotations

import numpy as np

from gdrun.engine.cohort import Cohort
from gdrun.engine.trace import Columns


def has_exact_batches(cohort: Cohort) -> bool:
    """Whether each batch loss is the training loss: on a surface without noise.

    With averaged weights it is not, because evaluations use the average.
    """
    return cohort.surface is not None and not cohort.train.X.any() and not cohort.averages


def with_every_step(steps: Columns, evals: Columns) -> Columns:
    """The evaluations, with more rows: one for the weights before each recorded step.

    Their training loss is the batch loss of the step; columns that only an evaluation measures are
    NaN. No row is added where there is an evaluation already. steps, evals: the columns of the
    traces by name, (points,) each.
    """
    before = steps["step"] - 1
    new = np.flatnonzero(~np.isin(before, evals["step"]) & np.isfinite(steps["batch_loss"]))
    if not len(new):
        return evals
    known = np.concatenate([[0], steps["step"]])
    added = {
        name: np.interp(before[new], known, np.concatenate([[0], steps[name]]))
        for name in ("epoch", "gradients", "seconds")
    }
    added |= {"step": before[new], "train_loss": steps["batch_loss"][new]}
    missing = np.full(len(new), np.nan)
    order = np.argsort(np.concatenate([evals["step"], before[new]]), kind="stable")
    return {
        name: np.concatenate([column, added.get(name, missing)])[order].astype(column.dtype)
        for name, column in evals.items()
    }
