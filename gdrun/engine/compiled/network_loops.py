"""The fused steps of a network, as plain Python: a text like `loops`, with the products in BLAS.

Threads go through the steps together. In each, a thread takes a share of the batch through the
network and back, for all lanes; then the threads wait for each other, and each moves a share of the
parameters of all lanes. So a step uses every core without being cut into tasks, which would cost
more than it does.

Layer k of a lane's row W (P,) is a matrix (outputs, inputs + 1), its bias last. What enters the
first is A (n, D + 1), rows with a one behind them; what leaves a hidden one is (units + 1, n), with
a row of ones at its end, so that every product takes the bias along. A shape is three arrays:
widths (K + 1,) of the input, the hidden layers and the output; places (K + 1,), where the layers
begin in the row and the last ends; heights (K,), the rows of all that leaves the hidden layers
before. Room is four: for what leaves the hidden layers, for their slopes, for scores, for losses.

S streams of lanes have orders of their own, (S, examples); stream s serves the lanes from starts[s]
to starts[s + 1]. gradients (threads, L, P) and sums (2, threads, 6, L) are what the threads show
each other: sums of losses, of squares of the gradient, of the penalty, of squares of the move and
of the weights, and whether an entry was bounded. Those of even and odd steps lie apart, so that a
thread that is ahead writes over nothing that another still reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[Array, Array, Array]
Room = tuple[Array, Array, Array, Array]

if TYPE_CHECKING:
    from gdrun.engine.compiled.sums import fetch, losses

    def activation(z: Any) -> tuple[Any, Any]:
        """Value and slope of one unit."""

    def update(
        W: Array,
        G: Array,
        slots: Array,
        t: float,
        options: Array,
        lane: int,
        factor: float,
        bound: float,
        first: np.uint64,
        last: np.uint64,
    ) -> tuple[float, float, float]:
        """One step of the rule, in place, for the parameters from `first` to `last` of a lane.

        The gradient is scaled by `factor`, then its entries are bounded. ‖Δw‖² and ‖w‖² of these
        parameters, and above zero where an entry was bounded.
        """

    def count_up(gate: Array) -> None:
        """Add one to the only number in gate, whatever other threads do to it."""

    def count_at(gate: Array) -> int:
        """The number in gate as it is now."""

    def give_way() -> None:
        """Let another thread have the core, should one want it."""


AHEAD = 4  # rows between asking for one and copying it
SPINS = 1000  # looks at the gate before the core is offered to others


def meet(gate: Array, expected: int) -> None:
    """Wait until so many have come to the gate, all told."""
    count_up(gate)
    spins = 0
    while count_at(gate) < expected:
        spins += 1
        if spins > SPINS:
            give_way()


def activate(z: Array, H: Array) -> None:
    """What leaves the units goes to H (units + 1, n), their slopes to the place of z (units, n)."""
    units, rows = z.shape
    for i in range(units):
        for j in range(rows):
            value, slope = activation(z[i, j])
            H[i, j] = value
            z[i, j] = slope
    for j in range(rows):
        H[units, j] = 1


def go_through(
    A: Array,
    y: Array,
    w: Array,
    shape: Shape,
    room: Room,
    g: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """Forward and back for one lane w (P,): Σ ℓ is added to values (1,), Σ ∇ℓ goes to g (P,)."""
    widths, places, heights = shape
    left, slopes, scores, work = room
    n, depth = len(A), len(widths) - 2
    gradient, judge = n > 0, n == 0
    for k in range(depth):
        M = w[places[k] : places[k + 1]].reshape(widths[k + 1], widths[k] + 1)
        z = slopes[(heights[k] - k) * n : (heights[k + 1] - k - 1) * n].reshape(widths[k + 1], n)
        if k == 0:
            np.dot(M, A.T, z)
        else:
            h = left[heights[k - 1] * n : heights[k] * n].reshape(widths[k] + 1, n)
            np.dot(M, h, z)
        activate(z, left[heights[k] * n : heights[k + 1] * n].reshape(widths[k + 1] + 1, n))
    d = scores[: widths[depth + 1] * n].reshape(widths[depth + 1], n)
    for k in range(depth, -1, -1):
        M = w[places[k] : places[k + 1]].reshape(widths[k + 1], widths[k] + 1)
        G = g[places[k] : places[k + 1]].reshape(widths[k + 1], widths[k] + 1)
        if k == 0:
            if depth == 0:
                np.dot(M, A.T, d)
                losses(d, y, len(d), gradient, judge, values, rights, work, extra)
            np.dot(d, A, G)
        else:
            h = left[heights[k - 1] * n : heights[k] * n].reshape(widths[k] + 1, n)
            if k == depth:
                np.dot(M, h, d)
                losses(d, y, len(d), gradient, judge, values, rights, work, extra)
            np.dot(d, h.T, G)
            # What entered the layer is needed no more, and dL/dh takes its place.
            np.dot(M.T, d, h)
            d = h[: widths[k]]
            z = slopes[(heights[k - 1] - k + 1) * n : (heights[k] - k) * n].reshape(widths[k], n)
            for i in range(widths[k]):
                for j in range(n):
                    d[i, j] *= z[i, j]


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
    targets: Array,
    room: Room,
    gradients: Array,
    sums: Array,
    gate: Array,
    thread: int,
) -> int:
    """One thread's part of the steps of `rates` (steps, L); the steps that stayed sound.

    before (L, P) takes W as it was before the last of them. The options are the thread's own.
    """
    threads, lanes, parameters = gradients.shape
    # Unsigned: where an index could be negative, each use of it asks, and no loop is vectorised.
    first = np.uint64(parameters * thread // threads)
    last = np.uint64(parameters * (thread + 1) // threads)
    rights, met, zero = np.empty(1), 0, W.dtype.type(0)
    for k in range(len(rates)):
        mine, all_sums = sums[k % 2, thread], sums[k % 2]
        begin, end = k * size, min((k + 1) * size, orders.shape[1])
        low = begin + (end - begin) * thread // threads
        n = begin + (end - begin) * (thread + 1) // threads - low
        for s in range(len(orders)):
            for i in range(n):
                fetch(X, y, orders[s], low + i + AHEAD)
                chosen = orders[s, low + i]
                targets[i] = y[chosen]
                for j in range(X.shape[1]):
                    A[i, j] = X[chosen, j]
            for lane in range(starts[s], starts[s + 1]):
                mine[0, lane] = 0
                g = gradients[thread, lane]
                if n > 0:
                    value = mine[0, lane : lane + 1]
                    go_through(A[:n], targets[:n], W[lane], shape, room, g, value, rights, extra)
                else:
                    g[:] = 0
        met += threads
        meet(gate, met)
        scale = W.dtype.type(1 / float(end - begin))
        for lane in range(lanes):
            g = gradients[0, lane]
            for other in range(1, threads):
                more = gradients[other, lane]
                for j in range(first, last):
                    g[j] += more[j]
            squares, penalty = zero, zero
            for j in range(first, last):
                pull = decay[lane, j] * W[lane, j]
                penalty += pull * W[lane, j]
                g[j] = g[j] * scale + pull
                squares += g[j] * g[j]
            mine[1, lane], mine[2, lane] = squares, penalty
        met += threads
        meet(gate, met)
        for lane in range(lanes):
            options[lane, 0] = rates[k, lane]
            if cycled >= 0:
                options[lane, cycled] = betas[k, lane]
            if k == len(rates) - 1:
                for j in range(first, last):
                    before[lane, j] = W[lane, j]
            norm, most, bound = (
                np.sqrt(all_sums[:, 1, lane].sum()),
                bounds[lane, 0],
                bounds[lane, 1],
            )
            factor = most / norm if norm > most else 1.0
            moved, length, bounded = update(
                W, gradients[0], slots, t + k + 1, options, lane, factor, bound, first, last
            )
            mine[3, lane], mine[4, lane], mine[5, lane] = moved, length, bounded
        met += threads
        meet(gate, met)
        sound = True
        for lane in range(lanes):
            value = all_sums[:, 0, lane].sum() / (end - begin) + 0.5 * all_sums[:, 2, lane].sum()
            norm, length = np.sqrt(all_sums[:, 1, lane].sum()), np.sqrt(all_sums[:, 4, lane].sum())
            sound &= value <= limit[lane] and norm < np.inf and length < np.inf
            if thread == 0:
                measures[0, k, lane], measures[1, k, lane] = value, norm
                measures[2, k, lane] = np.sqrt(all_sums[:, 3, lane].sum())
                measures[3, k, lane] = length
                measures[4, k, lane] = norm > bounds[lane, 0] or all_sums[:, 5, lane].sum() > 0
        if not sound:
            return k
    return len(rates)
