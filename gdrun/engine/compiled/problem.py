"""A part of the data for the compiled kernels, with sums over all its rows in one pass."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array, Integers
from gdrun.engine.cohort import Cohort, Design
from gdrun.engine.compiled.arguments import Examples
from gdrun.engine.compiled.linear_kernels import LinearKernels
from gdrun.engine.compiled.units import option_numbers
from gdrun.problems.linear import LinearModel
from gdrun.problems.rows import MappedRows, rows_of
from gdrun.threads import run_all, shares, thread_count

BLOCK_BYTES = 2**17
"""The number of bytes of X in one block of rows.

A block stays in the L2 cache after its scores are computed, until its gradient is computed.
"""

SMALL_ENTRIES = 2**17
"""The number of entries of X up to which one thread is faster than two."""

BLOCK_SCORES = 2**15
"""The number of scores of a block that stay in the cache of a core between their uses.

If a block has more, its lanes are computed one group after another.
"""

SINGLE_ROWS = 2**14
"""The largest number of rows to sum in single precision; longer sums would lose digits."""

MAPPED_ENTRIES = 2**20
"""The number of entries of X that each thread reads from disk at once."""


@dataclass(frozen=True)
class Sums:
    """Sums over all rows, for each of L lanes (runs that train together).

    values (L,): the losses. rights (L,): the number of correct predictions. gradients (L, P): the
    gradients; (0, P) if they were not requested.
    """

    values: NDArray[np.float64]
    rights: NDArray[np.float64]
    gradients: Array

    def rounded(self, dtype: np.dtype[Any]) -> Sums:
        if self.gradients.dtype == dtype:
            return self
        return replace(self, gradients=self.gradients.astype(dtype))

    def plus(self, other: Sums) -> Sums:
        return Sums(
            self.values + other.values,
            self.rights + other.rights,
            self.gradients + other.gradients,
        )


class CompiledProblem:
    """One part of the data, with the kernels for the loss and rule of a cohort.

    part: the data. count: the number of examples, by which a mean divides; None means the number of
    rows (full-batch least squares replaces the rows by fewer). trains: whether steps use this part.
    The attribute `whole` says whether each step uses all rows of a large part. If so, a step can
    use the sums that an evaluation at the same weights has computed.
    """

    def __init__(
        self, cohort: Cohort, part: Design, count: int | None = None, *, trains: bool = True
    ) -> None:
        model = cohort.model
        assert isinstance(model, LinearModel)
        self.X, self.y = part.X, part.y
        # Targets of ±1 are whole numbers; as floats, a kernel need not convert them one by one.
        kind = np.dtype(np.int64) if model.by_class else part.X.dtype
        self.y = np.ascontiguousarray(part.y, kind)
        self.count = part.rows if count is None else count
        self.outputs = model.outputs
        self.whole = trains and cohort.batching.whole and not self.small
        # Lanes that have ended count too, so that they do not change the bits of the other lanes.
        products = len(self.X) * self.columns * self.outputs * cohort.lanes
        self._threads = thread_count() if products > SMALL_ENTRIES or self.mapped else 1
        self.extra = option_numbers(model.loss)
        self.kernels = LinearKernels.of(cohort)
        self._remembered: tuple[Array, Sums, float] | None = None

    @property
    def columns(self) -> int:
        return int(self.X.shape[1])

    @property
    def mapped(self) -> bool:
        """Whether the rows are on disk."""
        return isinstance(self.X, MappedRows)

    @property
    def small(self) -> bool:
        return len(self.X) * self.columns <= SMALL_ENTRIES and not self.mapped

    def examples(
        self, X: Array, y: NDArray[Any], order: Integers | None, most: int | None = None
    ) -> Examples:
        """Return rows of this part as the argument of a kernel.

        X, y: the rows and their targets, in memory: all rows of this part, or some. order: the row
        indices in the order of use; None means all rows. most: the largest number of rows that the
        kernel needs at once; None means all.
        """
        rows = len(X) if most is None else most
        fitting: int = BLOCK_BYTES // (self.columns * self.X.dtype.itemsize)
        # The scores of a block are whole tiles if possible: two vectors of 64 bytes, see tiles.h.
        tile = 2 * 64 // self.X.dtype.itemsize
        block = min(rows, fitting // tile * tile or max(fitting // 4 * 4, 4))
        return Examples(X, y, order, self.extra, self.outputs, block)

    def sums(self, W: Array, *, gradient: bool = True, lasting: bool = True) -> Sums:
        """Return the sums over all rows at the weights W (L, P): P weights for each of L lanes.

        gradient: whether to sum gradients. lasting: whether W stays unchanged after the call. If
        so, sums with gradients are kept, and returned if the next call has the same array W. If
        not, nothing is kept, and correct predictions are not counted.
        """
        if self._remembered is not None and self._remembered[0] is W:
            return self._remembered[1]
        begin = time.perf_counter()
        parts = shares(len(self.X), self._threads)
        goal = (gradient, lasting)
        tasks = [partial(self._part, W, first, last, *goal) for first, last in parts]
        total = reduce(Sums.plus, run_all(tasks)).rounded(W.dtype)
        if gradient and lasting:
            self._remembered = (W, total, time.perf_counter() - begin)
        return total

    def seconds_at(self, W: Array) -> float:
        """Return the time in seconds that the kept sums at W took; 0 if no sums at W are kept."""
        known = self._remembered
        return known[2] if known is not None and known[0] is W else 0.0

    def _part(self, W: Array, first: int, last: int, gradient: bool, judge: bool) -> Sums:
        """Return the sums of losses, gradients and correct predictions over a range of rows.

        The range begins with row `first` and ends before row `last`. gradient: whether to sum
        gradients. judge: whether to count correct predictions.
        """
        shape = W.shape if gradient else (0, W.shape[1])
        stretch = self._stretch
        found = []
        for start in range(first, last, stretch):
            some = Sums(np.zeros(len(W)), np.zeros(len(W)), np.zeros(shape, W.dtype))
            self._add(W, start, min(start + stretch, last), some, gradient, judge)
            found.append(some.rounded(np.dtype(np.float64)))
        return reduce(Sums.plus, found)

    @property
    def _stretch(self) -> int:
        """The most rows that are summed in the precision of the data.

        The sums of more rows are added in double precision.
        """
        most = MAPPED_ENTRIES // self.columns + 1 if self.mapped else len(self.X)
        return min(most, SINGLE_ROWS) if self.X.dtype.itemsize < 8 else most

    @cached_property
    def _in_memory(self) -> Examples:
        """All rows, which are in memory, as the argument of a kernel."""
        return self.examples(np.ascontiguousarray(self.X), self.y, None)

    def _add(
        self, W: Array, first: int, last: int, found: Sums, gradient: bool, judge: bool
    ) -> None:
        """Add sums over a range of rows to `found`, in place.

        The range begins with row `first` and ends before row `last`. Sums have the precision of the
        data. gradient: whether to sum gradients. judge: whether to count correct predictions.
        """
        if self.mapped:
            part = slice(first, last)
            data = self.examples(rows_of(self.X, part), self.y[part], None)
            first, last = 0, last - first
        else:
            data = self._in_memory
        at_once = max(BLOCK_SCORES // (data.block * self.outputs), 1)
        for start in range(0, len(W), at_once):
            some = slice(start, start + at_once)
            sums = (found.values[some], found.rights[some], found.gradients[some])
            self.kernels.add_pass(
                data, (first, last), W[some], *sums, slopes=gradient, judges=judge
            )
