"""The fused loops over steps, lanes, rows and parameters, as plain Python.

This text is not run from here: `kernels` writes it into a module of its own, together with the one
loss and the one rule that the loops are for, and Numba compiles that. The generated module gives
the names declared first.

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

Array = NDArray[Any]

if TYPE_CHECKING:

    def loss(s: float, y: float, extra: Array) -> tuple[float, float]:
        """Value and slope of one score; only where a model has one."""

    def class_loss(scores: Array, y: int) -> float:
        """The value for one example with scores (C,), its slopes in their place."""

    def losses(
        scores: Array, y: Array, outputs: int, values: Array, rights: Array, extra: Array
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

    def prefetch(array: Array, place: tuple[int, ...]) -> None:
        """Ask the memory for that entry, to be there when it is read."""


AHEAD = 8  # rows between asking for one and using it
LINE = 64  # bytes that memory hands over at once


def score_losses(
    scores: Array, y: Array, outputs: int, values: Array, rights: Array, extra: Array
) -> None:
    """Losses of one score each: values and right predictions are added up, scores become slopes."""
    rows, lanes = scores.shape
    for i in range(rows):
        target = float(y[i])
        for lane in range(lanes):
            score = scores[i, lane]
            value, slope = loss(float(score), target, extra)
            values[lane] += value
            rights[lane] += (score > 0) == (target > 0)
            scores[i, lane] = slope


def class_losses(
    scores: Array, y: Array, outputs: int, values: Array, rights: Array, extra: Array
) -> None:
    """Losses over classes: values and right predictions are added up, scores become slopes."""
    rows, columns = scores.shape
    for i in range(rows):
        for lane in range(columns // outputs):
            row = scores[i, lane * outputs : (lane + 1) * outputs]
            best = 0
            for j in range(1, outputs):
                if row[j] > row[best]:
                    best = j
            rights[lane] += best == y[i]
            values[lane] += class_loss(row, y[i])


def row_sums(
    X: Array,
    y: Array,
    order: Array,
    begin: int,
    end: int,
    W: Array,
    lane: int,
    gradient: bool,
    g: Array,
    extra: Array,
) -> tuple[float, int]:
    """Σ ℓ and right predictions over rows order[begin:end], for one score; Σ ∇ℓ goes to g.

    Four rows at a time share each reading of w and g, and their losses do not wait for each other.
    """
    total, right = 0.0, 0
    columns = W.shape[1]
    for j in range(columns):
        g[j] = 0
    fours = begin + (end - begin) // 4 * 4
    zero = g.dtype.type(0)
    for place in range(begin, fours, 4):
        for ahead in range(place + AHEAD, min(place + AHEAD + 4, len(order))):
            fetch_row(X, y, order[ahead])
        a, b, c, d = order[place], order[place + 1], order[place + 2], order[place + 3]
        s, t, u, v = zero, zero, zero, zero
        for j in range(columns):
            s += X[a, j] * W[lane, j]
            t += X[b, j] * W[lane, j]
            u += X[c, j] * W[lane, j]
            v += X[d, j] * W[lane, j]
        value_a, p = loss(float(s), float(y[a]), extra)
        value_b, q = loss(float(t), float(y[b]), extra)
        value_c, r = loss(float(u), float(y[c]), extra)
        value_d, o = loss(float(v), float(y[d]), extra)
        total += value_a + value_b + value_c + value_d
        right += ((s > 0) == (y[a] > 0)) + ((t > 0) == (y[b] > 0))
        right += ((u > 0) == (y[c] > 0)) + ((v > 0) == (y[d] > 0))
        if gradient:
            p, q, r, o = g.dtype.type(p), g.dtype.type(q), g.dtype.type(r), g.dtype.type(o)
            for j in range(columns):
                g[j] += p * X[a, j] + q * X[b, j] + r * X[c, j] + o * X[d, j]
    for place in range(fours, end):
        a = order[place]
        s = zero
        for j in range(columns):
            s += X[a, j] * W[lane, j]
        value, slope = loss(float(s), float(y[a]), extra)
        total += value
        right += (s > 0) == (y[a] > 0)
        if gradient:
            pull = g.dtype.type(slope)
            for j in range(columns):
                g[j] += pull * X[a, j]
    return total, right


def fetch_row(X: Array, y: Array, i: int) -> None:
    """Ask for a row and its target ahead of their use."""
    prefetch(y, (i,))
    for column in range(0, X.shape[1], LINE // X.itemsize):
        prefetch(X, (i, column))


def product_sums(
    X: Array,
    y: Array,
    W: Array,
    outputs: int,
    gradient: bool,
    scores: Array,
    G: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """Σ ℓ and right predictions of all lanes over all rows of X are added up; Σ ∇ℓ goes to G."""
    np.dot(X, W.T, scores)
    losses(scores, y, outputs, values, rights, extra)
    if gradient:
        np.dot(scores.T, X, G)


def whole_products(
    X: Array,
    y: Array,
    W: Array,
    outputs: int,
    block: int,
    gradient: bool,
    extra: Array,
    G: Array,
    values: Array,
    rights: Array,
) -> None:
    """Σ ℓ, right predictions and Σ ∇ℓ (L, P) of all lanes over the rows of X are added up.

    One pass: a block of rows is used by all lanes, for loss and gradient, while it is at hand.
    """
    matrix = W.reshape(len(W) * outputs, X.shape[1])
    scores = np.empty((block, len(matrix)), W.dtype)
    part = np.empty(matrix.shape, W.dtype)
    sums = G.reshape(matrix.shape)
    for begin in range(0, len(X), block):
        rows, targets = X[begin : begin + block], y[begin : begin + block]
        product_sums(
            rows,
            targets,
            matrix,
            outputs,
            gradient,
            scores[: len(rows)],
            part,
            values,
            rights,
            extra,
        )
        if gradient:
            sums += part


def whole_rows(
    X: Array,
    y: Array,
    W: Array,
    block: int,
    gradient: bool,
    extra: Array,
    G: Array,
    values: Array,
    rights: Array,
) -> None:
    """whole_products without products, for one score and few lanes."""
    order = np.arange(min(block, len(X)))
    g = np.empty(W.shape[1], W.dtype)
    for begin in range(0, len(X), block):
        rows, targets = X[begin : begin + block], y[begin : begin + block]
        for lane in range(len(W)):
            value, right = row_sums(rows, targets, order, 0, len(rows), W, lane, gradient, g, extra)
            values[lane] += value
            rights[lane] += right
            for j in range(len(g)):
                G[lane, j] += g[j]


def finish_steps(
    values: Array,
    scale: float,
    G: Array,
    W: Array,
    slots: Array,
    t: float,
    options: Array,
    decay: Array,
    bounds: Array,
    limit: Array,
    measures: Array,
    k: int,
) -> bool:
    """One step of every lane from summed losses and gradients; whether all stayed sound."""
    sound = True
    for lane in range(len(W)):
        sound &= finish_step(
            values[lane], scale, G[lane], W, slots, t, options, decay, bounds, limit, measures,
            k, lane,
        )  # fmt: skip
    return sound


def finish_step(
    value: float,
    scale: float,
    g: Array,
    W: Array,
    slots: Array,
    t: float,
    options: Array,
    decay: Array,
    bounds: Array,
    limit: Array,
    measures: Array,
    k: int,
    lane: int,
) -> bool:
    """One step of one lane from its summed loss and gradient; whether all numbers stayed sound."""
    squares, penalty = 0.0, 0.0
    share = g.dtype.type(scale)
    for j in range(len(g)):
        pull = decay[lane, j] * W[lane, j]
        penalty += pull * W[lane, j]
        g[j] = g[j] * share + pull
        squares += g[j] * g[j]
    norm = np.sqrt(squares)
    value = value * scale + 0.5 * penalty
    clipped = clip(g, norm, bounds[lane, 0], bounds[lane, 1])
    moved, length = update(W, g, slots, t, options, lane)
    measures[0, k, lane] = value
    measures[1, k, lane] = norm
    measures[2, k, lane] = np.sqrt(moved)
    measures[3, k, lane] = np.sqrt(length)
    measures[4, k, lane] = clipped
    return value <= limit[lane] and norm < np.inf and length < np.inf


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

    order: the rows of all steps, `size` for each; or those of one step, which all steps use. count:
    the examples that a step's mean is over; 0 where it is the rows that the step has. betas: the
    momentum of each step, which goes to option `cycled`; none where that is negative.
    """
    g = np.empty(W.shape[1], W.dtype)
    whole = size == len(order)
    for k in range(len(rates)):
        begin = 0 if whole else k * size
        end = min(begin + size, len(order))
        scale = 1 / (count if count > 0 else float(end - begin))
        for lane in range(first, last):
            options[lane, 0] = rates[k, lane]
            if cycled >= 0:
                options[lane, cycled] = betas[k, lane]
            value, _ = row_sums(X, y, order, begin, end, W, lane, True, g, extra)
            if not finish_step(
                value, scale, g, W, slots, t + k + 1, options, decay, bounds, limit, measures,
                k, lane,
            ):  # fmt: skip
                return k
    return len(rates)


def advance_products(
    X: Array,
    y: Array,
    order: Array,
    size: int,
    count: float,
    outputs: int,
    block: int,
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
    """advance_rows through matrix products, for many scores: of classes, of lanes, or of both."""
    columns = X.shape[1]
    matrix = W[first:last].reshape((last - first) * outputs, columns)
    X_block = np.empty((block, columns), X.dtype)
    y_block = np.empty(block, y.dtype)
    scores = np.empty((block, len(matrix)), W.dtype)
    part = np.empty(matrix.shape, W.dtype)
    sums = np.empty(matrix.shape, W.dtype)
    G = sums.reshape(last - first, W.shape[1])
    values, rights = np.empty(last - first), np.empty(last - first)
    whole = size == len(order)
    for k in range(len(rates)):
        begin = 0 if whole else k * size
        end = min(begin + size, len(order))
        scale = 1 / (count if count > 0 else float(end - begin))
        values[:] = 0
        for start in range(begin, end, block):
            n = min(block, end - start)
            for p in range(n):
                i = order[start + p]
                y_block[p] = y[i]
                for j in range(columns):
                    X_block[p, j] = X[i, j]
            goal = sums if start == begin else part
            product_sums(
                X_block[:n],
                y_block[:n],
                matrix,
                outputs,
                True,
                scores[:n],
                goal,
                values,
                rights,
                extra,
            )
            if start > begin:
                sums += part
        for lane in range(first, last):
            options[lane, 0] = rates[k, lane]
            if cycled >= 0:
                options[lane, cycled] = betas[k, lane]
            if not finish_step(
                values[lane - first], scale, G[lane - first], W, slots, t + k + 1, options, decay,
                bounds, limit, measures, k, lane,
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
        if k + AHEAD < len(order):
            fetch_row(X, y, order[k + AHEAD])
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
