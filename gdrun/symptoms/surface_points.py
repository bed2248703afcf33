"""The kind of point at which a run on a surface ended: a saddle point or a plateau."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers
from gdrun.problems.surfaces import SURFACES, place_in_words
from gdrun.quantities import quantity
from gdrun.symptoms.facts import Traced

SMALL = 0.05
"""A fall is small if it is below this share of the height above the minimum."""


@dataclass(frozen=True)
class FlatPoint:
    """A point far above the minimum at which the gradient is almost zero.

    place (2,): the weights. gradient: its norm. saddle: whether a
    negative curvature lets the function fall from there.
    """

    place: Numbers
    gradient: float
    saddle: bool

    @property
    def words(self) -> str:
        kind = "near a saddle point" if self.saddle else "on a plateau"
        norm = quantity(self.gradient, 3)
        return f"{kind} at {place_in_words(self.place.tolist())}, with gradient norm {norm}"


def flat_point(run: Traced) -> FlatPoint | None:
    """The last point on a surface, if it is near a saddle point or on a plateau; else None.

    h is the height above the lowest minimum, and d the distance to the nearest minimum. The point
    is flat if ‖∇f‖ d < h/20, and if h is over 1/10 of the largest possible fall. No point of a
    convex function is flat, because h ≤ ‖∇f‖ d there. A flat point is near a saddle point if its
    smallest curvature λ is so negative that −λ d² > h/20; otherwise it is on a plateau.
    """
    if "surface" not in run.config or not {"x", "y"} <= run.steps.keys():
        return None
    options = dict(run.config["surface"])
    surface = SURFACES[options.pop("name")]
    own = {name: options[name] for name in surface.options if name in options}
    place = np.array([run.steps[name][-1:] for name in ("x", "y")], dtype=float).ravel()
    if len(place) < 2 or not np.isfinite(place).all():
        return None

    def slope(at: Numbers) -> Numbers:
        return np.array(surface.function(*at, **own)[1:], dtype=float)

    height = float(surface.function(*place, **own)[0]) - run.floor
    distance, gradient = surface.distance(place), float(np.linalg.norm(slope(place)))
    if not (height > run.gap / 10 and gradient * distance < SMALL * height):
        return None
    h = 1e-5 * max(distance, 1e-3)
    ends = [(slope(place + step) - slope(place - step)) / (2 * h) for step in h * np.eye(2)]
    smallest = float(np.linalg.eigvalsh((np.array(ends) + np.array(ends).T) / 2)[0])
    return FlatPoint(place, gradient, -smallest * distance**2 > SMALL * height)
