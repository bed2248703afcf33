"""The record of every step, thinned to a bounded number of points without losing a spike.

A point stands for `stride` consecutive steps: it carries the last of them, and the largest batch
loss and gradient norm of them all. When the points reach their bound, neighbours are joined in
pairs and the stride doubles; so there are always between half the bound and the bound, however long
the run turns out to be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARED_FIELDS = ("step", "epoch", "gradients", "seconds")
LANE_FIELDS = ("lr", "batch_loss", "grad_norm", "update_norm", "weight_norm")
PEAK_FIELDS = ("max_batch_loss", "max_grad_norm")
SUM_FIELDS = ("clipped",)
_COUNTS = ("step", "gradients")

Columns = dict[str, NDArray[Any]]


class StepTrace:
    """The step records of all lanes. `rewrites` counts how often earlier points were joined."""

    def __init__(self, lanes: int, points: int | None) -> None:
        self._bound = points
        self._lanes = lanes
        self.stride = 1
        self.rewrites = 0
        self.points = 0
        self._shared = {name: np.empty(64) for name in ("steps", *SHARED_FIELDS)}
        self._own = {name: np.empty((64, lanes)) for name in _OWN_FIELDS}
        self._open = False  # whether the last point still waits for steps of its stride

    def add(self, shared: Columns, own: Columns) -> None:
        """Add consecutive steps: columns (steps,) and (steps, lanes)."""
        own = own | {"max_batch_loss": own["batch_loss"], "max_grad_norm": own["grad_norm"]}
        steps = len(shared["step"])
        taken = 0
        while taken < steps:
            if self._open:
                room = self.stride - int(self._shared["steps"][self.points - 1])
                place = self._join_last
            elif self._bound is None or self.points < self._bound:
                room = steps if self._bound is None else (self._bound - self.points) * self.stride
                place = self._append
            else:
                self._halve()
                continue
            count = min(room, steps - taken)
            place(_part(shared, taken, count), _part(own, taken, count), count)
            taken += count

    def lane(self, place: int) -> Columns:
        """The columns of one lane, as arrays of their own."""
        shared = {name: column[: self.points].copy() for name, column in self._shared.items()}
        for name in _COUNTS:
            shared[name] = shared[name].astype(np.int64)
        shared["steps"] = shared["steps"].astype(np.int64)
        own = {name: column[: self.points, place].copy() for name, column in self._own.items()}
        return shared | own

    def keep(self, alive: NDArray[np.bool_]) -> None:
        """Leave out the lanes that are not marked alive."""
        self._own = {name: column[:, alive] for name, column in self._own.items()}
        self._lanes = int(alive.sum())

    @property
    def closed_points(self) -> int:
        """The points that no further step will change, unless pairs are joined."""
        return self.points - self._open

    def _append(self, shared: Columns, own: Columns, steps: int) -> None:
        starts = np.arange(0, steps, self.stride)
        ends = np.minimum(starts + self.stride, steps) - 1
        first, last = self.points, self.points + len(starts)
        self._reserve(last)
        self._shared["steps"][first:last] = ends - starts + 1
        for name in SHARED_FIELDS:
            self._shared[name][first:last] = shared[name][ends]
        for name in LANE_FIELDS:
            self._own[name][first:last] = own[name][ends]
        for name in PEAK_FIELDS:
            self._own[name][first:last] = np.maximum.reduceat(own[name], starts)
        for name in SUM_FIELDS:
            self._own[name][first:last] = np.add.reduceat(own[name].astype(float), starts)
        self.points = last
        self._open = bool(steps % self.stride)

    def _join_last(self, shared: Columns, own: Columns, steps: int) -> None:
        """Let the open last point stand for `steps` more."""
        at = self.points - 1
        self._shared["steps"][at] += steps
        for name in SHARED_FIELDS:
            self._shared[name][at] = shared[name][steps - 1]
        for name in LANE_FIELDS:
            self._own[name][at] = own[name][steps - 1]
        for name in PEAK_FIELDS:
            peak = own[name][:steps].max(axis=0)
            self._own[name][at] = np.maximum(self._own[name][at], peak)
        for name in SUM_FIELDS:
            self._own[name][at] += own[name][:steps].sum(axis=0)
        self._open = bool(self._shared["steps"][at] < self.stride)

    def _halve(self) -> None:
        """Join neighbouring points in pairs; an odd last one stays open."""
        count = self.points
        half = (count + 1) // 2
        starts = np.arange(0, count, 2)
        ends = np.minimum(starts + 1, count - 1)
        for name, column in self._shared.items():
            column[:half] = (
                np.add.reduceat(column[:count], starts) if name == "steps" else column[ends]
            )
        for name, table in self._own.items():
            if name in PEAK_FIELDS:
                table[:half] = np.maximum.reduceat(table[:count], starts)
            elif name in SUM_FIELDS:
                table[:half] = np.add.reduceat(table[:count], starts)
            else:
                table[:half] = table[ends]
        self.points = half
        self.stride *= 2
        self.rewrites += 1
        self._open = bool(count % 2)

    def _reserve(self, points: int) -> None:
        room = len(self._shared["steps"])
        if points <= room:
            return
        extra = max(room, points - room)
        self._shared = {
            name: np.concatenate([column, np.empty(extra)]) for name, column in self._shared.items()
        }
        self._own = {
            name: np.concatenate([column, np.empty((extra, self._lanes))])
            for name, column in self._own.items()
        }


_OWN_FIELDS = (*LANE_FIELDS, *PEAK_FIELDS, *SUM_FIELDS)


def _part(columns: Columns, start: int, count: int) -> Columns:
    return {name: column[start : start + count] for name, column in columns.items()}
