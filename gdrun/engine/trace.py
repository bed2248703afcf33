"""The traces of runs that train together: steps, thinned without losing peaks, and evaluations.

A point of the step trace combines `stride` consecutive steps. It has the values of the last step,
and the largest batch loss and gradient norm of all these steps. When the number of points would
exceed the limit, every three neighbouring points are joined and the stride triples. So the number
of points of a long run is between a third of the limit and the limit, and the length of the run
need not be known in advance. The stride is odd, because weights that jump to and fro in each step,
as near a stability limit, would look smooth in a trace of every second step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.engine.joined_steps import JOINED, join_of, joined
from gdrun.engine.trace_columns import EVALUATION_COLUMNS, STEP_COLUMNS, TraceColumn

Columns = dict[str, Array]
"""The columns of a trace by name: (points,) for one run, or (points, lanes) for the runs that train
together.
"""

Places = Integers | slice
"""The indices of some lanes (runs that train together) in their cohort, or a slice for all."""

Shared = Callable[[Integers], Columns]
"""A function that computes the columns that all lanes share, at some steps of a chunk.

A chunk is several consecutive steps; the argument counts them from 0. The function is only called
for steps that become points, because to compute all steps would take too long.
"""


@dataclass(frozen=True)
class Recorded:
    """The points of a trace so far, as copies of its columns.

    shared (points,), own (points, lanes): the columns that all runs share, and the others. stride:
    the number of steps that a new point combines. rewrites: how often points were joined. open:
    whether the last point has fewer steps than the stride.
    """

    shared: Columns
    own: Columns
    stride: int = 1
    rewrites: int = 0
    open: bool = False


class StepTrace:
    """The step traces of all lanes (runs that train together), also of lanes that have ended.

    points: as an argument, the most points of a lane, None for no limit; as an attribute, the
    number of points so far. extra: the names of columns that only some runs have, such as the
    weights on a surface. stride: the number of steps that a new point combines. rewrites: how often
    earlier points were joined.
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
        self._open = False  # whether the last point has fewer steps than the stride

    @property
    def closed_points(self) -> int:
        """The number of points that are complete, because they combine `stride` steps.

        Later steps change such a point only if it is joined with its neighbour.
        """
        return self.points - self._open

    def add(self, shared: Shared, own: Columns, lanes: Integers) -> None:
        """Add the consecutive steps of a chunk.

        shared: a function that computes the columns that all lanes (runs that train together)
        share, for given steps of the chunk, counted from 0. own: the other columns, (steps, lanes)
        each. lanes: the indices of these lanes in the cohort.
        """
        own = own | {peak: own[of] for peak, of in _PEAKS.items()}
        # For all lanes the memory is contiguous, and a slice copies faster than an index array.
        places = slice(None) if len(lanes) == self._lanes else lanes
        steps = len(own["batch_loss"])
        missing = self._missing
        while self._bound is not None and steps > missing + self._free * self.stride:
            self._coarsen()
            missing = self._missing
        if joined := min(missing, steps):
            self._join_last(shared, joined, _part(own, 0, joined), places)
        if joined < steps:
            self._append(shared, joined, _part(own, joined, steps - joined), places)

    @property
    def _missing(self) -> int:
        """The number of steps that the last point still needs to be complete."""
        return self.stride - int(self._shared["combined"][self.points - 1]) if self._open else 0

    @property
    def _free(self) -> int:
        """The number of points that can be added before the limit is reached."""
        assert self._bound is not None
        return self._bound - self.points

    def last(self) -> Columns:
        """The last point: the columns in which lanes (runs that train together) differ, by name.

        Each column is (lanes,), with all lanes of the cohort.
        """
        return {name: table[self.points - 1] for name, table in self._own.items()}

    def lane(self, lane: int, start: int = 0, end: int | None = None) -> Columns:
        """Copies of the columns of one run, for the points from `start` to `end`: (points,) each.

        lane: the index of the run in the cohort. end: not included; None for all later points.
        """
        chosen = slice(start, self.points if end is None else end)
        columns = _shared_part(STEP_COLUMNS, self._shared, chosen)
        columns |= {name: table[chosen, lane].copy() for name, table in self._own.items()}
        return {name: columns[name] for name in self._order}

    def recorded(self) -> Recorded:
        """The points so far, to continue the trace in another process."""
        shared, own = (_part(each, 0, self.points) for each in (self._shared, self._own))
        return Recorded(_copies(shared), _copies(own), self.stride, self.rewrites, self._open)

    def restore(self, recorded: Recorded) -> None:
        """Replace the trace by `recorded`. Raises ValueError if `recorded` has other columns."""
        self.points = _checked(recorded, set(self._shared), set(self._own), self._lanes)
        self._shared, self._own = _copies(recorded.shared), _copies(recorded.own)
        self.stride, self.rewrites = recorded.stride, recorded.rewrites
        self._open = recorded.open

    def _append(self, shared: Shared, taken: int, own: Columns, lanes: Places) -> None:
        """Add points for the steps of a chunk (several consecutive steps) from step `taken` on.

        own: the columns of these steps.
        """
        if self.stride == 1:
            self._append_each(shared, taken, own, lanes)
            return
        steps = len(own["batch_loss"])
        starts = np.arange(0, steps, self.stride)
        ends = np.minimum(starts + self.stride, steps) - 1
        first, last = self.points, self.points + len(starts)
        self._reserve(last)
        self._shared["combined"][first:last] = ends - starts + 1
        for name, column in shared(taken + ends).items():
            self._shared[name][first:last] = column
        for name, table in self._own.items():
            join = join_of(name)
            table[first:last, lanes] = (
                own[name][ends] if join is None else joined(join, own[name], self.stride)
            )
        self.points = last
        self._open = bool(steps % self.stride)

    def _append_each(self, shared: Shared, taken: int, own: Columns, lanes: Places) -> None:
        """Add one point for each step of a chunk (several consecutive steps) from step `taken` on.

        own: the columns of these steps. The largest values of such a point are those of its only
        step.
        """
        first, last = self.points, self.points + len(own["batch_loss"])
        self._reserve(last)
        self._shared["combined"][first:last] = 1
        for name, column in shared(np.arange(taken, taken + last - first)).items():
            self._shared[name][first:last] = column
        for name, table in self._own.items():
            table[first:last, lanes] = own[name]
        self.points = last

    def _join_last(self, shared: Shared, steps: int, own: Columns, lanes: Places) -> None:
        """Join the first `steps` steps of a chunk (several consecutive steps) to the last point.

        Before this, the last point has fewer steps than the stride.
        """
        at = self.points - 1
        self._shared["combined"][at] += steps
        for name, column in shared(np.array([steps - 1])).items():
            self._shared[name][at] = column[0]
        for name, table in self._own.items():
            join = join_of(name)
            table[at, lanes] = (
                own[name][-1]
                if join is None
                else join(table[at, lanes], join.reduce(own[name], axis=0))
            )
        self._open = bool(self._shared["combined"][at] < self.stride)

    def _coarsen(self) -> None:
        """Join every JOINED neighbouring points, and multiply the stride by JOINED.

        The last point may then have fewer steps than the stride.
        """
        count = self.points
        fewer = -(-count // JOINED)
        # The last point of each group; the last group may be smaller.
        ends = np.minimum(np.arange(1, fewer + 1) * JOINED, count) - 1
        for name, column in (self._shared | self._own).items():
            join = join_of(name)
            column[:fewer] = column[ends] if join is None else joined(join, column[:count], JOINED)
        self.points = fewer
        self.stride *= JOINED
        self.rewrites += 1
        self._open = fewer > 0 and bool(self._shared["combined"][fewer - 1] < self.stride)

    def _reserve(self, points: int) -> None:
        """Enlarge the arrays to at least `points` points."""
        if points > len(self._shared["combined"]):
            self._shared = {name: _grown(column, points) for name, column in self._shared.items()}
            self._own = {name: _grown(table, points) for name, table in self._own.items()}


class EvaluationTrace:
    """The evaluations of all lanes (runs that train together): a point for each evaluation."""

    def __init__(self, lanes: int) -> None:
        self.points = 0
        self._lanes = lanes
        shared = [each.name for each in EVALUATION_COLUMNS.values() if each.shared]
        self._shared = {name: np.empty(16) for name in shared}
        self._own: Columns = {}

    def add(self, shared: dict[str, float], own: Columns, lanes: Integers) -> None:
        """Add one evaluation.

        shared: the numbers that all lanes (runs that train together) share, by name. own: the other
        columns, (lanes,) each. lanes: the indices of these lanes in the cohort.
        """
        # Which quantities are measured is only known from the first evaluation.
        if not self._own:
            layers = [name for name in own if "." in name]
            taken = [*(name for name in EVALUATION_COLUMNS if name in own), *layers]
            self._own = {name: np.empty((16, self._lanes)) for name in taken}
        if self.points == len(self._shared["step"]):
            rows = self.points + 1
            self._shared = {name: _grown(column, rows) for name, column in self._shared.items()}
            self._own = {name: _grown(table, rows) for name, table in self._own.items()}
        for name, column in self._shared.items():
            column[self.points] = shared[name]
        for name, table in self._own.items():
            table[self.points, lanes] = own[name]
        self.points += 1

    def recorded(self) -> Recorded:
        """The evaluations so far, to continue the trace in another process."""
        shared, own = (_part(each, 0, self.points) for each in (self._shared, self._own))
        return Recorded(_copies(shared), _copies(own))

    def restore(self, recorded: Recorded) -> None:
        """Replace the trace by `recorded`. Raises ValueError if `recorded` has other columns."""
        self.points = _checked(recorded, set(self._shared), set(recorded.own), self._lanes)
        self._shared, self._own = _copies(recorded.shared), _copies(recorded.own)

    def lane(self, lane: int, start: int = 0) -> Columns:
        """Copies of the columns of one run, from point `start` on: (points,) each.

        lane: the index of the run in the cohort.
        """
        chosen = slice(start, self.points)
        columns = _shared_part(EVALUATION_COLUMNS, self._shared, chosen)
        return columns | {name: table[chosen, lane].copy() for name, table in self._own.items()}


_PEAKS = {each.name: each.absent for each in STEP_COLUMNS.values() if isinstance(each.absent, str)}
"""For each column that has the largest values of another column, the name of the other column."""


def _shared_part(kinds: Mapping[str, TraceColumn], shared: Columns, chosen: slice) -> Columns:
    """Copies of the points `chosen` of columns that all runs share, each with its dtype."""
    return {
        name: column[chosen].astype(np.int64 if kinds[name].whole else np.float64)
        for name, column in shared.items()
    }


def _part(columns: Columns, start: int, count: int) -> Columns:
    """`count` rows of each column, from row `start` on."""
    return {name: column[start : start + count] for name, column in columns.items()}


def _copies(columns: Columns) -> Columns:
    return {name: column.copy() for name, column in columns.items()}


def _checked(recorded: Recorded, shared: set[str], own: set[str], lanes: int) -> int:
    """The number of points of an earlier trace.

    shared, own: the names of the columns that the trace must have. lanes: the number of runs.
    Raises ValueError if the names or the shapes of the columns differ.
    """
    lengths = {column.shape for column in recorded.shared.values()}
    if recorded.shared.keys() != shared or recorded.own.keys() != own or len(lengths) != 1:
        raise ValueError("the names of the recorded columns are not those of this trace")
    (shape,) = lengths
    if len(shape) != 1 or any(each.shape != (*shape, lanes) for each in recorded.own.values()):
        raise ValueError(f"the recorded columns do not have the shapes (n,) and (n, {lanes})")
    return int(shape[0])


def _grown(column: Array, rows: int) -> Array:
    """A longer copy of a column: at least `rows` rows, and at least twice as many as before."""
    longer = np.empty((max(rows, 2 * len(column)), *column.shape[1:]))
    longer[: len(column)] = column
    return longer
