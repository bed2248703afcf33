"""The records of a cohort: every step, thinned without losing a spike, and every evaluation.

A point of the step trace stands for `stride` consecutive steps: it carries the last of them, and
the largest batch loss and gradient norm of them all. Where the points would pass their bound,
neighbours are joined in pairs and the stride doubles; so in the end there are between half the
bound and the bound, however long the run turns out to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gdrun.array_types import Array, Counts
from gdrun.engine.trace_columns import EVALUATION_COLUMNS, STEP_COLUMNS, TraceColumn

SIDE_BY_SIDE = 16
"""Numbers in a row that NumPy reduces as fast as any."""

_JOINS = {"max": np.maximum, "sum": np.add}
"""How the values of several steps become one, where it is not the last of them."""

Columns = dict[str, Array]
"""The columns of a trace by name: (points,) of one lane, or (points, lanes) of all."""
Lanes = Counts
Places = Lanes | slice
Shared = Callable[[Counts], Columns]
"""What lanes share at chosen steps of a chunk, counted from 0: only points that are kept ask."""


class StepTrace:
    """The step records of all lanes; a lane that has left keeps its columns, unread.

    extra: columns that not every run has, such as the places of a walk. stride: steps a new point
    stands for. rewrites: how often earlier points were joined.
    """

    def __init__(self, lanes: int, points: int | None, extra: tuple[str, ...] = ()) -> None:
        self._lanes = lanes
        self._bound = points
        self.stride = 1
        self.rewrites = 0
        self.points = 0
        kept = [
            each for each in STEP_COLUMNS.values() if each.when != "surface" or each.name in extra
        ]
        self._order = [each.name for each in kept]
        self._shared = {each.name: np.empty(64) for each in kept if each.shared}
        self._own = {each.name: np.empty((64, lanes)) for each in kept if not each.shared}
        self._open = False  # whether the last point still waits for steps of its stride

    @property
    def closed_points(self) -> int:
        """The points that no further step will change, unless pairs are joined."""
        return self.points - self._open

    def add(self, shared: Shared, own: Columns, lanes: Lanes) -> None:
        """Add consecutive steps of these lanes, with their own columns (steps, lanes)."""
        own = own | {peak: own[of] for peak, of in _PEAKS.items()}
        # All lanes are one piece of memory, which is copied faster than columns one by one.
        places = slice(None) if len(lanes) == self._lanes else lanes
        steps = len(own["batch_loss"])
        room = self._room
        while self._bound is not None and steps > room + (self._bound - self.points) * self.stride:
            self._halve()
            room = self._room
        if joined := min(room, steps):
            self._join_last(shared, joined, _part(own, 0, joined), places)
        if joined < steps:
            self._append(shared, joined, _part(own, joined, steps - joined), places)

    @property
    def _room(self) -> int:
        """How many more steps the last point can stand for."""
        return self.stride - int(self._shared["steps"][self.points - 1]) if self._open else 0

    def last(self) -> Columns:
        """The last point of all lanes: columns (lanes,)."""
        return {name: table[self.points - 1] for name, table in self._own.items()}

    def lane(self, lane: int, start: int = 0, end: int | None = None) -> Columns:
        """The columns of one lane, from point `start` to `end`, as arrays of their own."""
        chosen = slice(start, self.points if end is None else end)
        columns = _shared_part(STEP_COLUMNS, self._shared, chosen)
        columns |= {name: table[chosen, lane].copy() for name, table in self._own.items()}
        return {name: columns[name] for name in self._order}

    def _append(self, shared: Shared, taken: int, own: Columns, lanes: Places) -> None:
        """New points for the steps of a chunk from `taken` on."""
        if self.stride == 1:
            self._append_each(shared, taken, own, lanes)
            return
        steps = len(own["batch_loss"])
        starts = np.arange(0, steps, self.stride)
        ends = np.minimum(starts + self.stride, steps) - 1
        first, last = self.points, self.points + len(starts)
        self._reserve(last)
        self._shared["steps"][first:last] = ends - starts + 1
        for name, column in shared(taken + ends).items():
            self._shared[name][first:last] = column
        for name, table in self._own.items():
            join = _join_of(name)
            table[first:last, lanes] = (
                own[name][ends] if join is None else _joined(join, own[name], self.stride)
            )
        self.points = last
        self._open = bool(steps % self.stride)

    def _append_each(self, shared: Shared, taken: int, own: Columns, lanes: Places) -> None:
        """A point for every step, which is its own peak."""
        first, last = self.points, self.points + len(own["batch_loss"])
        self._reserve(last)
        self._shared["steps"][first:last] = 1
        for name, column in shared(np.arange(taken, taken + last - first)).items():
            self._shared[name][first:last] = column
        for name, table in self._own.items():
            table[first:last, lanes] = own[name]
        self.points = last

    def _join_last(self, shared: Shared, steps: int, own: Columns, lanes: Places) -> None:
        """Let the open last point stand for so many first steps of a chunk too."""
        at = self.points - 1
        self._shared["steps"][at] += steps
        for name, column in shared(np.array([steps - 1])).items():
            self._shared[name][at] = column[0]
        for name, table in self._own.items():
            join = _join_of(name)
            table[at, lanes] = (
                own[name][-1]
                if join is None
                else join(table[at, lanes], join.reduce(own[name], axis=0))
            )
        self._open = bool(self._shared["steps"][at] < self.stride)

    def _halve(self) -> None:
        """Join neighbouring points in pairs; a last one that lacks steps is open."""
        count = self.points
        half = (count + 1) // 2
        ends = np.minimum(np.arange(1, count + 1, 2), count - 1)
        for name, column in (self._shared | self._own).items():
            join = _join_of(name)
            column[:half] = column[ends] if join is None else _joined(join, column[:count], 2)
        self.points = half
        self.stride *= 2
        self.rewrites += 1
        self._open = half > 0 and bool(self._shared["steps"][half - 1] < self.stride)

    def _reserve(self, points: int) -> None:
        if points > len(self._shared["steps"]):
            self._shared = {name: _grown(column, points) for name, column in self._shared.items()}
            self._own = {name: _grown(table, points) for name, table in self._own.items()}


class EvaluationTrace:
    """Every evaluation of all lanes: the readings that the experiment takes."""

    def __init__(self, lanes: int) -> None:
        self.points = 0
        self._lanes = lanes
        shared = [each.name for each in EVALUATION_COLUMNS.values() if each.shared]
        self._shared = {name: np.empty(16) for name in shared}
        self._own: Columns = {}

    def add(self, shared: dict[str, float], own: Columns, lanes: Lanes) -> None:
        """Add one evaluation of these lanes: numbers, and columns (lanes,)."""
        if not self._own:
            layers = [name for name in own if "." in name]
            taken = [*(name for name in EVALUATION_COLUMNS if name in own), *layers]
            self._own = {name: np.empty((16, self._lanes)) for name in taken}
        if self.points == len(self._shared["step"]):
            room = self.points + 1
            self._shared = {name: _grown(column, room) for name, column in self._shared.items()}
            self._own = {name: _grown(table, room) for name, table in self._own.items()}
        for name, column in self._shared.items():
            column[self.points] = shared[name]
        for name, table in self._own.items():
            table[self.points, lanes] = own[name]
        self.points += 1

    def lane(self, lane: int, start: int = 0) -> Columns:
        """The columns of one lane, from point `start` on, as arrays of their own."""
        chosen = slice(start, self.points)
        columns = _shared_part(EVALUATION_COLUMNS, self._shared, chosen)
        return columns | {name: table[chosen, lane].copy() for name, table in self._own.items()}


_PEAKS = {each.name: each.absent for each in STEP_COLUMNS.values() if isinstance(each.absent, str)}
"""For each column that holds the largest value of another, that other."""


def _join_of(name: str) -> np.ufunc | None:
    """What joins two values of a column of steps; None where the last of them is kept."""
    return _JOINS.get(STEP_COLUMNS[name].join)


def _shared_part(kinds: Mapping[str, TraceColumn], shared: Columns, chosen: slice) -> Columns:
    """A part of the columns that all lanes share, as arrays of their own."""
    return {
        name: column[chosen].astype(np.int64 if kinds[name].whole else np.float64)
        for name, column in shared.items()
    }


def _joined(join: np.ufunc, column: Array, stride: int) -> Array:
    """Every `stride` rows of (steps, ...) joined to one; the last of them stands for the rest.

    stride: a power of two, 2 at least. What is to be one row is halved and its halves are joined,
    again and again: NumPy goes through a few numbers side by side far slower than through many.
    """
    whole = len(column) // stride * stride
    parts = column[:whole].reshape(-1, stride, *column.shape[1:])
    found: Array
    if stride >= SIDE_BY_SIDE and column[0].size == 1:
        found = join.reduce(parts, axis=1, dtype=float)
    else:
        while (half := parts.shape[1] // 2) > 0:
            parts = join(parts[:, :half], parts[:, half:], dtype=float)
        found = parts[:, 0]
    if whole < len(column):
        rest = join.reduce(column[whole:], axis=0, dtype=float)
        found = np.concatenate([found, rest[None]])
    return found


def _part(columns: Columns, start: int, count: int) -> Columns:
    return {name: column[start : start + count] for name, column in columns.items()}


def _grown(column: Array, room: int) -> Array:
    """A copy with at least `room` rows, and at least twice as many as before."""
    wider = np.empty((max(room, 2 * len(column)), *column.shape[1:]))
    wider[: len(column)] = column
    return wider
