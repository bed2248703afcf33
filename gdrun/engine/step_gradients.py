"""The gradient of a step for all lanes, each lane on the examples of its own index stream.

Streams with equally many lanes are stacked, W (S, L, P), and share one matrix product. Where their
numbers of lanes differ, each stream is a group by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.batches import Batch
from gdrun.engine.cohort import Lanes
from gdrun.problems.dropout import Dropout
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective

Step = tuple[Array, Array, Array]
"""Values (lanes,), gradients (lanes, P), and the running statistics after it (lanes, Q)."""


@dataclass(frozen=True)
class LaneGroup:
    """Lanes that share one product: those of one stream, or those of all streams, stacked."""

    lanes: slice
    stream: int
    seeds: tuple[int, ...]
    objective: Objective


class StepGradients:
    """Value and gradient of the objective on a batch, for a fixed set of lanes.

    In training, a network with batch normalisation updates its running statistics, and one with
    dropout leaves units out. Every other model has running statistics of width 0.
    """

    def __init__(self, lanes: Lanes, objective: Objective) -> None:
        model = lanes.cohort.model
        self._drops = lanes.drops
        self._trains = isinstance(model, Network) and (model.batch_norm or lanes.drops)
        self._groups = _groups(lanes, objective)

    def of(self, W: Array, running_stats: Array, batch: Batch, step: int) -> Step:
        """Value, gradient and new running statistics at W (lanes, P) for step `step`, from 1."""
        found = [self._of_group(group, W, running_stats, batch, step) for group in self._groups]
        if len(found) == 1:
            return found[0]
        values, gradients, moved = (np.concatenate(each) for each in zip(*found, strict=True))
        return values, gradients, moved

    def _of_group(
        self, group: LaneGroup, W: Array, running_stats: Array, batch: Batch, step: int
    ) -> Step:
        X, y = batch
        streams = len(group.seeds)
        if streams == 1:
            own = group.stream if len(y) > 1 else 0
            return self._step(
                group, W[group.lanes], running_stats[group.lanes], X[own], y[own], step
            )
        if len(y) == 1:  # no order is drawn, and all streams share the examples
            X, y = X[0], np.broadcast_to(y[0], (streams, *y[0].shape))
        stacked = W.reshape(streams, -1, W.shape[-1])
        before = running_stats.reshape(*stacked.shape[:-1], -1 if running_stats.size else 0)
        value, gradient, moved = self._step(group, stacked, before, X, y, step)
        return value.ravel(), gradient.reshape(W.shape), moved.reshape(running_stats.shape)

    def _step(
        self, group: LaneGroup, W: Array, running_stats: Array, X: Array, y: Any, step: int
    ) -> Step:
        objective = group.objective
        if not self._trains:
            return *objective.value_and_gradient(W, X, y), running_stats
        dropout = Dropout(objective.dropout, group.seeds, step) if self._drops else None
        return objective.training_step(W, running_stats, X, y, dropout)


def _groups(lanes: Lanes, objective: Objective) -> list[LaneGroup]:
    streams = lanes.streams
    everyone = slice(0, len(lanes.index))
    seeds = tuple(seed for seed, _ in streams)
    if len({places.stop - places.start for _, places in streams}) == 1:
        if len(streams) > 1:
            objective = objective.with_numbers(lambda a: a.reshape(len(streams), -1, 1))
        return [LaneGroup(everyone, 0, seeds, objective)]
    return [
        LaneGroup(places, k, (seed,), objective.with_numbers(itemgetter(places)))
        for k, (seed, places) in enumerate(streams)
    ]
