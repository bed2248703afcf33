"""The gradients of a step for all lanes, each on the batch of the lane's index stream.

A lane is one of the runs that train together; an index stream is the sequence of row indices that a
seed draws. If all S index streams have the same number L of lanes, the weights W are reshaped to
(S, L, P), and one matrix product computes all streams. Otherwise there is one product for each
stream.
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
"""The losses (lanes,), the gradients (lanes, P), and the new running statistics (lanes, Q)."""


@dataclass(frozen=True)
class LaneGroup:
    """Lanes (runs that train together) that share one matrix product.

    These are all lanes, or the lanes of one index stream (the row indices that a seed draws).
    lanes: their slice of the stepper's lanes. stream: the index of the stream, 0 for all lanes.
    seeds: one for each stream of the group. objective: the objective of these lanes, with their l2
    and dropout.
    """

    lanes: slice
    stream: int
    seeds: tuple[int, ...]
    objective: Objective


class StepGradients:
    """Computes the objective's value and gradient on a batch, for runs that train together.

    Dropout is applied. A network with batch normalisation also updates its running statistics
    (lanes, Q); Q is 0 for all other models.
    """

    def __init__(self, lanes: Lanes, objective: Objective) -> None:
        model = lanes.cohort.model
        self._drops = lanes.drops
        self._trains = isinstance(model, Network) and (model.batch_norm or lanes.drops)
        self._groups = _groups(lanes, objective)

    def of(self, W: Array, running_stats: Array, batch: Batch, step: int) -> Step:
        """The losses, gradients and new running statistics of one step.

        W (lanes, P), running_stats (lanes, Q): the P weights and the Q running statistics of each
        lane before the step. step: the number of the step, from 1.
        """
        by_group = [self._of_group(group, W, running_stats, batch, step) for group in self._groups]
        if len(by_group) == 1:
            return by_group[0]
        values, gradients, moved = (np.concatenate(each) for each in zip(*by_group, strict=True))
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
        if len(y) == 1:  # the order is not random, so all streams have the same examples
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
    """One group of all lanes if all index streams have equally many lanes, else one per stream.

    An index stream is the sequence of row indices that a seed draws.
    """
    streams = lanes.streams
    all_lanes = slice(0, len(lanes.index))
    seeds = tuple(seed for seed, _ in streams)
    if len({places.stop - places.start for _, places in streams}) == 1:
        if len(streams) > 1:
            objective = objective.with_numbers(lambda a: a.reshape(len(streams), -1, 1))
        return [LaneGroup(all_lanes, 0, seeds, objective)]
    return [
        LaneGroup(places, k, (seed,), objective.with_numbers(itemgetter(places)))
        for k, (seed, places) in enumerate(streams)
    ]
