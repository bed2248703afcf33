"""Batches: the examples of each step.

An index stream is the sequence of row indices that a seed draws. A lane is one of the runs that
train together; lanes with the same index stream share their batches. A chunk is several consecutive
steps, whose batches are gathered at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.engine.cohort import Cohort
from gdrun.engine.plan import Place
from gdrun.problems.rows import rows_of
from gdrun.threads import pool

Batch = tuple[Any, Array]
"""Features and targets of one step: X (S, B, D) and y (S, B).

S is the number of index streams (sequences of row indices that seeds draw), B the number of
examples in the batch. For a full batch, S is 1, and X is a tuple of one array (B, D). This array is
not copied, because its rows may be on disk.
"""

Order = Future[Integers]
"""The order of the examples in an epoch, as a future: another thread may still be drawing it."""

CHUNK_ENTRIES = 2**18
"""The most entries of X in one chunk of consecutive steps: 2 MB of float64, the size of a core's L2
cache.
"""

FEW_STEPS, MOST_ENTRIES = 8, 2**21
"""A chunk of consecutive steps has at least FEW_STEPS steps, even if X then has more entries than
CHUNK_ENTRIES. It has fewer steps only if X would have more than MOST_ENTRIES entries.
"""

AHEAD_FROM = 2**14
"""With at least this many training examples, another thread draws the order of the next epoch in
advance.
"""

MOST_STEPS = 512
"""The most consecutive steps of one chunk. An interruption is only noticed between two chunks."""


class Batches:
    """Makes the batches of a cohort, which is a group of runs that train together."""

    def __init__(self, cohort: Cohort) -> None:
        self._batching = cohort.batching
        self._data = cohort.train
        self._orders: dict[tuple[int, int], Order] = {}
        self._epoch = 0
        self._end = cohort.plan.limits.get("epochs", math.inf)

    def most_steps(self, streams: int, epoch: int) -> int:
        """The most steps that one chunk (several consecutive steps) of this epoch may have.

        The limit keeps the copied rows of a chunk small, see CHUNK_ENTRIES. streams: the number S
        of index streams, the sequences of row indices that seeds draw.
        """
        entries: int = streams * self._batching.at(epoch).batch_size * self._data.X.shape[1]
        few = min(FEW_STEPS, MOST_ENTRIES // entries)
        return min(max(CHUNK_ENTRIES // entries, few, 1), MOST_STEPS)

    def chosen(self, seeds: Sequence[int], place: Place, steps: int) -> Integers:
        """The row indices of the examples that `steps` steps use: (S, examples).

        seeds: S seeds, each of which draws its own order of the rows. place: the epoch, and the
        number of earlier steps in this epoch. The caller must not change the array: for a single
        seed it is a view of the order of the epoch.
        """
        size = self._batching.at(place.epoch).batch_size
        part = slice(place.position * size, (place.position + steps) * size)
        rows = [self._order(seed, place.epoch)[part] for seed in seeds]
        return rows[0][None] if len(rows) == 1 else np.stack(rows)

    def gathered(self, seeds: Sequence[int], place: Place, steps: int) -> list[Batch]:
        """The batches of `steps` steps, which must be in one epoch: a pair (X, y) for each step.

        X (S, B, D), y (S, B): for each of S seeds, the features and targets of the B examples that
        it draws. If each batch has all examples in file order, S is 1, and X is a tuple of one
        array (B, D). place: the epoch, and the number of earlier steps in this epoch.
        """
        X, y = self._data.X, self._data.y
        size = self._batching.at(place.epoch).batch_size
        if self._batching.whole:
            return [((X,), y[None])] * steps
        if not self._batching.draws:
            part = slice(place.position * size, (place.position + steps) * size)
            # Without shuffling, the rows of a file are read in one piece.
            X, y = rows_of(X, part)[None], y[None, part]
        else:
            chosen = self.chosen(seeds, place, steps)
            # take is faster than indexing with an array.
            X, y = X.take(chosen, axis=0), y.take(chosen)
        return [(X[:, k : k + size], y[:, k : k + size]) for k in range(0, y.shape[1], size)]

    def spent(self, place: Place, steps: Integers) -> Integers:
        """The number of examples that the next `steps` steps use.

        place: the epoch, and the number of earlier steps in this epoch. steps: an array with any
        number of step counts; the result has one number for each count. All steps must be in one
        epoch, unless each batch has all examples in file order.
        """
        size = self._batching.at(place.epoch).batch_size
        if self._batching.whole:
            return size * steps
        begin = place.position * size
        return np.minimum(begin + size * steps, self._batching.rows) - begin

    def spent_by_step(self, place: Place) -> int:
        """The number of examples that the step at `place` uses."""
        size = self._batching.at(place.epoch).batch_size
        return (
            size if self._batching.whole else min(size, self._batching.rows - place.position * size)
        )

    def draw_ahead(self, seeds: Sequence[int], epoch: int) -> None:
        """Start to draw the orders of the examples in this epoch, in another thread.

        Nothing is drawn if the order is not random, if there are fewer than AHEAD_FROM examples, or
        if the run ends before this epoch. seeds: one seed for each order.
        """
        if self._batching.draws and self._batching.rows >= AHEAD_FROM and epoch < self._end:
            for key in ((seed, epoch) for seed in seeds):
                if key not in self._orders:
                    self._orders[key] = pool("orders").submit(self._batching.order, *key)

    def _order(self, seed: int, epoch: int) -> Integers:
        """The order of the examples in one epoch, drawn by this seed: row indices (rows,).

        The call also starts to draw the order of the next epoch, in another thread.
        """
        if epoch != self._epoch:
            # A new epoch has begun, so the orders of earlier epochs are not needed any more.
            self._orders = {key: known for key, known in self._orders.items() if key[1] == epoch}
            self._epoch = epoch
        own = (seed, epoch)
        if own not in self._orders:
            self._orders[own] = _finished(self._batching.order(*own))
        # The next order is started before this order is waited for: both are drawn in parallel.
        self.draw_ahead([seed], epoch + 1)
        return self._orders[own].result()


def _finished(order: Integers) -> Order:
    """A future that already has this order as its result."""
    done: Order = Future()
    done.set_result(order)
    return done
