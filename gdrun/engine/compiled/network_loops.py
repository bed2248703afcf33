"""The fused steps of a network, as plain Python: a text like `loops`.

Threads go through the steps together, and wait for each other between the parts of one. First each
works out z of a share of the first layer's units, for the whole batch; then it takes a share of the
batch on through the network and back, for all lanes, see `network_layers`; at last it works out the
gradient of its units in every layer, moves their parameters, and reads its share of the next batch.
Where a gradient is clipped they wait once more before the move, as its norm is that of all. So a
step uses every core without being cut into tasks, which would cost more than it does; no thread has
a gradient of its own that another must add up; and from step to step the weights of the first
layer, the most of them as a rule, stay with one core: to take them back for writing would cost
longer than the update does.

S streams of lanes have orders of their own, (S, examples); stream s serves the lanes from starts[s]
to starts[s + 1]. What the threads show each other: A (2, S, threads, n, …), the rows that enter;
left and slopes (L, threads, …), what leaves the hidden layers and what is inside; gradients (L, P);
and sums (threads, 6, L), of losses, of squares of the gradient, of the penalty, of squares of the
move and of the weights, and whether an entry was bounded. The rows of even and odd steps lie apart,
so that a thread that is ahead writes over nothing that another still reads. Room is a thread's own:
for targets (S, n), for what enters or leaves a layer with examples last, for losses, for
predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[Array, Array, Array]
Room = tuple[Array, Array, Array, Array]

if TYPE_CHECKING:
    from gdrun.engine.compiled.network_layers import (
        enter,
        go_through,
        parameters_of,
        share,
        sum_slopes,
    )
    from gdrun.engine.compiled.sums import fetch

    def part(array: Array, first: int, rows: int, columns: int) -> Array:
        """The intrinsic of `tiles`."""

    DECAYS = True  # whether any lane has an l2 term
    CLIPS = True  # whether any lane's gradient is clipped

    def update(
        W: Array,
        G: Array,
        slots: Array,
        t: float,
        options: Array,
        decay: Array,
        lane: int,
        scale: float,
        bound: float,
        sums: Array,
        first: np.uint64,
        last: np.uint64,
    ) -> None:
        """One step of the rule, in place, for the parameters from `first` to `last` of a lane.

        The gradient is G times `scale`. Where nothing is clipped that makes it a mean, to which all
        is done that `average` does. Where anything is, it is bounded then, entry by entry. ‖Δw‖²
        and ‖w‖² of these parameters and how many were bounded are added to sums (6, L).
        """

    def count_up(gate: Array) -> None:
        """Add one to the only number in gate, whatever other threads do to it."""

    def count_at(gate: Array) -> int:
        """The number in gate as it is now."""

    def give_way() -> None:
        """Let another thread have the core, should one want it."""


AHEAD = 4  # rows between asking for one and copying it
BLOCK_MOVED = 8192  # parameters between whose sums and whose move little else passes
SPINS = 1000  # looks at the gate before the core is offered to others


def meet(gate: Array, expected: int) -> None:
    """Wait until so many have come to the gate, all told."""
    count_up(gate)
    spins = 0
    while count_at(gate) < expected:
        spins += 1
        if spins > SPINS:
            give_way()


def read(X: Array, y: Array, order: Array, first: int, rows: Array, targets: Array) -> None:
    """The rows of X and y at the places of the order from `first` on, as many as fit."""
    for i in range(len(rows)):
        fetch(X, y, order, first + i + AHEAD)
        chosen = order[first + i]
        targets[i] = y[chosen]
        for j in range(X.shape[1]):
            rows[i, j] = X[chosen, j]


def read_step(
    X: Array, y: Array, orders: Array, k: int, size: int, thread: int, A: Array, targets: Array
) -> int:
    """Read a thread's share of the k-th step's rows, for each stream; how many it has.

    They go to A (S, threads, n, …) and targets (S, n).
    """
    begin, end = k * size, min((k + 1) * size, orders.shape[1])
    low, high = share(end - begin, thread, A.shape[1])
    for s in range(len(orders)):
        read(X, y, orders[s], begin + low, A[s, thread, : high - low], targets[s])
    return high - low


def average(
    W: Array,
    G: Array,
    decay: Array,
    lane: int,
    scale: float,
    sums: Array,
    first: np.uint64,
    last: np.uint64,
) -> None:
    """G, a sum over examples, becomes their mean with the penalty's slope; ‖G‖² and Σ l2·w² of
    these parameters are added to sums (6, L).
    """
    squares = penalty = W.dtype.type(0)
    for j in range(first, last):
        g = G[lane, j] * scale
        if DECAYS:
            pull = decay[lane, j] * W[lane, j]
            penalty += pull * W[lane, j]
            g += pull
        G[lane, j] = g
        squares += g * g
    sums[1, lane] += squares
    sums[2, lane] += penalty


def advance_network(
    X: Array,
    y: Array,
    orders: Array,
    size: int,
    starts: Array,
    shape: Shape,
    W: Array,
    slots: Array,
    t: float,
    options: Array,
    rates: Array,
    betas: Array,
    cycled: int,
    decay: Array,
    bounds: Array,
    limit: Array,
    extra: Array,
    measures: Array,
    before: Array,
    A: Array,
    left: Array,
    slopes: Array,
    room: Room,
    gradients: Array,
    sums: Array,
    gate: Array,
    thread: int,
) -> int:
    """One thread's part of the steps of `rates` (steps, L); the steps that stayed sound.

    before (L, P) takes W as it was before the last of them. The options are the thread's own.
    """
    if len(rates) == 0:
        return 0  # asked only to be compiled, perhaps by one thread alone
    threads, lanes = len(sums), sums.shape[2]
    widths = shape[0]
    layers = len(widths) - 1
    targets, turned, work, rights = room
    count = orders.shape[1]
    n = read_step(X, y, orders, 0, size, thread, A[0], targets)
    met = threads
    meet(gate, met)
    for k in range(len(rates)):
        mine, rows = sums[thread], A[k % 2]
        begin, end = k * size, min((k + 1) * size, count)
        for s in range(len(orders)):
            for lane in range(starts[s], starts[s + 1]):
                units = share(widths[1], thread, threads)
                enter(rows[s], slopes[lane], W[lane], shape, units, end - begin, turned)
        met += threads
        meet(gate, met)
        for s in range(len(orders)):
            for lane in range(starts[s], starts[s + 1]):
                mine[0, lane] = 0
                if n > 0:
                    go_through(
                        targets[s, :n], W[lane], shape, left[lane, thread], slopes[lane, thread],
                        turned, work, mine[0, lane : lane + 1], rights, extra,
                    )  # fmt: skip
        met += threads
        meet(gate, met)
        scale = W.dtype.type(1 / float(end - begin))
        for s in range(len(orders)):
            for lane in range(starts[s], starts[s + 1]):
                options[lane, 0] = rates[k, lane]
                if cycled >= 0:
                    options[lane, cycled] = betas[k, lane]
                mine[1:, lane] = 0
                for layer in range(layers):
                    units = share(widths[layer + 1], thread, threads)
                    begins, ends = parameters_of(units, shape, layer)
                    G = part(gradients[lane], begins, units[1] - units[0], widths[layer] + 1)
                    passed = (rows[s], left[lane], slopes[lane])
                    sum_slopes(passed, shape, layer, units, end - begin, G)
                    for first in range(begins, ends, BLOCK_MOVED):
                        block = (np.uint64(first), np.uint64(min(first + BLOCK_MOVED, ends)))
                        if k == len(rates) - 1:
                            for j in range(*block):
                                before[lane, j] = W[lane, j]
                        if CLIPS:
                            average(W, gradients, decay, lane, scale, mine, *block)
                        else:
                            update(
                                W, gradients, slots, t + k + 1, options, decay, lane, scale,
                                np.inf, mine, *block,
                            )  # fmt: skip
        if k + 1 < len(rates):
            n = read_step(X, y, orders, k + 1, size, thread, A[(k + 1) % 2], targets)
        met += threads
        meet(gate, met)
        if CLIPS:
            for lane in range(lanes):
                norm = np.sqrt(sums[:, 1, lane].sum())
                factor = min(bounds[lane, 0] / norm, 1.0)
                for layer in range(layers):
                    units = share(widths[layer + 1], thread, threads)
                    begins, ends = parameters_of(units, shape, layer)
                    update(
                        W, gradients, slots, t + k + 1, options, decay, lane, factor,
                        bounds[lane, 1], mine, np.uint64(begins), np.uint64(ends),
                    )  # fmt: skip
            met += threads
            meet(gate, met)
        sound = True
        for lane in range(lanes):
            value = sums[:, 0, lane].sum() / (end - begin) + 0.5 * sums[:, 2, lane].sum()
            norm, length = np.sqrt(sums[:, 1, lane].sum()), np.sqrt(sums[:, 4, lane].sum())
            sound &= value <= limit[lane] and norm < np.inf and length < np.inf
            if thread == 0:
                measures[0, k, lane], measures[1, k, lane] = value, norm
                measures[2, k, lane] = np.sqrt(sums[:, 3, lane].sum())
                measures[3, k, lane] = length
                measures[4, k, lane] = norm > bounds[lane, 0] or sums[:, 5, lane].sum() > 0
        if not sound:
            return k
    return len(rates)
