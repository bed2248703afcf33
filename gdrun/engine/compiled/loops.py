"""The fused loops over steps, lanes, rows and parameters, as plain Python.

This text is not run from here: `kernels` writes it into a module of its own, together with the one
loss and the one rule that the loops are for, and Numba compiles that. The generated module gives
the names declared first.

X (N, D) and y (N,) are the data; lanes are rows of W (L, P), with slots (L, K, P), options (L, n)
whose first is the learning rate, decay (L, P), the l2 of each parameter, and bounds (L, 2), the
clipping limits on norm and value, infinite where there is none. extra holds the loss's own options.
measures (5, steps, L) takes what each step showed. A loop works on lanes `first` to `last` only, so
that threads can share one set of arrays.

A lane has `outputs` scores for each example; the weights of all scores are the rows of one matrix
(L · outputs, D). Examples are worked on a block at a time: its scores (m, n), examples last, then
losses and slopes in their place, then the gradient, while the block is close to the core. Meanwhile
the rows that come next are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Room = tuple[Array, Array, Array]

if TYPE_CHECKING:

    def loss(s: float, y: float, extra: Array) -> tuple[float, float]:
        """Value and slope of one score; only where a model has one."""

    def class_loss(scores: Array, y: Array, work: Array) -> float:
        """The sum of the values of a block of scores (C, n), the slopes in their place."""

    def losses(
        scores: Array,
        y: Array,
        outputs: int,
        slopes: bool,
        judge: bool,
        values: Array,
        rights: Array,
        work: Array,
        extra: Array,
    ) -> None:
        """score_losses or class_losses below."""

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

    def prefetch(array: Array, row: int, offset: int) -> None:
        """Ask the memory for the byte at that offset in a row, to be there when it is read."""


AHEAD = 8  # rows between asking for one and using it, where rows are used one by one
LINE = 64  # bytes that memory hands over at once


def score_losses(
    scores: Array,
    y: Array,
    outputs: int,
    slopes: bool,
    judge: bool,
    values: Array,
    rights: Array,
    work: Array,
    extra: Array,
) -> None:
    """Losses of one score each (L, n): their values are added up, scores become slopes.

    slopes: whether those are wanted. judge: whether right predictions are added up as well.
    """
    lanes, rows = scores.shape
    for lane in range(lanes):
        if judge:
            right = 0.0
            for i in range(rows):
                right += 1.0 if (scores[lane, i] > 0) == (y[i] > 0) else 0.0
            rights[lane] += right
        total = 0.0
        if slopes:
            for i in range(rows):
                value, slope = loss(float(scores[lane, i]), float(y[i]), extra)
                total += value
                scores[lane, i] = slope
        else:
            for i in range(rows):
                value, _ = loss(float(scores[lane, i]), float(y[i]), extra)
                total += value
        values[lane] += total


def class_losses(
    scores: Array,
    y: Array,
    outputs: int,
    slopes: bool,
    judge: bool,
    values: Array,
    rights: Array,
    work: Array,
    extra: Array,
) -> None:
    """The same over classes, for scores (L · C, n)."""
    rows = scores.shape[1]
    for lane in range(len(scores) // outputs):
        part = scores[lane * outputs : (lane + 1) * outputs]
        if judge:
            for i in range(rows):
                work[0, i], work[1, i] = part[0, i], 0
            for j in range(1, outputs):
                for i in range(rows):
                    above = part[j, i] > work[0, i]
                    work[0, i] = part[j, i] if above else work[0, i]
                    work[1, i] = j if above else work[1, i]
            for i in range(rows):
                rights[lane] += work[1, i] == y[i]
        values[lane] += class_loss(part, y, work)


def fetch(X: Array, y: Array, order: Array, place: int) -> None:
    """Ask for the row and the target at that place of the order, ahead of their use."""
    if place < len(order):
        i = order[place]
        prefetch(y, i, 0)
        for offset in range(0, X.shape[1] * X.itemsize, LINE):
            prefetch(X, i, offset)


def copy_rows(
    X: Array, y: Array, order: Array, begin: int, end: int, rows: Array, targets: Array
) -> None:
    """The rows order[begin:end] of X and y, side by side in rows (…, D) and targets (…,)."""
    for place in range(begin, end):
        fetch(X, y, order, place + AHEAD)
        i, to = order[place], place - begin
        targets[to] = y[i]
        for j in range(X.shape[1]):
            rows[to, j] = X[i, j]


def row_scores(
    X: Array, y: Array, order: Array, begin: int, end: int, M: Array, scores: Array
) -> None:
    """scores[m, i] = M[m] · X[order[begin + i]], for the rows M (m, D) and the places up to end.

    A single row of M is multiplied with one row of X after another, at the speed of memory. Of
    several, two meet four rows of X at a time, for which every number that is read serves twice or
    more; at the ends one is taken again, with the same score.
    """
    zero, columns = M.dtype.type(0), X.shape[1]
    if len(M) == 1:
        for place in range(begin, end):
            if (place - begin) % 2 == 0:
                fetch(X, y, order, place + end - begin)
            a, score = order[place], zero
            for j in range(columns):
                score += X[a, j] * M[0, j]
            scores[0, place - begin] = score
        return
    for place in range(begin, end, 4):
        for ahead in range(place, place + 2):
            fetch(X, y, order, ahead + end - begin)
        f, g, h = min(place + 1, end - 1), min(place + 2, end - 1), min(place + 3, end - 1)
        a, b, c, d = order[place], order[f], order[g], order[h]
        e, f, g, h = place - begin, f - begin, g - begin, h - begin
        for m in range(0, len(M), 2):
            n = min(m + 1, len(M) - 1)
            p, q, r, s = zero, zero, zero, zero
            t, u, v, w = zero, zero, zero, zero
            for j in range(columns):
                p += X[a, j] * M[m, j]
                q += X[b, j] * M[m, j]
                r += X[c, j] * M[m, j]
                s += X[d, j] * M[m, j]
                t += X[a, j] * M[n, j]
                u += X[b, j] * M[n, j]
                v += X[c, j] * M[n, j]
                w += X[d, j] * M[n, j]
            scores[m, e], scores[m, f], scores[m, g], scores[m, h] = p, q, r, s
            scores[n, e], scores[n, f], scores[n, g], scores[n, h] = t, u, v, w


def row_gradients(
    X: Array, y: Array, order: Array, begin: int, end: int, slopes: Array, G: Array
) -> None:
    """Σᵢ slopes[m, i] X[order[begin + i]] is added to G[m], for the rows G (m, D).

    Two or four rows of X at a time; those that are taken again at the end have a slope of zero.
    """
    zero, columns = G.dtype.type(0), X.shape[1]
    if len(G) == 1:
        for place in range(begin, end, 2):
            fetch(X, y, order, place + 1 + end - begin)
            f = min(place + 1, end - 1)
            a, b = order[place], order[f]
            p = slopes[0, place - begin]
            q = slopes[0, f - begin] if place + 1 < end else zero
            for j in range(columns):
                G[0, j] += p * X[a, j] + q * X[b, j]
        return
    for place in range(begin, end, 4):
        for ahead in range(place + 2, place + 4):
            fetch(X, y, order, ahead + end - begin)
        f, g, h = min(place + 1, end - 1), min(place + 2, end - 1), min(place + 3, end - 1)
        a, b, c, d = order[place], order[f], order[g], order[h]
        for m in range(len(G)):
            p = slopes[m, place - begin]
            q = slopes[m, f - begin] if place + 1 < end else zero
            r = slopes[m, g - begin] if place + 2 < end else zero
            s = slopes[m, h - begin] if place + 3 < end else zero
            for j in range(columns):
                G[m, j] += p * X[a, j] + q * X[b, j] + r * X[c, j] + s * X[d, j]


def row_sums(
    X: Array,
    y: Array,
    order: Array,
    begin: int,
    end: int,
    M: Array,
    outputs: int,
    gradient: bool,
    judge: bool,
    room: Room,
    G: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """Σ ℓ, right predictions and Σ ∇ℓ over the rows order[begin:end] are added up.

    M, G (m, D): the weights of all scores, and their gradients. room: for the targets of a block,
    its scores, and the work of its losses.
    """
    targets, scores, work = room
    block = len(targets)
    for start in range(begin, end, block):
        n = min(block, end - start)
        for i in range(n):
            targets[i] = y[order[start + i]]
        part = scores[: len(M) * n].reshape(len(M), n)
        row_scores(X, y, order, start, start + n, M, part)
        losses(part, targets[:n], outputs, gradient, judge, values, rights, work, extra)
        if gradient:
            row_gradients(X, y, order, start, start + n, part, G)


def product_sums(
    X: Array,
    y: Array,
    order: Array,
    begin: int,
    end: int,
    M: Array,
    outputs: int,
    gradient: bool,
    judge: bool,
    room: Room,
    G: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """row_sums through matrix products, for many scores: of classes, of lanes, or of both."""
    targets, scores, work = room
    block, columns = len(targets), X.shape[1]
    rows, more = np.empty((block, columns), X.dtype), np.empty(M.shape, M.dtype)
    for start in range(begin, end, block):
        n = min(block, end - start)
        copy_rows(X, y, order, start, start + n, rows, targets)
        part = scores[: len(M) * n].reshape(len(M), n)
        np.dot(M, rows[:n].T, part)
        losses(part, targets[:n], outputs, gradient, judge, values, rights, work, extra)
        if gradient:
            np.dot(part, rows[:n], more)
            G += more


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
            pull = decay[lane, j] * W[lane, j]
            penalty += pull * W[lane, j]
            G[row, j] = G[row, j] * share + pull
            squares += G[row, j] * G[row, j]
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
    the examples that a step's mean is over; 0 where it is the rows that the step has. betas: the
    momentum of each step, which goes to option `cycled`; none where that is negative.
    """
    M = W[first:last].reshape((last - first) * outputs, X.shape[1])
    sums = np.empty(M.shape, W.dtype)
    G = sums.reshape(last - first, W.shape[1])
    values, rights = np.empty(last - first), np.empty(last - first)
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
    limit: Array,
    extra: Array,
    measures: Array,
    first: int,
    last: int,
) -> int:
    """advance_rows for steps of one example without clipping: its gradient is never stored."""
    columns = W.shape[1]
    for k in range(len(rates)):
        i = order[k]
        fetch(X, y, order, k + AHEAD)
        for lane in range(first, last):
            options[lane, 0] = rates[k, lane]
            if cycled >= 0:
                options[lane, cycled] = betas[k, lane]
            score = W.dtype.type(0)
            for j in range(columns):
                score += X[i, j] * W[lane, j]
            value, slope = loss(float(score), float(y[i]), extra)
            squares, penalty, moved, length = update_by_example(
                X, i, W.dtype.type(slope), decay, W, slots, t + k + 1, options, lane
            )
            value += 0.5 * penalty
            measures[0, k, lane] = value
            measures[1, k, lane] = np.sqrt(squares)
            measures[2, k, lane] = np.sqrt(moved)
            measures[3, k, lane] = np.sqrt(length)
            measures[4, k, lane] = 0
            if not (value <= limit[lane] and squares < np.inf and length < np.inf):
                return k
    return len(rates)
