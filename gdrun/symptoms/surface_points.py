"""The kind of point at which a run on a surface ended: a saddle point or a plateau."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.methods.plugins import entry_of
from gdrun.problems.surfaces import SURFACES, Surface, place_in_words
from gdrun.quantities import quantity
from gdrun.symptoms.facts import Traced

SMALL = 0.05
"""A fall is small if it is below this share of the height above the minimum, and a curvature is
small if it is below this share of the largest one.
"""

NEAR = 0.25
"""A critical point is near if it is within this share of the distance to the minimum."""

MOST_STEPS = 20
"""The most steps of Newton's method, which needs about five near a critical point."""

CLOSE = 1e-8
"""Newton's method ends when its step is at most this share of the distance to the minimum."""

Slope = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class FlatPoint:
    """A point far above the minimum at which the gradient is almost zero.

    place (2,): the weights. gradient: the norm of the gradient there. saddle (2,): the saddle point
    that is near; None on a plateau.
    """

    place: Numbers
    gradient: float
    saddle: Numbers | None

    @property
    def kind(self) -> str:
        """The kind of the point: saddle or plateau."""
        return "plateau" if self.saddle is None else "saddle"

    @property
    def words(self) -> str:
        kind = "on a plateau" if self.saddle is None else "near a saddle point"
        norm = quantity(self.gradient, 3)
        return f"{kind} at {place_in_words(self.place.tolist())}, with gradient norm {norm}"


def flat_point(run: Traced) -> FlatPoint | None:
    """The last point of a run on a surface, if it is near a saddle point or on a plateau."""
    if "surface" not in run.config or not {"x", "y"} <= run.steps.keys():
        return None
    place = _last_place(run)
    return (
        None if place is None else flat_point_at(place, run.config["surface"], run.floor, run.gap)
    )


def on_slope(run: Traced) -> bool:
    """Whether the gradient at the last point of a run on a surface is no smaller than on a slope.

    On a straight slope to the nearest minimum ‖∇f‖ d = h, see `flat_point_at`.
    """
    place = _last_place(run) if "surface" in run.config else None
    if place is None:
        return False
    surface, slope = _slope_of(run.config["surface"])
    gradient = float(np.linalg.norm(slope(place)))
    return gradient * surface.distance(place) >= run.end - run.floor


def nearest_saddle(run: Traced) -> tuple[Numbers, float] | None:
    """The saddle point (2,) near the end of a run on a surface, and its distance; else None."""
    place = _last_place(run) if "surface" in run.config else None
    if place is None:
        return None
    surface, slope = _slope_of(run.config["surface"])
    saddle = _saddle_near(place, slope, surface.distance(place))
    return None if saddle is None else (saddle, float(np.linalg.norm(saddle - place)))


def _last_place(run: Traced) -> Numbers | None:
    """The last weights (2,) of a run on a surface; None if they are not known or not finite."""
    place = np.array([run.steps.get(name, ())[-1:] for name in ("x", "y")], dtype=float).ravel()
    return place if len(place) == 2 and np.isfinite(place).all() else None


def _slope_of(section: Mapping[str, Any]) -> tuple[Surface, Slope]:
    """The surface of a section of a config, and its gradient (2,) as a function of a point."""
    surface = entry_of(SURFACES, section["name"])
    own = {name: section[name] for name in surface.options if name in section}
    return surface, lambda at: np.array(surface.function(*at, **own)[1:], dtype=float)


def flat_point_at(
    place: Numbers, section: Mapping[str, Any], lowest: float, fall: float
) -> FlatPoint | None:
    """The point `place` (2,) of a surface, if it is near a saddle point or on a plateau; else None.

    section: the section `surface` of a config. lowest: f at the lowest minimum. fall: the largest
    possible fall, which is f at the start minus `lowest`.

    h is the height above the lowest minimum, and d the distance to the nearest minimum. The point
    is flat if ‖∇f‖ d < h/20, and if h is over 1/10 of the largest possible fall. No point of a
    convex function is flat, because h ≤ ‖∇f‖ d there. A flat point is near a saddle point if
    Newton's method converges from it to a point within d/4 at which the smallest curvature is
    negative, and not small next to the largest. Otherwise it is on a plateau: there the gradient
    fades without becoming zero, so that Newton's method does not converge.
    """
    surface, slope = _slope_of(section)
    own = {name: section[name] for name in surface.options if name in section}
    height = float(surface.function(*place, **own)[0]) - lowest
    distance, gradient = surface.distance(place), float(np.linalg.norm(slope(place)))
    if not (height > fall / 10 and gradient * distance < SMALL * height):
        return None
    return FlatPoint(place, gradient, _saddle_near(place, slope, distance))


def curvature_at_minima(section: Mapping[str, Any]) -> float | None:
    """The largest curvature of a surface at any of its minima; None at a kink.

    section: the section `surface` of a config. At a kink the slope jumps, so that a difference of
    gradients depends on its step.
    """
    surface, slope = _slope_of(section)
    found = []
    for minimum in surface.minima:
        at = np.array(minimum, dtype=float)
        wide, narrow = (np.linalg.eigvalsh(_hessian(at, slope, h))[-1] for h in (1e-4, 1e-5))
        if not abs(wide - narrow) <= SMALL * abs(narrow):
            return None
        found.append(float(narrow))
    return max(found)


def _saddle_near(place: Numbers, slope: Slope, distance: float) -> Numbers | None:
    """The saddle point (2,) to which Newton's method converges; None if there is none near.

    distance: from the place to the nearest minimum.
    """
    at = place
    for _ in range(MOST_STEPS):
        hessian = _hessian(at, slope, 1e-5 * max(distance, 1e-3))
        try:
            step = np.linalg.solve(hessian, slope(at))
        except np.linalg.LinAlgError:
            return None
        at = at - step
        if not np.linalg.norm(at - place) <= NEAR * distance:
            return None
        if np.linalg.norm(step) <= CLOSE * distance:
            curvatures = np.linalg.eigvalsh(hessian)
            return at if curvatures[0] < -SMALL * abs(curvatures).max() else None
    return None


def _hessian(at: Numbers, slope: Slope, h: float) -> Numbers:
    """The Hessian (2, 2) at a point, by central differences of the gradient with the step h."""
    rows = np.array([(slope(at + step) - slope(at - step)) / (2 * h) for step in h * np.eye(2)])
    symmetric: Numbers = (rows + rows.T) / 2
    return symmetric
