"""The curvatures of a surface: the eigenvalues of its Hessian, by differences of its slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers

Equation = Callable[..., tuple[Any, Any, Any]]
Point = tuple[float, float]

TOLERANCE = 1e-5
"""The largest error of a curvature, as a share of the largest one, and at least of 1."""

_POINTS = 200
_STEP = 1e-5


def curvatures_at(
    equation: Equation, points: Array, options: Mapping[str, Any], step: float = _STEP
) -> Numbers:
    """Return the smaller and the larger curvature of a surface at n points, (n, 2).

    The second derivatives are central differences of the slopes that the equation returns. points
    (n, 2): x and y of each. options: the options of the surface. step: the slopes are computed at
    x ± step · max(1, |x|), and likewise for y; for a quadratic every step gives the exact result.
    """
    x, y = (np.ascontiguousarray(column, dtype=np.float64) for column in np.transpose(points))
    step_x, step_y = (step * np.maximum(1, np.abs(column)) for column in (x, y))

    def second(along_x: Array, along_y: Array, length: Array) -> list[Array]:
        """The derivatives of both slopes in one direction.

        along_x, along_y: the step in x and in y; one of them is 0. length: the other.
        """
        _, *after = equation(x + along_x, y + along_y, **options)
        _, *before = equation(x - along_x, y - along_y, **options)
        return [(up - down) / (2 * length) for up, down in zip(after, before, strict=True)]

    xx, xy = second(step_x, 0 * y, step_x)
    yx, yy = second(0 * x, step_y, step_y)
    mean, across, mixed = (xx + yy) / 2, (xx - yy) / 2, (xy + yx) / 2
    root = np.hypot(across, mixed)
    return np.stack([mean - root, mean + root], axis=-1)


@dataclass(frozen=True)
class CurvatureSample:
    """The curvatures of a surface at some points near its start and its minima.

    points (n, 2): x and y of each. curvatures (n, 2): the smaller and the larger one at each.
    """

    points: Numbers
    curvatures: Numbers

    def __len__(self) -> int:
        return len(self.points)

    @property
    def margins(self) -> Numbers:
        """The error that the curvatures at each point may have, (n,)."""
        margins: Numbers = TOLERANCE * np.maximum(1, np.abs(self.curvatures).max(axis=-1))
        return margins

    def below(self, bound: float) -> int | None:
        """The index of the first point with a curvature below `bound`; None if there is none.

        The difference must be more than the error of the curvature.
        """
        return _first(self.curvatures[:, 0] < bound - self.margins)

    def above(self, bound: float) -> int | None:
        """The index of the first point with a curvature above `bound`; None if there is none.

        The difference must be more than the error of the curvature.
        """
        return _first(self.curvatures[:, 1] > bound + self.margins)

    @property
    def other(self) -> int | None:
        """The index of the first point whose curvatures differ from those at index 0; or None."""
        far = np.abs(self.curvatures - self.curvatures[:1]).max(axis=-1)
        return _first(far > 2 * self.margins)

    @property
    def constant(self) -> bool:
        """Whether the curvatures are the same at all points."""
        return len(self) > 0 and self.other is None

    def place(self, at: int) -> Point:
        """The point with this index."""
        x, y = self.points[at].tolist()
        return x, y


def sampled_curvatures(
    equation: Equation, start: Point, minima: Sequence[Point], options: Mapping[str, Any]
) -> CurvatureSample:
    """Return the curvatures at the start, at the minima, and at random points near them.

    The points nearest to the start come first. Random coordinates have two decimals, so that a
    point can be named. Points at which a curvature is not finite are left out. options: the options
    of the surface.
    """
    places = np.array([start, *minima], dtype=np.float64)
    reach = max(1.0, float(np.ptp(places, axis=0).max()))
    random = np.random.default_rng(0)
    chosen = places[random.integers(len(places), size=_POINTS)]
    near = np.round(chosen + reach * random.normal(size=chosen.shape), 2)
    points = np.concatenate([places, near])
    points = points[np.argsort(np.linalg.norm(points - places[0], axis=-1), kind="stable")]
    with np.errstate(all="ignore"):
        curvatures = curvatures_at(equation, points, options)
    finite = np.isfinite(curvatures).all(axis=-1)
    return CurvatureSample(points[finite], curvatures[finite])


def _first(found: Array) -> int | None:
    """The first index whose value is True; None if there is none."""
    return int(np.argmax(found)) if found.any() else None
