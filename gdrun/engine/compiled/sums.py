"""Sums of losses and gradients over rows of data, as fused loops in plain Python.

This text is not run from here: `kernels` writes it into a module of its own, together with the one
loss and the one rule that the loops are for, and Numba compiles that. The generated module gives
the names declared first.

X (N, D) and y (N,) are the data. A lane has `outputs` scores for each example; the weights of all
scores are the rows of one matrix M (m, D). extra holds the loss's own options. Examples are worked
on a block at a time: its scores (m, n), examples last, then losses and slopes in their place, then
the gradient, while the block is close to the core. Meanwhile the rows that come next are asked for.
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

    def block_loss(scores: Array, y: Array, slopes: bool, work: Array, extra: Array) -> float:
        """The sum of the values of a block of scores (n,) or (C, n), the slopes in their place.

        equation_losses below, or a form of `block_losses`, which leaves slopes unasked.
        """

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

    def prefetch(array: Array, row: int, cache: int) -> None:
        """Ask for a row to be in the first or the second cache when it is read."""


AHEAD = 16  # rows between asking the memory for one and using it, where they are used one by one
SOON = 4  # rows between having one brought from the second cache into the first, and using it


def equation_losses(scores: Array, y: Array, slopes: bool, work: Array, extra: Array) -> float:
    """The sum of the losses of scores (n,), which become slopes where those are wanted."""
    total = 0.0
    if slopes:
        for i in range(len(scores)):
            value, slope = loss(float(scores[i]), float(y[i]), extra)
            total += value
            scores[i] = slope
    else:
        for i in range(len(scores)):
            value, _ = loss(float(scores[i]), float(y[i]), extra)
            total += value
    return total


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
        values[lane] += block_loss(scores[lane], y, slopes, work, extra)


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
        values[lane] += block_loss(part, y, slopes, work, extra)


def fetch(X: Array, y: Array, order: Array, place: int) -> None:
    """Ask the memory for the row and the target at that place of the order, ahead of their use.

    They come into the second cache: it takes more of them at a time than the first one does.
    """
    if place < len(order):
        prefetch(X, order[place], 2)
        prefetch(y, order[place], 2)


def bring(X: Array, y: Array, order: Array, place: int) -> None:
    """Bring what was fetched into the first cache."""
    if place < len(order):
        prefetch(X, order[place], 1)
        prefetch(y, order[place], 1)


def copy_rows(
    X: Array, y: Array, order: Array, begin: int, end: int, rows: Array, targets: Array
) -> None:
    """The rows order[begin:end] of X and y, side by side in rows (…, D) and targets (…,)."""
    for place in range(begin, end):
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


def streamed_sums(
    X: Array,
    y: Array,
    w: Array,
    gradient: bool,
    judge: bool,
    g: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """row_sums of a single score with weights w (D,), over all rows of X one behind the other.

    The time is that of reading X. So memory never waits: while a row is scored, the row before it,
    still near, goes into the gradient.
    """
    rows, columns = X.shape
    kind = w.dtype.type
    total, right = 0.0, 0.0
    before, found = 0, 0.0
    for i in range(rows):
        prefetch(X, i + AHEAD, 2)  # harmless behind the last row: nothing is read
        score, slope = kind(0), kind(found)
        if gradient:
            for j in range(columns):
                score += X[i, j] * w[j]
                g[j] += slope * X[before, j]
        else:
            for j in range(columns):
                score += X[i, j] * w[j]
        value, found = loss(float(score), float(y[i]), extra)
        total += value
        right += 1.0 if judge and (score > 0) == (y[i] > 0) else 0.0
        before = i
    if gradient:
        slope = kind(found)
        for j in range(columns):
            g[j] += slope * X[before, j]
    values[0] += total
    rights[0] += right


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
    """row_sums through matrix products, for many scores: of classes, of lanes, or of both.

    The rows of the next block are asked for in as many parts as there are lanes, each before the
    losses of one: all at once they would hold the loop up, and the products leave no place for it.
    """
    targets, scores, work = room
    block, columns, lanes = len(targets), X.shape[1], len(M) // outputs
    rows, more = np.empty((block, columns), X.dtype), np.empty(M.shape, M.dtype)
    share = -(-block // lanes)
    for start in range(begin, end, block):
        n = min(block, end - start)
        copy_rows(X, y, order, start, start + n, rows, targets)
        part = scores[: len(M) * n].reshape(len(M), n)
        np.dot(M, rows[:n].T, part)
        for lane in range(lanes):
            for place in range(lane * share, min((lane + 1) * share, block)):
                fetch(X, y, order, start + n + place)
            own = part[lane * outputs : (lane + 1) * outputs]
            place_of_lane = (values[lane:], rights[lane:])
            losses(own, targets[:n], outputs, gradient, judge, *place_of_lane, work, extra)
        if gradient:
            np.dot(part, rows[:n], more)
            add(more.ravel(), G.ravel())


def add(numbers: Array, total: Array) -> None:
    """The numbers are added to the total, which lies elsewhere."""
    for k in range(len(total)):
        total[k] += numbers[k]
