"""Losses as loops over a block of examples: the form that a fused step wants of them.

Each is the loss of the same name in `problems.losses`, for one lane. Scores (n,), or (C, n) with
the examples last, so that every loop runs along memory; y (n,) holds the targets; work (2, n) is
room for a number or two of each example, in double precision. A loss returns the sum of its values
and leaves the slopes in the place of the scores. These are the one thing the two engines define
twice: over classes the array forms make a temporary for every sign, and a sum over a block may be
had for less than its terms. Being plain Python they run uncompiled too, and a test holds each to
its twin.
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def logistic_block(scores: Array, y: Array, work: Array) -> float:
    """ℓ = log(1 + e^(−m)),  m = y s.

    The logarithms of a block are one of a product, Σ log(1 + aᵢ) = log(1 + q) with q made up of
    pairs, (1 + a)(1 + b) = 1 + (a + b (1 + a)). All terms are positive, so q is as exact as they
    are, however small. A factor is at most 2: of 512 of them no product overflows.
    """
    value, rows = 0.0, len(scores)
    for i in range(rows):
        margin = float(scores[i]) * float(y[i])
        small = exp(-abs(margin))
        value -= margin if margin < 0 else 0.0
        work[0, i] = small
        scores[i] = (small if margin > 0 else 1.0) / (1 + small) * -y[i]
    for _ in range(9):
        half = rows if rows <= 8 else (rows + 1) // 2
        for i in range(rows - half):
            work[0, i] += work[0, half + i] * (1 + work[0, i])
        rows = half
    for i in range(rows):
        value += log1p(work[0, i])
    return value


def cross_entropy_block(scores: Array, y: Array, work: Array) -> float:
    """ℓ = log Σⱼ e^(sⱼ) − s_y."""
    classes, rows = scores.shape
    value = 0.0
    for i in range(rows):
        work[0, i] = scores[0, i]
    for j in range(1, classes):
        for i in range(rows):
            work[0, i] = scores[j, i] if scores[j, i] > work[0, i] else work[0, i]
    for i in range(rows):
        value -= scores[y[i], i] - work[0, i]
        work[1, i] = 0
    for j in range(classes):
        for i in range(rows):
            power = exp(scores[j, i] - work[0, i])
            work[1, i] += power
            scores[j, i] = power
    for i in range(rows):
        value += log(work[1, i])
        work[1, i] = 1 / work[1, i]
    for j in range(classes):
        for i in range(rows):
            scores[j, i] *= work[1, i]
    for i in range(rows):
        scores[y[i], i] -= 1
    return value


def hinge_block(scores: Array, y: Array, work: Array) -> float:
    """ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)."""
    classes, rows = scores.shape
    value = 0.0
    for i in range(rows):
        work[0, i] = 1 - scores[y[i], i]
        work[1, i] = 0
    for j in range(classes):
        for i in range(rows):
            margin = scores[j, i] + work[0, i]
            over = 0.0 if margin <= 0 or j == y[i] else 1.0
            value += margin if over > 0 else 0.0
            work[1, i] += over
            scores[j, i] = over
    for i in range(rows):
        scores[y[i], i] = -work[1, i]
    return value


def squared_hinge_block(scores: Array, y: Array, work: Array) -> float:
    """ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)²."""
    classes, rows = scores.shape
    value = 0.0
    for i in range(rows):
        work[0, i] = 1 - scores[y[i], i]
        work[1, i] = 0
    for j in range(classes):
        for i in range(rows):
            margin = scores[j, i] + work[0, i]
            margin = 0.0 if margin <= 0 or j == y[i] else margin
            value += margin * margin
            work[1, i] += 2 * margin
            scores[j, i] = 2 * margin
    for i in range(rows):
        scores[y[i], i] = -work[1, i]
    return value


BLOCK_LOSSES = {
    "logistic": logistic_block,
    "cross_entropy": cross_entropy_block,
    "hinge": hinge_block,
    "squared_hinge": squared_hinge_block,
}
"""Each by the name of its twin."""
