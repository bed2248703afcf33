"""Gradient clipping: bounds on what a rule is given; the trace keeps the norm from before."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdrun.array_types import Array


def clip_by_norm(gradient: Array, norm: Array, limit: Any) -> Array:
    """Scale each lane's whole gradient to at most `limit` in L2 norm.

        g ← g · min(1, c / ‖g‖)

    gradient (lanes, P); norm ‖g‖ (lanes, 1); c is limit, a float or (lanes, 1). There is no eps in
    the divisor: a gradient at or under the limit passes through with its bits unchanged.

    Source: Pascanu et al. 2013.
    """
    over = norm > limit
    if not over.any():
        return gradient
    factor = np.where(over, limit / np.where(over, norm, 1), 1)
    clipped: Array = gradient * factor.astype(gradient.dtype, copy=False)
    return clipped


def clip_by_value(gradient: Array, limit: Any) -> Array:
    """Bound each entry of the gradient.

        gⱼ ← max(−c, min(gⱼ, c))

    gradient (lanes, P); c is limit, a float or (lanes, 1).
    """
    return np.clip(gradient, -limit, limit)
