"""The gradient of an experiment held against central differences.

    ∂L/∂wⱼ ≈ (L(w + h eⱼ) − L(w − h eⱼ)) / 2h

Everything that shapes a step of training takes part: model, loss, l2, the statistics of the batch,
dropout with one frozen mask. The place is the initial weights with noise added, so that no unit
sits on a kink as it would at zero. Each shifted copy of the weights is a lane, so that many are
evaluated at once. All of it is in double precision, whatever the run's: it is the formula that is
checked, and differences of single precision would show little more than rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Counts, Numbers
from gdrun.config.experiment import Experiment
from gdrun.config.resolving import resolve
from gdrun.data import Table
from gdrun.engine.batches import Batch, Batches
from gdrun.engine.build import cohort_of, experiment_data
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place
from gdrun.engine.step_gradients import StepGradients
from gdrun.methods.randomness import stream

Losses = Callable[[Numbers], Numbers]

TOLERANCE = 1e-6
STEPS = (1e-5, 1e-6, 1e-4)
"""h. A kink between w − h and w + h, or too little curvature resolved, spoils one; hardly all."""

MOST_ENTRIES = 100
"""Entries of one tensor that are checked; of a larger one, so many drawn at random."""

MOST_ROWS = 32
"""Examples of the batch; more would add time and no case."""

SHAKE = 0.05

LANES = 64
MOST_NUMBERS = 2**22
"""Shifted copies of the weights that are evaluated at once, and the numbers in all of them: 32 MB,
of which a step makes several."""

TELLING = 1e-3
"""Differences tell a gradient where their rounding is no more than this share of it."""


@dataclass(frozen=True)
class TensorCheck:
    """One named tensor: how many entries it has and how many were checked, the largest of its
    gradient, the smallest gradient that differences can tell from rounding, and the largest
    relative error.
    """

    name: str
    shape: tuple[int, ...]
    entries: int
    checked: int
    largest: float
    smallest_told: float
    error: float

    @property
    def told(self) -> bool:
        """Whether the gradient is large enough to be checked; one that vanished on its way is not.

        0 is not too small: there the differences are 0 as well. Nor is NaN.
        """
        return not 0 < self.largest < self.smallest_told

    @property
    def passed(self) -> bool:
        """Whether the gradient is right, which NaN is not."""
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class GradientCheck:
    """All tensors of an experiment, checked on so many examples."""

    tensors: tuple[TensorCheck, ...]
    rows: int

    @property
    def passed(self) -> bool:
        return all(tensor.passed for tensor in self.tensors)

    @property
    def told(self) -> bool:
        return all(tensor.told for tensor in self.tensors)


def check_gradient(experiment: Experiment, table: Table | None = None) -> GradientCheck:
    """Check every named weight of this experiment; table stands in for its dataset.

    Raises ConfigError or DataError as training would.
    """
    double = resolve(experiment.plain() | {"dtype": "float64"})
    cohort = cohort_of([double], experiment_data(double, table))
    draw = stream(double.seed, "noise")
    w = cohort.initial_weights()[0]
    w = w + draw.normal(0.0, SHAKE, w.shape)
    batch = _first_batch(cohort)
    (value,), (gradient,) = _at(cohort, batch, w[None])
    smallest_told = _rounding(value, STEPS[0]) / TELLING

    def losses(W: Numbers) -> Numbers:
        return _at(cohort, batch, W)[0]

    places = cohort.model.layout.named(np.arange(float(len(w))))
    tensors = [
        _check(name, at, w, gradient, losses, draw, smallest_told) for name, at in places.items()
    ]
    return GradientCheck(tuple(tensors), batch[1].shape[1])


def _check(
    name: str,
    places: Array,
    w: Numbers,
    gradient: Numbers,
    losses: Losses,
    draw: np.random.Generator,
    smallest_told: float,
) -> TensorCheck:
    flat = places.ravel().astype(np.int64)
    chosen = flat
    if flat.size > MOST_ENTRIES:
        chosen = np.sort(draw.choice(flat, MOST_ENTRIES, replace=False))
    errors = np.full(len(chosen), np.inf)
    for h in STEPS:
        open_ = np.flatnonzero(~(errors <= TOLERANCE))
        if len(open_):
            found = _errors(chosen[open_], h, w, gradient, losses)
            errors[open_] = np.fmin(errors[open_], found)
    return TensorCheck(
        name,
        places.shape,
        flat.size,
        len(chosen),
        float(np.abs(gradient[flat]).max()),
        smallest_told,
        float(errors.max()),
    )


def _errors(chosen: Counts, h: float, w: Numbers, gradient: Numbers, losses: Losses) -> Numbers:
    """|a − n| relative to the larger of both.

    Where the gradient is too small for differences to resolve it, the error is relative to what
    they resolve.
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


def _shifted(w: Numbers, places: Counts, h: float) -> Numbers:
    """Copies of w, each shifted by h in one place."""
    copies = np.tile(w, (len(places), 1))
    copies[np.arange(len(places)), places] += h
    return copies


def _rounding(loss: Any, h: float) -> Any:
    """A loss L carries a rounding error of some ε L, its differences of some ε L / h."""
    return 8 * np.finfo(np.float64).eps * np.abs(loss) / h


def _at(cohort: Cohort, batch: Batch, W: Numbers) -> tuple[Numbers, Numbers]:
    """Value and gradient of the first step at each row of W, which is a lane like the first."""
    lanes = Lanes(cohort, np.zeros(len(W), dtype=np.int64))
    running_stats = np.repeat(cohort.initial_running_stats(), len(W), axis=0)
    step = StepGradients(lanes, lanes.objective)
    values, gradients, _ = step.of(W, running_stats, batch, 1)
    return values.astype(np.float64, copy=False), gradients.astype(np.float64, copy=False)


def _first_batch(cohort: Cohort) -> Batch:
    X, y = Batches(cohort).gathered([cohort.numbers.seeds[0]], Place(0, 0), 1)[0]
    rows = np.arange(min(y.shape[1], MOST_ROWS))
    return X[0].take(rows, axis=0)[None], y[:, rows]
