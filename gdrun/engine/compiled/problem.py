"""A problem as the compiled loops see it: data, loss, and sums over all rows in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.engine.cohort import Cohort, Design
from gdrun.engine.compiled.kernels import kernel_text, kernels
from gdrun.engine.compiled.threads import one_blas_thread, run_all, shares, thread_count
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Array

PRODUCTS_FROM = 6
"""Scores for each example from which matrix products beat one score after another."""

BLOCK_ENTRIES = 2**15
"""Entries of X that stay close to a core between their two uses."""

SMALL_ENTRIES = 2**17
"""Entries of X below which one thread passes over all rows faster than two are woken."""


@dataclass(frozen=True)
class Sums:
    """Over all rows: Σ ℓ (L,), right predictions (L,), and Σ ∇ℓ (L, P)."""

    values: NDArray[np.float64]
    rights: NDArray[np.float64]
    gradients: Array


class CompiledProblem:
    """One part of the data under the loops for a cohort's loss and rule.

    count: the examples that a mean is over: the rows, unless those stand for more of them.
    """

    def __init__(self, cohort: Cohort, part: Design, count: int | None = None) -> None:
        model = cohort.model
        assert isinstance(model, LinearModel)
        self.X, self.y = part.X, part.y
        self.count = part.rows if count is None else count
        self.outputs = model.outputs
        self.extra = np.array([model.delta] if "delta" in model.loss.options else [0.0])
        self.kernels = module_of(cohort)
        self._remembered: tuple[Array, Sums] | None = None

    @property
    def small(self) -> bool:
        return bool(self.X.size <= SMALL_ENTRIES)

    @cached_property
    def identity(self) -> NDArray[np.int64]:
        """The rows in their own order."""
        return np.arange(len(self.X))

    def by_products(self, lanes: int) -> bool:
        """Whether so many lanes go through matrix products."""
        return self.outputs > 1 or lanes >= PRODUCTS_FROM

    def block(self, rows: int) -> int:
        """How many of these rows one matrix product takes."""
        return max(min(rows, BLOCK_ENTRIES // int(self.X.shape[1])), 1)

    def sums(self, W: Array, *, remember: bool = False) -> Sums:
        """The sums at W (L, P); those of the very same array are remembered, if that is asked."""
        if self._remembered is not None and self._remembered[0] is W:
            return self._remembered[1]
        parts = shares(len(self.X), 1 if self.small else thread_count())
        tasks = [partial(self._part, W, first, last) for first, last in parts]
        with one_blas_thread():
            found = run_all(tasks)
        total = Sums(
            sum((part.values for part in found[1:]), start=found[0].values),
            sum((part.rights for part in found[1:]), start=found[0].rights),
            sum((part.gradients for part in found[1:]), start=found[0].gradients),
        )
        if remember:
            self._remembered = (W, total)
        return total

    def _part(self, W: Array, first: int, last: int) -> Sums:
        """The sums over rows `first` to `last`."""
        found = Sums(np.zeros(len(W)), np.zeros(len(W)), np.zeros_like(W))
        rows = (self.X[first:last], self.y[first:last], W)
        goal = (self.extra, found.gradients, found.values, found.rights)
        block = self.block(last - first)
        if self.by_products(len(W)):
            self.kernels.whole_products(*rows, self.outputs, block, *goal)
        else:
            self.kernels.whole_rows(*rows, block, *goal)
        return found


def module_of(cohort: Cohort) -> ModuleType:
    return kernels(text_of(cohort))


def text_of(cohort: Cohort) -> str:
    """The text of the loops that the cohort needs. Raises NotCompilableError where it has none."""
    rule, model = cohort.rule, cohort.model
    assert isinstance(model, LinearModel)
    fixed: dict[str, Any] = {
        name: cohort.shared.optimizer[name]
        for name, option in rule.options.items()
        if not option.varies
    }
    return kernel_text(model.loss, rule, fixed)
