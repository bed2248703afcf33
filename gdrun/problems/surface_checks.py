"""Checks of a surface from a plugin: its form, its slopes, its minima and its curvature."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from gdrun.methods.plugin_checks import Fault, documentation_faults
from gdrun.problems.plugin_checks import POINTS, TOLERANCE, equation_faults
from gdrun.problems.surface_curvature import CurvatureSample, curvatures_at
from gdrun.problems.surface_form import Surface, place_in_words
from gdrun.quantities import quantity, telling_digits


def surface_fault(surface: Surface) -> Fault | None:
    """The first fault of a surface from a plugin, or None. An exception of it is not caught."""
    random = np.random.default_rng(0)
    near = np.array(surface.start)[:, None] + random.normal(size=(2, POINTS))
    given = dict(zip("xy", near, strict=True))
    faults = chain(
        equation_faults(surface.function, given, {"x": "∂f/∂x", "y": "∂f/∂y"}, "f"),
        _wrong_minima(surface),
        _wrong_curvature(surface),
        documentation_faults(surface),
    )
    with np.errstate(all="ignore"):
        return next(faults, None)


def _wrong_minima(surface: Surface) -> Iterator[Fault]:
    """Yield a fault for a minimum where the gradient is not 0, or a curvature is negative."""
    for x, y in surface.minima:
        _, *slopes = surface.function(np.array([x]), np.array([y]))
        length = float(np.hypot(*map(np.ravel, slopes))[0])
        if not length < TOLERANCE:
            what = f"has a gradient of length {quantity(length)} at its minimum ({x:g}, {y:g})"
            yield what, "correct `minima`"
        place = np.array([[x, y]])
        found = CurvatureSample(place, curvatures_at(surface.function, place, surface.defaults))
        if found.below(0) is not None:
            lowest = quantity(float(found.curvatures[0, 0]))
            what = f"has the curvature {lowest} at its minimum ({x:g}, {y:g})"
            yield what, "correct `minima`: this point is a saddle point or a maximum"


def _wrong_curvature(surface: Surface) -> Iterator[Fault]:
    """Yield a fault if the surface is not what `quadratic`, `convex` or `curvatures` declares."""
    found = surface.sampled_curvatures(surface.defaults)
    if surface.quadratic and (other := found.other) is not None:
        first, second = found.curvatures[[0, other]]
        far = int(np.argmax(np.abs(first - second)))
        digits = telling_digits((first[far], second[far]))
        first_words, second_words = (_at(found, at, digits) for at in (0, other))
        what = f"is not quadratic: its curvatures are {first_words}, but {second_words}"
        yield what, "leave `quadratic` out"
    if surface.convex and (low := found.below(0)) is not None:
        what = f"is not convex: its curvatures are {_at(found, low)}"
        yield what, "declare convex=False, or leave `convex` out"
    known = surface.curvature_range(surface.defaults)
    if known is None:
        return
    for end, at in enumerate((found.below(known[0]), found.above(known[1]))):
        if at is not None:
            digits = telling_digits((found.curvatures[at, end], known[end]))
            what = f"has the curvatures {_at(found, at, digits)}, but `curvatures` returns "
            what += " and ".join(quantity(each, digits) for each in known)
            yield what, "return the smallest and the largest second derivative, or leave it out"
    if surface.convex is not None and surface.convex != (known[0] >= 0):
        what = f"is declared with convex={surface.convex}, but its smallest curvature is "
        yield what + quantity(known[0]), "correct `convex`, or leave it out"


def _at(found: CurvatureSample, at: int, digits: int = 4) -> str:
    """The curvatures at a point, as text. digits: the significant digits of each."""
    low, high = (quantity(each, digits) for each in found.curvatures[at].tolist())
    return f"{low} and {high} at {place_in_words(found.place(at))}"
