"""Gradient checking: the gradient of an experiment is compared with central differences.

    ∂L/∂wⱼ ≈ (L(w + h eⱼ) − L(w − h eⱼ)) / 2h

L is the objective of a training step: model, loss, l2, the statistics of the batch, and dropout
with one fixed mask. eⱼ is the unit vector of weight j, and h a small number (STEPS). w are the
initial weights plus noise, because at w = 0 many units are exactly at a kink of their activation.
Each shifted copy of w is a lane, one row of an array, so that many copies are evaluated at once.
Everything is computed in float64, even for an experiment in float32: the check is of the formulas,
and differences in float32 would mostly show rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.config.experiment import Experiment
from gdrun.config.resolving import resolve
from gdrun.data import Table
from gdrun.engine.batches import Batch, Batches
from gdrun.engine.build import cohort_of
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place
from gdrun.engine.step_gradients import StepGradients
from gdrun.insight.problem import require_finite
from gdrun.methods.randomness import stream
from gdrun.runs.experiment_data import experiment_data

Losses = Callable[[Numbers], Numbers]

TOLERANCE = 1e-6
"""The largest relative error with which a gradient counts as right."""

STEPS = (1e-5, 1e-6, 1e-4)
"""The values of h, tried in this order. The gradient of an entry is right if it agrees with the
central difference for any h: for one h there may be a kink between w − h and w + h, or a rounding
error that is too large.
"""

MOST_ENTRIES = 100
"""The most entries of one tensor (array of weights) that are checked. If a tensor has more entries,
a random sample is checked.
"""

MOST_ROWS = 32
"""The most examples of the batch. More examples would take longer and check nothing new."""

NOISE = 0.05
"""The standard deviation of the noise that is added to the initial weights."""

LANES = 64
MOST_NUMBERS = 2**22
"""The most shifted copies of w that are evaluated at once, and the most numbers that these copies
have together: 32 MB of float64, and a step needs several arrays of this size.
"""

MOST_ROUNDING = 1e-3
"""A gradient can be checked if the rounding error of its central difference is at most this share
of the gradient.
"""


@dataclass(frozen=True)
class TensorCheck:
    """The check of one tensor, which is a named array of weights.

    entries: the number of entries of the tensor. checked: how many of the entries were checked.
    largest: the largest absolute gradient of any entry. smallest_checkable: a smaller gradient
    cannot be distinguished from rounding errors. error: the largest relative error of any gradient.
    """

    name: str
    shape: tuple[int, ...]
    entries: int
    checked: int
    largest: float
    smallest_checkable: float
    error: float

    @property
    def checkable(self) -> bool:
        """Whether the tensor's gradient is large enough to be checked.

        A gradient of exactly 0 can be checked too, because the differences must also be 0.
        """
        return not 0 < self.largest < self.smallest_checkable

    @property
    def passed(self) -> bool:
        """Whether the gradient is right. An error of NaN counts as wrong."""
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class GradientCheck:
    """The checks of all tensors (arrays of weights) of an experiment.

    rows: the number of examples in the batch of the check. dtype: the one in which the experiment
    trains; the check itself is in float64.
    """

    tensors: tuple[TensorCheck, ...]
    rows: int
    dtype: str

    @property
    def passed(self) -> bool:
        """Whether the gradients of all tensors (arrays of weights) are right."""
        return all(tensor.passed for tensor in self.tensors)

    @property
    def checkable(self) -> bool:
        """Whether the gradients of all tensors (arrays of weights) are large enough to check."""
        return all(tensor.checkable for tensor in self.tensors)


def check_gradient(experiment: Experiment, table: Table | None = None) -> GradientCheck:
    """Check the gradient of every tensor (array of weights) of an experiment.

    table: the data that replace the dataset; None to use the dataset. Raises ConfigError or
    DataError if the experiment cannot be trained, or its loss at the start is not finite.
    """
    with np.errstate(all="ignore"):  # an overflow is reported as not finite
        return _checked(experiment, table)


def _checked(experiment: Experiment, table: Table | None) -> GradientCheck:
    double = resolve(experiment.plain() | {"dtype": "float64"})
    cohort = cohort_of([double], experiment_data(double, table))
    draw = stream(double.seed, "noise")
    w = cohort.initial_weights()[0]
    w = w + draw.normal(0.0, NOISE, w.shape)
    batch = _first_batch(cohort)
    (value,), (gradient,) = _at(cohort, batch, w[None])
    require_finite(float(value), experiment)
    smallest_checkable = _rounding(value, STEPS[0]) / MOST_ROUNDING

    def losses(W: Numbers) -> Numbers:
        return _at(cohort, batch, W)[0]

    # The layout splits the indices 0 … P − 1 like weights: this gives the indices of each tensor.
    places = cohort.model.layout.named(np.arange(float(len(w))))
    tensors = [
        _check(name, at, w, gradient, losses, draw, smallest_checkable)
        for name, at in places.items()
    ]
    return GradientCheck(tuple(tensors), batch[1].shape[1], experiment.dtype)


def _check(
    name: str,
    places: Array,
    w: Numbers,
    gradient: Numbers,
    losses: Losses,
    draw: np.random.Generator,
    smallest_checkable: float,
) -> TensorCheck:
    """Check the gradient of one tensor, which is an array of weights.

    w (P,): all P weights of the model. places: the indices in w of the tensor's entries. gradient
    (P,): at w. losses: a function that takes weights (lanes, P), each lane (row) a copy of w, and
    returns the losses (lanes,). draw: for the choice of entries. smallest_checkable: smaller
    gradients cannot be distinguished from rounding errors.
    """
    flat = places.ravel().astype(np.int64)
    chosen = flat
    if flat.size > MOST_ENTRIES:
        chosen = np.sort(draw.choice(flat, MOST_ENTRIES, replace=False))
    errors = np.full(len(chosen), np.inf)
    for h in STEPS:
        # Not `errors > TOLERANCE`, which is false for NaN.
        failing = np.flatnonzero(~(errors <= TOLERANCE))
        if len(failing):
            again = _errors(chosen[failing], h, w, gradient, losses)
            errors[failing] = np.fmin(errors[failing], again)
    return TensorCheck(
        name,
        places.shape,
        flat.size,
        len(chosen),
        float(np.abs(gradient[flat]).max()),
        smallest_checkable,
        float(errors.max()),
    )


def _errors(chosen: Integers, h: float, w: Numbers, gradient: Numbers, losses: Losses) -> Numbers:
    """The relative errors |a − n| / max(|a|, |n|), for the analytic a and the numeric gradient n.

    w (P,): all P weights of the model. chosen (k,): the indices in w of the k entries to check. h:
    the shift. losses: a function that takes weights (lanes, P), each lane (row) a copy of w, and
    returns the losses (lanes,).

    The divisor is at least the gradient for which rounding alone causes an error of TOLERANCE.
    Without this limit, gradients below the rounding error of n would have large relative errors.
    """
    count = max(min(LANES, MOST_NUMBERS // len(w)), 1)
    parts = [chosen[start : start + count] for start in range(0, len(chosen), count)]
    above, below = (
        np.concatenate([losses(_shifted(w, part, step)) for part in parts]) for step in (h, -h)
    )
    measured, exact = (above - below) / (2 * h), gradient[chosen]
    size = np.maximum(np.abs(measured), np.abs(exact))
    resolved = _rounding(above, h) / TOLERANCE
    errors: Numbers = np.abs(exact - measured) / np.maximum(size, resolved)
    return errors


def _shifted(w: Numbers, places: Integers, h: float) -> Numbers:
    """k copies of the P weights w, (k, P), each shifted by h at one index.

    places (k,): the index for each copy.
    """
    copies = np.tile(w, (len(places), 1))
    copies[np.arange(len(places)), places] += h
    return copies


def _rounding(loss: Any, h: float) -> Any:
    """The rounding error of a central difference: about ε L / h, times a safety factor of 8.

    loss: L, a number or an array.
    """
    return 8 * np.finfo(np.float64).eps * np.abs(loss) / h


def _at(cohort: Cohort, batch: Batch, W: Numbers) -> tuple[Numbers, Numbers]:
    """The loss (lanes,) and the gradient (lanes, P) of the first step at each row of W.

    W (lanes, P): a row of P weights for each lane. Each row is computed with the numbers
    (such as l2) of the first run of the cohort.
    """
    lanes = Lanes(cohort, np.zeros(len(W), dtype=np.int64))
    running_stats = np.repeat(cohort.initial_running_stats(), len(W), axis=0)
    step = StepGradients(lanes, lanes.objective)
    values, gradients, _ = step.of(W, running_stats, batch, 1)
    return values.astype(np.float64, copy=False), gradients.astype(np.float64, copy=False)


def _first_batch(cohort: Cohort) -> Batch:
    """The first batch of the experiment, cut to at most MOST_ROWS examples."""
    X, y = Batches(cohort).gathered([cohort.numbers.seeds[0]], Place(0, 0), 1)[0]
    rows = np.arange(min(y.shape[1], MOST_ROWS))
    return X[0].take(rows, axis=0)[None], y[:, rows]
