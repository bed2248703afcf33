"""Checks of a loss from a plugin, and of every equation: its form and its slopes.

A kink is no fault: central differences are compared at random points, and no kink is at one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.definitions import Definition
from gdrun.methods.plugin_checks import Fault, changed_inputs, documentation_faults
from gdrun.quantities import contrasted, quantity

Equation = Callable[..., tuple[Array, ...]]

POINTS = 200
_STEP = 1e-6
TOLERANCE = 1e-5
"""The largest difference between a slope and the quotient, divided by 1 and the largest slope."""

_ELEMENTWISE = "use elementwise expressions only, such as np.where(…) instead of if"


def loss_fault(
    loss: Definition, equation: Equation, convex: bool, largest: float | None
) -> Fault | None:
    """The first fault of a loss from a plugin, or None. An exception of the loss is not caught.

    equation: the loss of one score for each example. convex: whether it is declared as convex.
    largest: the largest curvature that is declared, with the default options; None without one.
    """
    random = np.random.default_rng(0)
    given = dict(zip("sy", 2 * random.normal(size=(2, POINTS)), strict=True))
    faults = chain(
        equation_faults(equation, given, {"s": "dℓ/ds"}, "ℓ"),
        _below_zero(equation, given),
        _wrong_curvature(equation, given, convex, largest),
        documentation_faults(loss),
    )
    with np.errstate(all="ignore"):
        return next(faults, None)


def equation_faults(
    equation: Equation, given: Mapping[str, Array], slopes: Mapping[str, str], value: str
) -> Iterator[Fault]:
    """Yield the faults in form and in the slopes of an equation of elementwise inputs.

    given: its inputs by name, (points,) each. slopes: what it returns after the value: the name of
    the slope by the input that it belongs to. value: the name of the value.
    """
    names = [value, *slopes.values()]
    inputs, form = list(given.values()), f"return {', '.join(names)}"
    before = {name: array.copy() for name, array in given.items()}
    returned = equation(*inputs)
    yield from changed_inputs(given, before)
    if not isinstance(returned, tuple) or len(returned) != len(names):
        counted = f"{len(returned)} values" if isinstance(returned, tuple) else "one value"
        yield f"returns {counted}, but must return {len(names)} values", form
    for name, array in zip(names, returned, strict=True):
        if np.shape(array) != (POINTS,):
            yield f"returns {name} with shape {np.shape(array)}, not that of its inputs", form
        if not np.isfinite(array).all():
            place = place_words(given, int(np.argmin(np.isfinite(array))))
            yield f"returns {array[~np.isfinite(array)][0]:g} for {name} at {place}", _DEFINED
    alone = equation(*(array[:1] for array in inputs))
    if not all(np.allclose(one, all_[:1]) for one, all_ in zip(alone, returned, strict=True)):
        yield "is not elementwise: its result at one point depends on the others", _ELEMENTWISE
    yield from _wrong_slopes(equation, given, slopes, returned, value)


_DEFINED = "avoid a division by 0, an overflow, and the root or logarithm of a negative number"


def _wrong_slopes(
    equation: Equation,
    given: Mapping[str, Array],
    slopes: Mapping[str, str],
    returned: Sequence[Array],
    value: str,
) -> Iterator[Fault]:
    """Yield a fault for each slope that differs from the central difference of the values."""
    for own, (name, slope) in zip(returned[1:], slopes.items(), strict=True):
        above, below = (
            equation(*{**given, name: given[name] + step}.values())[0] for step in (_STEP, -_STEP)
        )
        quotient = (above - below) / (2 * _STEP)
        far = np.abs(own - quotient) / np.maximum(1, np.abs(quotient))
        # Rounding of a large value is divided by the step.
        rounding = 1e-15 * np.abs(above) / _STEP
        at = int(np.argmax(far - rounding))
        if far[at] > TOLERANCE + rounding[at]:
            returned_slope, measured = contrasted(own[at], quotient[at])
            what = (
                f"returns {slope} = {returned_slope} at {place_words(given, at)}, but {value} has "
                f"the slope {measured} there, by central differences: a relative difference of "
                f"{quantity(_relative_difference(own[at], quotient[at]), 2)}"
            )
            yield what, f"correct the equation of {slope}, or that of {value}"


def _relative_difference(one: float, other: float) -> float:
    """|a − b| / max(|a|, |b|) of two numbers of which at least one is not 0."""
    return abs(one - other) / max(abs(one), abs(other))


def _below_zero(equation: Equation, given: Mapping[str, Array]) -> Iterator[Fault]:
    """Yield a fault for a negative loss: 0 is the bound from which symptoms are judged."""
    values, _ = equation(*given.values())
    if (lowest := float(np.min(values))) < 0:
        place = place_words(given, int(np.argmin(values)))
        yield f"is {quantity(lowest)} at {place}", "add a constant, so that no loss is below 0"


def _wrong_curvature(
    equation: Equation, given: Mapping[str, Array], convex: bool, largest: float | None
) -> Iterator[Fault]:
    """Yield a fault if the slope of a loss falls or rises more than its declaration allows."""
    after, before = (equation(given["s"] + step, given["y"])[1] for step in (_STEP, -_STEP))
    curvature = (after - before) / (2 * _STEP)
    low, high = int(np.argmin(curvature)), int(np.argmax(curvature))
    if convex and curvature[low] < -TOLERANCE:
        place = place_words(given, low)
        what = f"is not convex: its curvature is {quantity(curvature[low])} at {place}"
        yield what, "declare it: @loss(convex=False)"
    if largest is not None and curvature[high] > largest + TOLERANCE * max(1, abs(largest)):
        found, returned = contrasted(curvature[high], largest)
        what = (
            f"has the curvature {found} at {place_words(given, high)}, but `curvature` returns "
            f"{returned}"
        )
        yield what, "return the largest second derivative, or leave `curvature` out"


def place_words(given: Mapping[str, Array], at: int) -> str:
    """The inputs with the index `at` as text, such as `x = 1, y = 2`."""
    return ", ".join(f"{name} = {quantity(array[at])}" for name, array in given.items())
