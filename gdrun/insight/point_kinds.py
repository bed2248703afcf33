"""The kind of point at which a run is: a minimum, a saddle, a plateau, or a slope.

The gradient g and the Hessian H of the objective f at a point give its quadratic model

    f(w + d) ≈ f(w) + gᵀd + ½ dᵀH d

A small gradient does not show that f has stopped falling: along a narrow valley it is small, but
the way is long. So the quadratic model is minimised within a distance from w that is large for the
weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gdrun.array_types import Array, Numbers

SMALL = 1e-3
"""The share of f − f* below which a change of f counts as none, and the share of the largest
curvature below which a negative curvature counts as 0.
"""

MOST_PRODUCTS = 20
"""The most products with the Hessian by which the quadratic model is minimised."""

CLOSE = 1e-3
"""The share of ‖g‖ below which the gradient of the quadratic model counts as 0."""


def possible_decrease(
    gradient: Array, product: Callable[[Numbers], Numbers], reach: float
) -> float:
    """How far the quadratic model gᵀd + ½ dᵀH d of f falls for steps d of length up to `reach`.

    gradient (P,): g. product: the function v → H v, from (P,) to (P,); H is the Hessian. Conjugate
    gradients minimise the model, and end at a direction without positive curvature. In this
    direction only the slope counts, and not a negative curvature: at a saddle, where the gradient
    is 0, the result is 0.

    Source: Steihaug 1983, without the negative curvature.
    """
    d = np.zeros(len(gradient))
    residual = -gradient.astype(np.float64)
    direction = residual.copy()
    size = first = float(residual @ residual)
    total = 0.0
    for _ in range(MOST_PRODUCTS):
        if size <= CLOSE**2 * first:
            break
        image = product(direction)
        curvature = max(float(direction @ image), 0.0)
        longest = max(reach - float(np.linalg.norm(d)), 0.0) / float(np.linalg.norm(direction))
        step = min(size / curvature if curvature else math.inf, longest)
        total += step * size - 0.5 * step**2 * curvature
        if step == longest:
            break
        d += step * direction
        residual -= step * image
        before, size = size, float(residual @ residual)
        direction = residual + (size / before) * direction
    return total


def kind_of(
    excess: float,
    first: float,
    slope: float,
    decrease: float,
    smallest: float,
    largest: float,
    reach: float,
) -> str:
    """The kind of a point: `minimum`, `saddle`, `plateau`, or `slope` if f can still fall.

    excess: how much f can fall at most. first: the same at the start of the run. slope: ‖∇f‖.
    decrease: how far f falls on its quadratic model (see `possible_decrease`). smallest, largest:
    the extreme curvatures. reach: a distance that is large for the weights.

    The first of these rules that applies decides. Plateau: within `reach`, slope and curvature
    change f by less than SMALL · excess. Minimum: the excess is at most SMALL · first. Slope: the
    decrease is above SMALL · first. Saddle: the smallest curvature is negative, and its size is
    above SMALL times the largest absolute curvature. Otherwise the point is a minimum. Scaling f or
    the weights does not change the kind.
    """
    sharpest = max(abs(smallest), abs(largest))
    if excess > 0 and slope * reach + 0.5 * sharpest * reach**2 < SMALL * excess:
        return "plateau"
    if excess <= SMALL * first:
        return "minimum"
    if decrease > SMALL * first:
        return "slope"
    return "saddle" if smallest < -SMALL * sharpest else "minimum"
