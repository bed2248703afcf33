"""The fused loops over steps and lanes, as plain Python: a text like that of `sums`, behind it.

X (N, D) and y (N,) are the data; lanes are rows of W (L, P), with slots (L, K, P), options (L, n)
whose first is the learning rate, decay (L, P), the l2 of each parameter, and bounds (L, 2), the
clipping limits on norm and value, infinite where there is none. extra holds the loss's own options.
measures (5, steps, L) takes what each step showed. A loop works on lanes `first` to `last` only, so
that threads can share one set of arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdrun.engine.compiled.sums import AHEAD, SOON

Array = NDArray[Any]
Room = tuple[Array, Array, Array]
Totals = tuple[Array, Array, Array]

if TYPE_CHECKING:
    from gdrun.engine.compiled.sums import bring, fetch, loss, row_sums

    DECAYS = True  # whether any lane has an l2 term

    def update(
        W: Array, g: Array, slots: Array, t: float, options: Array, lane: int
    ) -> tuple[float, float]:
        """One step of the rule, in place, in one lane: ‖Δw‖² and ‖w‖²."""

    def update_by_example(
        X: Array,
        i: int,
        slope: float,
        decay: Array,
        W: Array,
        slots: Array,
        t: float,
        options: Array,
        lane: int,
    ) -> tuple[float, float, float, float]:
        """The same where g is slope · X[i] + decay · w, which is never stored.

        ‖g‖², decay · w², ‖Δw‖² and ‖w‖².
        """


def finish_steps(
    values: Array,
    scale: float,
    G: Array,
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
    measures: Array,
    k: int,
    first: int,
) -> bool:
    """One step, the k-th of a chunk, of the lanes from `first` on, from summed losses and gradients
    G (…, P); whether all numbers stayed sound.
    """
    sound = True
    for row in range(len(G)):
        lane = first + row
        options[lane, 0] = rates[k, lane]
        if cycled >= 0:
            options[lane, cycled] = betas[k, lane]
        squares, penalty = 0.0, 0.0
        share = G.dtype.type(scale)
        for j in range(G.shape[1]):
            g = G[row, j] * share
            if DECAYS:
                pull = decay[lane, j] * W[lane, j]
                penalty += pull * W[lane, j]
                g += pull
            squares += g * g
            G[row, j] = g
        norm = np.sqrt(squares)
        value = values[row] * scale + 0.5 * penalty
        clipped = clip(G[row], norm, bounds[lane, 0], bounds[lane, 1])
        moved, length = update(W, G[row], slots, t, options, lane)
        measures[0, k, lane] = value
        measures[1, k, lane] = norm
        measures[2, k, lane] = np.sqrt(moved)
        measures[3, k, lane] = np.sqrt(length)
        measures[4, k, lane] = clipped
        sound &= value <= limit[lane] and norm < np.inf and length < np.inf
    return sound


def clip(g: Array, norm: float, most: float, bound: float) -> bool:
    """Bound the gradient's norm and its entries; whether anything was bounded."""
    clipped = False
    if norm > most:
        clipped = True
        factor = g.dtype.type(most / norm)
        for j in range(len(g)):
            g[j] *= factor
    if bound < np.inf:
        entry = g.dtype.type(bound)
        for j in range(len(g)):
            if abs(g[j]) > entry:
                g[j], clipped = np.copysign(entry, g[j]), True
    return clipped


def advance_rows(
    X: Array,
    y: Array,
    order: Array,
    size: int,
    count: float,
    outputs: int,
    room: Room,
    totals: Totals,
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
    first: int,
    last: int,
) -> int:
    """Take the steps of `rates` (steps, L), each lane for itself; the steps that stayed sound.

    order: the rows of all steps, `size` for each; or those of one step, which all use. count:
    the examples that a step's mean is over; 0 where it is the rows that the step has. room and
    totals: for the sums over the rows of a step, and for their results. betas: the momentum of each
    step, which goes to option `cycled`; none where that is negative.
    """
    M = W[first:last].reshape((last - first) * outputs, X.shape[1])
    sums, values, rights = totals
    G = sums.reshape(last - first, W.shape[1])
    # For True and False themselves Numba would compile the sums once more.
    gradient, judge = len(G) > 0, len(G) == 0
    for k in range(len(rates)):
        begin = 0 if size == len(order) else k * size
        end = min(begin + size, len(order))
        values[:], sums[:] = 0, 0
        row_sums(
            X, y, order, begin, end, M, outputs, gradient, judge, room, sums, values, rights, extra
        )
        scale = 1 / (count if count > 0 else float(end - begin))
        if not finish_steps(
            values, scale, G, W, slots, t + k + 1, options, rates, betas, cycled, decay, bounds,
            limit, measures, k, first,
        ):  # fmt: skip
            return k
    return len(rates)


def advance_examples(
    X: Array,
    y: Array,
    order: Array,
    W: Array,
    slots: Array,
    t: float,
    options: Array,
    rates: Array,
    betas: Array,
    cycled: int,
    decay: Array,
    targets: Array,
    limit: Array,
    extra: Array,
    measures: Array,
    first: int,
    last: int,
) -> int:
    """advance_rows for steps of one example without clipping: its gradient is never stored.

    A step needs the slope of its loss; the loss and the roots are worked out for many steps at
    once, before they have left the core. targets (n,) is room for those of so many steps.
    """
    columns, steps = W.shape[1], len(rates)
    for begin in range(0, steps, len(targets)):
        end = min(begin + len(targets), steps)
        for k in range(begin, end):
            i = order[k]
            fetch(X, y, order, k + AHEAD)
            bring(X, y, order, k + SOON)
            targets[k - begin] = y[i]
            for lane in range(first, last):
                options[lane, 0] = rates[k, lane]
                if cycled >= 0:
                    options[lane, cycled] = betas[k, lane]
                score = W.dtype.type(0)
                for j in range(columns):
                    score += X[i, j] * W[lane, j]
                _, slope = loss(float(score), float(y[i]), extra)
                squares, penalty, moved, length = update_by_example(
                    X, i, W.dtype.type(slope), decay, W, slots, t + k + 1, options, lane
                )
                measures[0, k, lane] = score
                measures[1, k, lane] = squares
                measures[2, k, lane] = moved
                measures[3, k, lane] = length
                measures[4, k, lane] = penalty
        if not examine(targets, limit, extra, measures, begin, end, first, last):
            return first_unsound(limit, measures, begin, end, first, last)
    return steps


def examine(
    targets: Array,
    limit: Array,
    extra: Array,
    measures: Array,
    begin: int,
    end: int,
    first: int,
    last: int,
) -> bool:
    """Turn what the steps from `begin` to `end` noted into measures; whether all are sound.

    Noted were score, ‖g‖², ‖Δw‖², ‖w‖² and decay · w². targets: one for each step.
    """
    sound, at = True, np.uint64(begin)  # a place that may be negative would be no vector's
    for lane in range(first, last):
        most = limit[lane]
        for i in range(np.uint64(end - begin)):
            k = at + i
            value, _ = loss(measures[0, k, lane], float(targets[i]), extra)
            value += 0.5 * measures[4, k, lane]
            squares, length = measures[1, k, lane], measures[3, k, lane]
            sound &= value <= most and squares < np.inf and length < np.inf
            measures[0, k, lane] = value
            measures[1, k, lane] = np.sqrt(squares)
            measures[2, k, lane] = np.sqrt(measures[2, k, lane])
            measures[3, k, lane] = np.sqrt(length)
            measures[4, k, lane] = 0
    return sound


def first_unsound(
    limit: Array, measures: Array, begin: int, end: int, first: int, last: int
) -> int:
    """The first of these steps in which a lane's numbers are not sound."""
    for k in range(begin, end):
        for lane in range(first, last):
            value, norm, length = measures[0, k, lane], measures[1, k, lane], measures[3, k, lane]
            if not (value <= limit[lane] and norm < np.inf and length < np.inf):
                return k
    return begin
