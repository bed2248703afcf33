"""The compiled engine as the training loop asks for it: steppers, evaluations, and what it can run.

Full-batch least squares needs the data only once, see `least_squares`; whether its form is used
depends on the number of steps alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdrun.engine.batches import Batches
from gdrun.engine.compiled import modules
from gdrun.engine.compiled.least_squares import compressed, pays
from gdrun.engine.compiled.problem import SMALL_ENTRIES, CompiledProblem, text_of
from gdrun.engine.compiled.sources import NotCompilableError
from gdrun.engine.compiled.stepper import CompiledStepper
from gdrun.problems.objective import Array, Objective
from gdrun.problems.rows import Examples

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort, Design, Lanes
    from gdrun.engine.engines import EngineName


class CompiledEngine:
    """Fused loops for one cohort's loss and rule, over its data."""

    name: EngineName = "compiled"

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort

    @cached_property
    def compression(self) -> str | None:
        return "qr" if pays(self._cohort) else None

    @cached_property
    def training(self) -> CompiledProblem:
        """The training part, or what stands for it."""
        if self.compression is None:
            return CompiledProblem(self._cohort, self._cohort.train)
        count = self._cohort.train.rows
        return CompiledProblem(self._cohort, compressed(self._cohort.train), count)

    def stepper(
        self, lanes: Lanes, batches: Batches, loss_limit: NDArray[np.float64]
    ) -> CompiledStepper:
        return CompiledStepper(lanes, batches, loss_limit, self.training)

    def objective(self, objective: Objective) -> Objective:
        return CompiledObjective(
            objective.model, objective.l2, objective.dropout, passes=self._passes
        )

    @cached_property
    def _passes(self) -> tuple[tuple[Examples, CompiledProblem], ...]:
        """The parts that are worth a pass of their own, with the problem that sums over each."""
        cohort, found = self._cohort, []
        if self.compression is not None or _large(cohort.train):
            found.append((cohort.train.X, self.training))
        if cohort.validation is not None and _large(cohort.validation):
            validation = CompiledProblem(cohort, cohort.validation)
            found.append((cohort.validation.X, validation))
        return tuple(found)


@dataclass(frozen=True)
class CompiledObjective(Objective):
    """The objective, with sums over whole parts of the data in one compiled pass.

    passes: for each such part its X, which it is known by, and the problem that sums over it.
    """

    passes: tuple[tuple[Examples, CompiledProblem], ...] = ()

    def value_and_gradient(self, W: Array, X: Examples, y: NDArray[Any]) -> tuple[Array, Array]:
        problem = self._problem(X)
        if problem is None:
            return super().value_and_gradient(W, X, y)
        sums = problem.sums(W)
        return self._mean(W, sums.values, sums.gradients.copy(), problem.count)

    def loss_and_accuracy(
        self, W: Array, X: Examples, y: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        problem = self._problem(X)
        if problem is None:
            return super().loss_and_accuracy(W, X, y)
        sums = problem.sums(W, gradient=problem.whole)
        accuracy = sums.rights / problem.count
        if not self.model.classifies:
            accuracy = np.full_like(accuracy, np.nan)
        return sums.values / problem.count, accuracy

    def _problem(self, X: Examples) -> CompiledProblem | None:
        return next((problem for known, problem in self.passes if known is X), None)


def obstacle(cohort: Cohort) -> str | None:
    """Why the cohort's rule or loss cannot be written out; None where it can."""
    try:
        text_of(cohort)
    except NotCompilableError as error:
        return str(error)
    return None


def compiled_before(cohort: Cohort) -> bool:
    """Whether an earlier process left the cohort's kernel compiled."""
    return modules.compiled_before(text_of(cohort))


def _large(part: Design) -> bool:
    return int(np.prod(part.X.shape)) > SMALL_ENTRIES
