"""Readings of each layer of a network, which are measured at evaluations.

    grad_norm     ‖∇L‖ over the layer's weights
    update_ratio  ‖ΔW‖ / ‖W‖ of the last step over the layer's weights; about 1e-3 is usual
    dead          the share of units whose activation has slope 0 for every example
    saturated     the share of units that are not dead and whose mean slope is below a tenth of the
                  largest slope of the activation

The gradient and the slopes are measured on a fixed sample of the training part, without dropout.
Batch normalisation uses the statistics of this sample.
"""

from __future__ import annotations

from operator import itemgetter

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.engine.cohort import Lanes
from gdrun.engine.state import State
from gdrun.methods.stopping import Readings
from gdrun.problems.network import Network, Passed
from gdrun.problems.objective import Objective

FLAT = 0.1
"""A unit is saturated if its mean slope is below this share of the activation's largest slope."""


def layer_readings(lanes: Lanes, objective: Objective, state: State) -> Readings:
    """The readings of each layer by name, such as layer1.grad_norm: (lanes,).

    Empty for a model that is not a network. objective: the result of Engine.objective, which the
    engine evaluates.
    """
    network = lanes.cohort.model
    if not isinstance(network, Network):
        return {}
    count = max(network.rows_at_once(1) // lanes.cohort.sample.rows, 1)
    parts = [slice(k, k + count) for k in range(0, len(state.W), count)]
    by_part = [_readings_of(network, lanes, objective, state, part) for part in parts]
    return {name: np.concatenate([readings[name] for readings in by_part]) for name in by_part[0]}


def _readings_of(
    network: Network, lanes: Lanes, objective: Objective, state: State, part: slice
) -> Readings:
    """The readings of the runs in the slice `part`: (runs,) each, by name.

    The activations of these runs for the sample should fit the cache.
    """
    W, sample = state.W[part], lanes.cohort.sample
    objective = objective.with_numbers(itemgetter(part))
    gradient, passed = objective.watched(W, sample.X, sample.y)
    moved = W - state.before[part]
    readings: Readings = {}
    for index, layer in enumerate(network.layout.layers):
        slope, weights, update = (
            network.layout.matrix(row, index)[..., : layer.inputs] for row in (gradient, W, moved)
        )
        readings[f"{layer.prefix}grad_norm"] = _norm(slope)
        readings[f"{layer.prefix}update_ratio"] = _ratio(_norm(update), _norm(weights))
        if index < len(passed):
            dead, saturated = _idle(passed[index], network.activation.steepest)
            readings[f"{layer.prefix}dead"] = dead
            readings[f"{layer.prefix}saturated"] = saturated
    return readings


def _idle(layer: Passed, steepest: float) -> tuple[Numbers, Numbers]:
    """The shares of dead and of saturated units of a layer, (lanes,) each.

    steepest: the largest slope of the activation.
    """
    size = np.abs(layer.slope)
    dead = (size == 0).all(axis=-1)
    saturated = (size.mean(axis=-1) < FLAT * steepest) & ~dead
    return dead.mean(axis=-1), saturated.mean(axis=-1)


def _norm(matrix: Array) -> Numbers:
    """The Frobenius norm of each matrix (..., rows, columns), in double precision."""
    norm: Numbers = np.sqrt(np.square(matrix, dtype=np.float64).sum(axis=(-2, -1)))
    return norm


def _ratio(update: Numbers, weights: Numbers) -> Numbers:
    """‖ΔW‖ / ‖W‖; 0 if ΔW is 0, even if W is 0."""
    ratio = np.zeros_like(update)
    np.divide(update, weights, out=ratio, where=update != 0)
    return ratio
