"""The compiled engine of a linear model: it makes steppers and evaluates the objective.

For full-batch least squares, the engine may read the data only once, see `least_squares`. This
choice depends only on the shape of the data and the number of steps.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Design, Lanes
from gdrun.engine.compiled.compiler import compiler
from gdrun.engine.compiled.least_squares import compressed, often_read, pays
from gdrun.engine.compiled.linear_kernels import LinearKernels, step_kernels
from gdrun.engine.compiled.problem import SMALL_ENTRIES, CompiledProblem
from gdrun.engine.compiled.stepper import CompiledStepper
from gdrun.engine.contract import EngineName
from gdrun.problems.objective import Objective
from gdrun.problems.rows import Examples, MappedRows
from gdrun.threads import run_all, single_blas_thread

SCORE_SAVED = 10e-9
"""The seconds that a compiled pass over the data saves for each score, compared with NumPy.

A score is one output of the model for one row. The products of weights and features that a score
needs take only a fraction of this time.
"""

PASSES_COMPILE = 0.3
"""The seconds to compile the kernel of passes, which sums losses and gradients over all rows.

Another core compiles the kernels of steps at the same time.
"""


class CompiledEngine:
    """The engine of a cohort of a linear model, with kernels compiled for its loss and rule.

    note: a hint for a faster run, which only the NumPy engine can have.
    """

    name: EngineName = "compiled"
    note: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compile the kernels.

        Raises NotCompilableError if the loss or the rule cannot be translated to C.
        """
        self.compiler: str | None = compiler().version
        self._cohort = cohort
        self._compile()

    def _compile(self) -> None:
        """Compile all kernels in parallel before training, so that no step's time includes this."""
        cohort = self._cohort
        kernels = LinearKernels.of(cohort)
        tasks = [partial(kernels.steps, name) for name in step_kernels(cohort, kernels)]
        from_disk = cohort.batching.whole and isinstance(cohort.train.X, MappedRows)
        if from_disk or self._by_passes:
            tasks.append(partial(getattr, kernels, "passes"))
        run_all(tasks)

    @cached_property
    def compression(self) -> str | None:
        return "qr" if pays(self._cohort) else None

    @cached_property
    def training(self) -> CompiledProblem:
        """The data that the steps use: the training part, or the few rows that replace it.

        The few rows are used for full-batch least squares, see `least_squares`.
        """
        if self.compression is None:
            return CompiledProblem(self._cohort, self._cohort.train)
        count = self._cohort.train.rows
        return CompiledProblem(self._cohort, compressed(self._cohort.train), count)

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

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
        parts = (self._cohort.train, self._cohort.validation, self._cohort.test)
        return [part for part in parts if part is not None]

    @cached_property
    def _by_passes(self) -> bool:
        """Whether a compiled kernel evaluates the objective, and not NumPy.

        A kernel does so if the data are large or replaced by fewer rows, or if there are many
        scores.
        """
        if self.compression is not None:
            return True
        if any(math.prod(part.X.shape) > SMALL_ENTRIES for part in self._evaluated):
            return True
        cohort = self._cohort
        epochs = cohort.plan.epochs
        evaluations = 1.0 if epochs is None else 1 + epochs / cohort.plan.every
        rows = sum(part.rows for part in self._evaluated if part is not cohort.test)
        scores = rows * cohort.lanes * cohort.model.layout.layers[-1].outputs
        return evaluations * scores * SCORE_SAVED > PASSES_COMPILE

    @cached_property
    def _passes(self) -> tuple[tuple[Examples, CompiledProblem], ...]:
        """The X of each part of the data, with the CompiledProblem that sums over its rows.

        Empty if NumPy evaluates the objective.
        """
        parts = self._evaluated if self._by_passes else ()
        return tuple((part.X, self._problem_of(part)) for part in parts)

    def _problem_of(self, part: Design) -> CompiledProblem:
        """Return the CompiledProblem that sums over a part of the data.

        It has fewer rows than the part if this saves time.
        """
        cohort = self._cohort
        if part is cohort.train:
            return self.training
        if self.compression is not None and part is cohort.validation and often_read(cohort, part):
            return CompiledProblem(cohort, compressed(part), part.rows, trains=False)
        return CompiledProblem(cohort, part, trains=False)


@dataclass(frozen=True)
class CompiledObjective(Objective):
    """An objective that computes sums over a whole part of the data in one compiled pass.

    passes: the X of each part, with the CompiledProblem that sums over its rows. A part is
    recognised by the identity of its X; sums over other data are computed by NumPy.
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
            # Equal lanes are scored once, and by NumPy: kernels for several lanes add in a
            # different order than kernels for one.
            return replace(self, passes=()).loss_and_accuracy(W, X, y)
        sums = problem.sums(W, gradient=problem.whole)
        accuracy = sums.rights / problem.count
        if not self.model.classifies:
            accuracy = np.full_like(accuracy, np.nan)
        return sums.values / problem.count, accuracy

    def _problem(self, X: Examples) -> CompiledProblem | None:
        return next((problem for known, problem in self.passes if known is X), None)
