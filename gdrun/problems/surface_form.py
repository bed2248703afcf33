"""The form of a surface: its equation with what is declared of it, and the model that it makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.definitions import Definition, define
from gdrun.problems.layout import Layer, ParameterLayout
from gdrun.problems.rows import Examples
from gdrun.problems.surface_curvature import (
    TOLERANCE,
    CurvatureSample,
    Equation,
    Point,
    curvatures_at,
    sampled_curvatures,
)
from gdrun.quantities import quantity

Curvatures = Callable[..., tuple[float, float]]
SuitableRate = Callable[..., float]


@dataclass(frozen=True)
class Surface(Definition):
    """A function of two weights, which returns f, ∂f/∂x and ∂f/∂y.

    start: the default initial weights. minima: every local minimum. quadratic: whether the second
    derivatives are the same everywhere. curvatures: a function of the options that returns the
    smallest and the largest curvature of all points, −∞ or ∞ without a bound; None if they are not
    declared. convex: whether the surface is convex with all options; None if it is not declared,
    or follows from `quadratic` or `curvatures`. suitable_rate: a learning rate with which gradient
    descent with momentum 0.9 descends from the default start, as a function of the options of the
    surface; None if it is not known.
    """

    start: Point = (0.0, 0.0)
    minima: tuple[Point, ...] = ()
    quadratic: bool = False
    curvatures: Curvatures | None = None
    convex: bool | None = None
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

    def curvature_range(self, options: Mapping[str, Any]) -> tuple[float, float] | None:
        """Return the smallest and the largest curvature of all points; None if they are not known.

        The curvatures of a quadratic need no declaration. options: every option by name.
        """
        if self.curvatures is not None:
            return self.curvatures(**options)
        if not self.quadratic:
            return None
        smallest, largest = curvatures_at(
            self.function, np.array(self.minima[:1]), options, step=1.0
        )[0].tolist()
        return smallest, largest

    def is_convex(self, options: Mapping[str, Any]) -> bool | None:
        """Return whether the surface is convex; None if nothing that is declared says it.

        options: every option by name.
        """
        known = self.curvature_range(options)
        return self.convex if known is None else known[0] >= 0

    def smooth_convex(self, options: Mapping[str, Any]) -> tuple[float, float] | None:
        """Return μ and L of a convex surface; None if it is not convex, or L is not known.

        options: every option by name.
        """
        known = self.curvature_range(options)
        return known if known is not None and known[0] >= 0 and known[1] < math.inf else None

    def is_steepest_at_minimum(self, options: Mapping[str, Any]) -> bool:
        """Return whether the surface is convex, and its largest curvature is that at a minimum.

        options: every option by name.
        """
        known = self.smooth_convex(options)
        if known is None:
            return False
        at = curvatures_at(self.function, np.array(self.minima), options)
        return bool(at[:, 1].max() >= known[1] * (1 - TOLERANCE))

    def sampled_curvatures(self, options: Mapping[str, Any]) -> CurvatureSample:
        """Return the curvatures at points near the start and the minima.

        options: every option by name.
        """
        return sampled_curvatures(self.function, self.start, self.minima, options)

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
    convex: bool | None = None,
    suitable_rate: SuitableRate | None = None,
) -> Callable[[Equation], Equation]:
    """Register the decorated equation as a surface. The parameters are those of `Surface`.

    No option may be called name, start, noise or examples: every surface has these keys already.
    """

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
            convex=convex,
            suitable_rate=suitable_rate,
        )
        return equation

    return register


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
