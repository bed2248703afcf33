"""The compiled engine as the training loop asks for it: steppers, evaluations, and what it can run.

Full-batch least squares needs the data only once, see `least_squares`; whether its form is used
depends on the number of steps alone.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Design, Lanes
from gdrun.engine.compiled.least_squares import compressed, pays
from gdrun.engine.compiled.problem import SMALL_ENTRIES, CompiledProblem
from gdrun.engine.compiled.sources import NotCompilableError
from gdrun.engine.compiled.stepper import CompiledStepper
from gdrun.engine.contract import EngineName
from gdrun.engine.threads import one_blas_thread
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples, rows_of


class CompiledEngine:
    """Fused loops for one cohort's loss and rule, over its data."""

    name: EngineName = "compiled"

    def __init__(self, cohort: Cohort) -> None:
        """Compiles the steps. Raises NotCompilableError where Numba cannot."""
        from numba.core.errors import NumbaError

        self._cohort = cohort
        try:
            self._compile()
        except NumbaError as error:
            reason = str(error).strip().partition("\n")[0]
            raise NotCompilableError(f"{cohort.rule.name} does not compile: {reason}") from error

    def _compile(self) -> None:
        """Take no step, on two examples: so compilation is done before any step is timed.

        Two, as steps of one example go through other loops than steps over all rows. Where lanes
        leave, so that few are left of many, the loops for few are compiled then.
        """
        cohort = self._cohort
        lanes = Lanes.all_of(cohort)
        part = Design(rows_of(cohort.train.X, slice(2)), cohort.train.y[:2])
        endless = np.full(cohort.lanes, np.inf)
        problem = CompiledProblem(cohort, part)
        stepper = CompiledStepper(lanes, Batches(cohort), endless, problem)
        by_passes = problem.whole and self.compression is None and _large(cohort.train)
        stepper.compile(passes=by_passes)
        evaluated = self.compression is not None or any(map(_large, self._evaluated))
        if evaluated and not by_passes:
            W = np.zeros((len(lanes.index), cohort.model.layout.size), cohort.dtype)
            problem.sums(W, gradient=problem.whole)

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

    def threads(self) -> AbstractContextManager[object]:
        return one_blas_thread()

    def stepper(
        self, lanes: Lanes, batches: Batches, loss_limit: NDArray[np.float64]
    ) -> CompiledStepper:
        objective = self.objective(lanes.objective)
        return CompiledStepper(lanes, batches, loss_limit, self.training, objective)

    def objective(self, objective: Objective) -> Objective:
        return CompiledObjective(
            objective.model, objective.l2, objective.dropout, passes=self._passes
        )

    @property
    def _evaluated(self) -> list[Design]:
        parts = (self._cohort.train, self._cohort.validation)
        return [part for part in parts if part is not None]

    @cached_property
    def _passes(self) -> tuple[tuple[Examples, CompiledProblem], ...]:
        """The parts that are worth a pass of their own, with the problem that sums over each."""
        cohort, train = self._cohort, self._cohort.train
        return tuple(
            (
                part.X,
                self.training if part is train else CompiledProblem(cohort, part, trains=False),
            )
            for part in self._evaluated
            if _large(part) or (part is train and self.compression is not None)
        )


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
        if len(W) > 1 and self._all_alike(W):
            # One of them is scored: by NumPy, as the loops for many are not those for one.
            return replace(self, passes=()).loss_and_accuracy(W, X, y)
        sums = problem.sums(W, gradient=problem.whole)
        accuracy = sums.rights / problem.count
        if not self.model.classifies:
            accuracy = np.full_like(accuracy, np.nan)
        return sums.values / problem.count, accuracy

    def _problem(self, X: Examples) -> CompiledProblem | None:
        return next((problem for known, problem in self.passes if known is X), None)


def _large(part: Design) -> bool:
    return int(np.prod(part.X.shape)) > SMALL_ENTRIES
