"""Gradient clipping: the gradient is limited before the update rule uses it.

The trace (the file of a run's readings) records the gradient norm before clipping.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gdrun.array_types import Array


def clip_by_norm(gradient: Array, norm: Array, limit: Any) -> Array:
    """Scale the whole gradient of each lane so that its L2 norm is at most `limit`.

        g ← g · min(1, c / ‖g‖)

    gradient: g, (lanes, P), one row of P entries for each run trained together. norm: ‖g‖,
    (lanes, 1). limit: c, a float or (lanes, 1). No eps is added to ‖g‖, so a gradient whose norm is
    at most c is returned bit for bit unchanged.

    Source: Pascanu et al. 2013.
    """
    over = norm > limit
    if not over.any():
        return gradient
    # The inner where replaces a norm of 0, by which limit must not be divided.
    factor = np.where(over, limit / np.where(over, norm, 1), 1)
    clipped: Array = gradient * factor.astype(gradient.dtype, copy=False)
    return clipped


def clip_by_value(gradient: Array, limit: Any) -> Array:
    """Limit each entry of the gradient to the range from −limit to limit.

        gⱼ ← max(−c, min(gⱼ, c))

    gradient: g, (lanes, P), one row of P entries for each run trained together. limit: c, a float
    or (lanes, 1).
    """
    return np.clip(gradient, -limit, limit)
