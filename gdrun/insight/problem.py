"""The objective of an experiment in double precision, with its data and initial weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.config.experiment import Experiment
from gdrun.config.resolving import resolve
from gdrun.engine.build import cohort_of
from gdrun.engine.cohort import Cohort
from gdrun.errors import DataError
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples
from gdrun.quantities import quantity
from gdrun.runs.experiment_data import experiment_data

SAMPLE_ROWS = 8192
"""The most rows on which the curvature of a network is measured. Fewer rows give noisy results."""


@dataclass(frozen=True)
class AnalysedProblem:
    """The problem of one experiment.

    experiment: the experiment as it is configured. cohort: its data and initial weights, with the
    experiment in float64 as the only run. Rounding errors of float32 would hide small curvatures
    and small distances to the minimum.
    """

    experiment: Experiment
    cohort: Cohort

    @property
    def model(self) -> Any:
        return self.cohort.model

    @cached_property
    def objective(self) -> Objective:
        """The objective f: the mean loss plus the l2 penalty, without dropout."""
        return Objective(self.model, float(self.cohort.numbers.l2[0]))

    @property
    def l2(self) -> float:
        return float(self.objective.l2)

    @property
    def X(self) -> Examples:  # noqa: N802 - the name of the design matrix everywhere
        return self.cohort.train.X

    @property
    def y(self) -> Array:
        return self.cohort.train.y

    @property
    def rows(self) -> int:
        return self.cohort.train.rows

    @cached_property
    def start(self) -> Numbers:
        """The initial weights (P,)."""
        weights: Numbers = self.cohort.initial_weights()[0]
        return weights

    @cached_property
    def measured_rows(self) -> tuple[Examples, Array]:
        """The rows on which curvature is measured.

        These are all rows, but at most SAMPLE_ROWS evenly spaced ones for a network.
        """
        if not isinstance(self.model, Network) or self.rows <= SAMPLE_ROWS:
            return self.X, self.y
        chosen = np.linspace(0, self.rows - 1, SAMPLE_ROWS).astype(np.int64)
        return self.X.take(chosen, axis=0), self.y[chosen]

    def value_and_gradient(self, w: Array) -> tuple[float, Numbers]:
        """f(w) and ∇f(w) (P,) on all rows, for weights w (P,)."""
        value, gradient = self.objective.value_and_gradient(w[None], self.X, self.y)
        return float(value[0]), gradient[0]

    def row_of(self, weights: dict[str, Array]) -> Numbers:
        """The P weights of a run as one array (P,), from its arrays by name.

        Raises KeyError if a name is missing.
        """
        layout = self.model.layout
        row = np.zeros(layout.size)
        for name, view in layout.named(row).items():
            view[...] = weights[name]
        return row


def analysed(experiment: Experiment) -> AnalysedProblem:
    """The problem of an experiment.

    Raises ConfigError or DataError if it cannot be trained, or its loss at the start is not finite.
    """
    double = resolve(experiment.plain() | {"dtype": "float64"})
    problem = AnalysedProblem(experiment, cohort_of([double], experiment_data(double)))
    with np.errstate(all="ignore"):
        loss, _ = problem.value_and_gradient(problem.start)
    require_finite(loss, experiment)
    return problem


def require_finite(loss: float, experiment: Experiment) -> None:
    """Raise DataError if the loss at the initial weights is not finite."""
    if np.isfinite(loss):
        return
    what = (
        f"the loss is {quantity(loss)} at the initial weights, so nothing can be computed from it"
    )
    if experiment.surface is not None:
        hint = "choose a start near the minimum, such as surface.start=[-1.5, 2.0]"
        raise DataError(what, where="surface.start", hint=hint)
    raise DataError(
        what,
        where="dataset",
        hint="scale the data: dataset.standardize=true standardises the features, and "
        "dataset.standardize.target=true also the target of a regression",
    )
