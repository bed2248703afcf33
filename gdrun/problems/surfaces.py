"""Surfaces: functions f(w) of two weights with known minima, to draw the paths of optimizers.

A surface has examples, so that it can also be used with mini-batches: the loss of example i is
f(w) + ξᵢᵀw, where the noise vectors ξᵢ have the sum zero. So the mean loss over all examples is
exactly f. The gradient of one example is ∇f(w) + ξᵢ, and the noise of the mean gradient over a
batch of B examples is proportional to 1/√B.
"""

from __future__ import annotations

import math

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.methods.definitions import Count, NonNegative, Positive, options_of
from gdrun.methods.plugin_kinds import KINDS, PluginKind
from gdrun.problems.surface_checks import surface_fault
from gdrun.problems.surface_form import SURFACES as SURFACES
from gdrun.problems.surface_form import Surface as Surface
from gdrun.problems.surface_form import SurfaceModel as SurfaceModel
from gdrun.problems.surface_form import place_in_words as place_in_words
from gdrun.problems.surface_form import surface as surface


def _one_and(condition: float) -> tuple[float, float]:
    return min(1.0, condition), max(1.0, condition)


def _inverse_of_largest(condition: float) -> float:
    return 1 / _one_and(condition)[1]


@surface(
    start=(-4.0, 1.5),
    minima=((0.0, 0.0),),
    quadratic=True,
    curvatures=_one_and,
    suitable_rate=_inverse_of_largest,
)
def bowl(x: Array, y: Array, condition: Positive = 10.0) -> tuple[Array, Array, Array]:
    """A quadratic bowl with a given condition number.

        f = ½ (x² + κ y²)

    x and y are the weights, κ is condition. The curvatures are 1 and κ, so a constant rate is
    stable below 2 / max(1, κ).
    """
    return 0.5 * (x * x + condition * y * y), x, condition * y


def _unbounded(**options: float) -> tuple[float, float]:
    return -math.inf, math.inf


@surface(
    start=(-1.2, 1.0),
    minima=((1.0, 1.0),),
    curvatures=_unbounded,
    suitable_rate=lambda steepness: 0.1 / max(1.0, steepness),
)
def rosenbrock(x: Array, y: Array, steepness: Positive = 100.0) -> tuple[Array, Array, Array]:
    """Rosenbrock's function: a curved valley that is easy to reach, but slow to follow.

        f = (1 − x)² + b (y − x²)²

    x and y are the weights, b is steepness. The minimum is f(1, 1) = 0.

    Source: Rosenbrock 1960.
    """
    across, along = y - x * x, 1 - x
    slope = 2 * steepness * across
    return along * along + steepness * across * across, -2 * along - 2 * x * slope, slope


@surface(
    start=(1.0, 1.0),
    minima=((3.0, 0.5),),
    curvatures=_unbounded,
    suitable_rate=lambda: 0.005,
)
def beale(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Beale's function: flat, with steep walls at the corners.

        f = (1.5 − x + x y)² + (2.25 − x + x y²)² + (2.625 − x + x y³)²

    x and y are the weights. The minimum is f(3, ½) = 0.

    Source: Beale 1958.
    """
    f = fx = fy = 0 * x
    for power, target in ((1, 1.5), (2, 2.25), (3, 2.625)):
        rest = target - x + x * y**power
        f = f + rest * rest
        fx = fx + 2 * rest * (y**power - 1)
        fy = fy + 2 * rest * x * power * y ** (power - 1)
    return f, fx, fy


@surface(
    start=(0.0, 0.0),
    minima=(
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    ),
    curvatures=_unbounded,
    suitable_rate=lambda: 0.01,
)
def himmelblau(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Himmelblau's function: four minima with f = 0; the start decides which one is found.

        f = (x² + y − 11)² + (x + y² − 7)²

    x and y are the weights.

    Source: Himmelblau 1972.
    """
    first, second = x * x + y - 11, x + y * y - 7
    return first * first + second * second, 4 * x * first + 2 * second, 2 * first + 4 * y * second


@surface(
    start=(1.0, 0.001),
    minima=((0.0, 1.0), (0.0, -1.0)),
    curvatures=lambda: (-1.0, math.inf),
    suitable_rate=lambda: 0.1,
)
def saddle(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """A saddle between two valleys: the gradient vanishes at the origin, which is not a minimum.

        f = ½ x² − ½ y² + ¼ y⁴

    x and y are the weights. The curvatures at the origin are 1 and −1; the minima are
    f(0, ±1) = −¼.
    """
    return 0.5 * x * x - 0.5 * y * y + 0.25 * y**4, x, y**3 - y


@surface(
    start=(2.0, 2.0),
    minima=((0.0, 0.0),),
    curvatures=lambda width: (-2 * math.exp(-1.5) / width**2, 1 / width**2),
    suitable_rate=lambda width: 0.3 * width * width,
)
def plateau(x: Array, y: Array, width: Positive = 1.0) -> tuple[Array, Array, Array]:
    """A hole in a plateau: far from the hole the gradient is almost zero.

        f = 1 − e^(−(x² + y²) / (2 s²))

    x and y are the weights. s is width, the distance from the minimum at which f is steepest. The
    minimum is f(0, 0) = 0.
    """
    near = np.exp(-(x * x + y * y) / (2 * width * width))
    return 1 - near, x * near / (width * width), y * near / (width * width)


@surface(
    start=(3.3, 1.0),
    minima=((0.0, 0.0),),
    curvatures=_one_and,
    suitable_rate=_inverse_of_largest,
)
def terrace(x: Array, y: Array, condition: Positive = 25.0) -> tuple[Array, Array, Array]:
    """A convex bowl with a strip, 1 ≤ x ≤ 2, in which the curvature along x is 1.

        f = ½ κ x² − ½ (κ − 1) (max(0, x − 1)² − max(0, x − 2)²) + ½ y²

    x and y are the weights. κ is condition, the curvature along x outside the strip. The gradient
    has no jumps. With κ = 25, heavy ball with its best settings for quadratics does not converge
    from x = 3.3: it cycles.

    Source: Lessard, Recht & Packard 2016, equation 4.11.
    """
    after, beyond = np.maximum(x - 1, 0), np.maximum(x - 2, 0)
    missing = condition - 1
    f = 0.5 * (condition * x * x - missing * (after * after - beyond * beyond) + y * y)
    return f, condition * x - missing * (after - beyond), y


def _common(
    start: tuple[float, ...] | None = None, noise: NonNegative = 0.0, examples: Count = 100
) -> None:
    """Options of every surface: start, the initial weights, and noise and examples.

    noise: the standard deviation of the noise vectors. examples: the number of noise vectors.
    """


COMMON_OPTIONS = options_of(_common)

KINDS.append(PluginKind("surface", SURFACES, surface_fault, "surface", ("name", *COMMON_OPTIONS)))


def noise_vectors(rng: np.random.Generator, examples: int, spread: float) -> Numbers:
    """Return the noise vectors ξ of a surface: (examples, 2).

    They are Gaussian with standard deviation `spread`, shifted so that their sum is zero. examples:
    the number of vectors.
    """
    drawn = rng.normal(0.0, 1.0, (examples, 2))
    centred: Numbers = spread * (drawn - drawn.mean(axis=0))
    return centred
