"""The losses over classes for one example: the form that a fused loop wants.

Each is the loss of the same name in `problems.losses`, written out for one row of scores (C,). It
returns the value and leaves the slopes in the place of the scores. These are the one thing the two
engines define twice: the array forms work along an axis that a fused loop does not have. Being
plain Python they run uncompiled too, and a test holds each to its twin.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from numpy.typing import NDArray

Row = NDArray[Any]


def cross_entropy(scores: Row, own: int) -> float:
    """ℓ = log Σⱼ e^(sⱼ) − s_y."""
    largest = scores[0]
    for j in range(1, len(scores)):
        # Written so that NaN is kept, as it is by a maximum over arrays.
        if not scores[j] <= largest:
            largest = scores[j]
    chosen = scores[own] - largest
    total = 0.0
    for j in range(len(scores)):
        scores[j] = exp(scores[j] - largest)
        total += scores[j]
    for j in range(len(scores)):
        scores[j] /= total
    scores[own] -= 1
    return log(total) - float(chosen)


def hinge(scores: Row, own: int) -> float:
    """ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)."""
    shift, value, count = 1 - scores[own], 0.0, 0
    for j in range(len(scores)):
        margin = scores[j] + shift
        over = not margin <= 0 and j != own
        value += margin if over else 0.0
        scores[j] = 1 if over else 0
        count += over
    scores[own] = -count
    return value


def squared_hinge(scores: Row, own: int) -> float:
    """ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)²."""
    shift, value, total = 1 - scores[own], 0.0, 0.0
    for j in range(len(scores)):
        margin = scores[j] + shift if j != own else 0.0
        if margin <= 0:
            margin = 0.0
        value += margin * margin
        scores[j] = 2 * margin
        total += 2 * margin
    scores[own] = -total
    return value


CLASS_LOSSES = {form.__name__: form for form in (cross_entropy, hinge, squared_hinge)}
"""Each by the name of its twin."""
