"""Surfaces: functions f(w) of two weights with known minima, to draw the paths of optimizers.

A surface has examples, so that it can also be used with mini-batches: the loss of example i is
f(w) + ξᵢᵀw, where the noise vectors ξᵢ have the sum zero. So the mean loss over all examples is
exactly f. The gradient of one example is ∇f(w) + ξᵢ, and the noise of the mean gradient over a
batch of B examples is proportional to 1/√B.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.methods.definitions import Count, Definition, NonNegative, Positive, define, options_of
from gdrun.methods.plugin_kinds import KINDS, PluginKind
from gdrun.problems.layout import Layer, ParameterLayout
from gdrun.problems.plugin_checks import surface_fault
from gdrun.problems.rows import Examples
from gdrun.quantities import quantity

Point = tuple[float, float]
Equation = Callable[..., tuple[Any, Any, Any]]
Curvatures = Callable[..., tuple[float, float]]
SuitableRate = Callable[..., float]


@dataclass(frozen=True)
class Surface(Definition):
    """A function of two weights, which returns f, ∂f/∂x and ∂f/∂y.

    start: the default initial weights. minima: every local minimum. quadratic: whether the second
    derivatives are the same everywhere. curvatures: for a convex surface, the smallest and the
    largest curvature of all points, as a function of its options; None if it is not convex.
    suitable_rate: a learning rate with which gradient descent with momentum 0.9 descends from the
    default start, as a function of the options of the surface; None if it is not known.
    """

    start: Point = (0.0, 0.0)
    minima: tuple[Point, ...] = ()
    quadratic: bool = False
    curvatures: Curvatures | None = None
    suitable_rate: SuitableRate | None = None

    def model(self, **options: float) -> SurfaceModel:
        """Return a model whose loss is this surface.

        options: the options of the surface, such as condition for `bowl`.
        """
        return SurfaceModel(self, options)

    def rate_with(self, options: Mapping[str, Any]) -> float | None:
        """Return the suitable rate with these options; None if it is not known or not positive.

        options: the options by name; a name that is no option of the surface is ignored.
        """
        if self.suitable_rate is None:
            return None
        rate = self.suitable_rate(**{name: options[name] for name in self.options})
        return rate if 0 < rate < math.inf else None

    @property
    def facts(self) -> dict[str, str]:
        rate = self.rate_with(self.defaults)
        facts = {
            "Begins at": place_in_words(self.start),
            "Minima": ", ".join(map(place_in_words, self.minima)),
        }
        if rate is not None:
            facts["Rate"] = f"{rate:g} suits this start, without momentum or with momentum 0.9"
        return facts

    def nearest(self, w: Array) -> Point:
        """Return the minimum of the surface that is nearest to the weights w (2,)."""
        return min(self.minima, key=lambda minimum: math.dist(w, minimum))

    def distance(self, w: Array) -> float:
        """Return the distance between the weights w (2,) and the nearest minimum of the surface."""
        return math.dist(w, self.nearest(w))


def place_in_words(place: Sequence[float]) -> str:
    """Return the coordinates of a point as text, with four significant digits.

    >>> place_in_words((-2.805118086952745, 3.0))
    '(-2.805, 3)'
    """
    return f"({', '.join(map(quantity, place))})"


SURFACES: dict[str, Surface] = {}
"""Every surface by name."""


def surface(
    *,
    start: Point,
    minima: tuple[Point, ...],
    quadratic: bool = False,
    curvatures: Curvatures | None = None,
    suitable_rate: SuitableRate | None = None,
) -> Callable[[Equation], Equation]:
    """Register the decorated equation as a surface. The parameters are those of `Surface`."""

    def register(equation: Equation) -> Equation:
        known = define(equation)
        SURFACES[known.name] = Surface(
            known.name,
            known.function,
            known.options,
            known.doc,
            start=start,
            minima=minima,
            quadratic=quadratic,
            curvatures=curvatures,
            suitable_rate=suitable_rate,
        )
        return equation

    return register


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


@surface(
    start=(-1.2, 1.0),
    minima=((1.0, 1.0),),
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


@surface(start=(1.0, 1.0), minima=((3.0, 0.5),), suitable_rate=lambda: 0.005)
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


@surface(start=(1.0, 0.001), minima=((0.0, 1.0), (0.0, -1.0)), suitable_rate=lambda: 0.1)
def saddle(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """A saddle between two valleys: the gradient vanishes at the origin, which is not a minimum.

        f = ½ x² − ½ y² + ¼ y⁴

    x and y are the weights. The curvatures at the origin are 1 and −1; the minima are
    f(0, ±1) = −¼.
    """
    return 0.5 * x * x - 0.5 * y * y + 0.25 * y**4, x, y**3 - y


@surface(start=(2.0, 2.0), minima=((0.0, 0.0),), suitable_rate=lambda width: 0.3 * width * width)
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


KINDS.append(
    PluginKind("surface", SURFACES, lambda each: surface_fault(each, each.start, each.minima))
)


@dataclass(frozen=True)
class SurfaceModel:
    """A surface as a model: the two weights are x and y, the examples are the noise vectors ξ."""

    surface: Surface
    options: dict[str, float]

    @cached_property
    def layout(self) -> ParameterLayout:
        return ParameterLayout((Layer(2, 1, bias=False, scalar=True),))

    @property
    def classifies(self) -> bool:
        return False

    def design(self, X: Examples, wide: Array | None = None) -> Examples:
        return np.ascontiguousarray(X)

    def encode(self, y: Array) -> Array:
        return y

    def scores(self, W: Array, X: Array) -> Array:
        """Return the losses f(w) + ξᵀw of B examples, (..., B, lanes). X (..., B, 2): each ξ."""
        value, _, _ = self.surface.function(W[..., 0], W[..., 1], **self.options)
        scores: Array = X @ W.swapaxes(-1, -2) + value[..., None, :]
        return scores

    def sums(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        rows, noise = X.shape[-2], X.sum(axis=-2)[..., None, :]
        value, *slopes = self.surface.function(W[..., 0], W[..., 1], **self.options)
        gradient = rows * np.stack(slopes, axis=-1) + noise
        return rows * value + np.vecdot(W, np.broadcast_to(noise, W.shape)), gradient

    def tally(self, W: Array, X: Array, y: Array) -> tuple[Array, Array]:
        total, _ = self.sums(W, X, y)
        return total, np.full(W.shape[:-1], np.nan, dtype=W.dtype)


def _common(
    start: tuple[float, ...] | None = None, noise: NonNegative = 0.0, examples: Count = 100
) -> None:
    """Options of every surface: start, the initial weights, and noise and examples.

    noise: the standard deviation of the noise vectors. examples: the number of noise vectors.
    """


COMMON_OPTIONS = options_of(_common)


def noise_vectors(rng: np.random.Generator, examples: int, spread: float) -> Numbers:
    """Return the noise vectors ξ of a surface: (examples, 2).

    They are Gaussian with standard deviation `spread`, shifted so that their sum is zero. examples:
    the number of vectors.
    """
    drawn = rng.normal(0.0, 1.0, (examples, 2))
    centred: Numbers = spread * (drawn - drawn.mean(axis=0))
    return centred
