"""A best value at the edge of what was tried: a better one may lie beyond, if anything may.

Zero is as small as a penalty gets and one as small as a batch, so the best of these is no edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.errors import ConfigError
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate

FEWEST = 3
"""Of fewer values every one is at an edge."""

MANY_TIMES = 10
"""Values that reach over so large a factor are spaced evenly in their logarithm."""


@dataclass(frozen=True)
class Edge:
    """An axis whose best value is the smallest or the largest that was tried.

    wider: values to try next, as a sweep takes them, with the best inside; empty where they would
    pass what the key may be.
    """

    axis: Axis
    smallest: bool
    wider: str


def edges(axes: Iterable[Axis], best: Candidate, tried: Sequence[Candidate]) -> list[Edge]:
    """The axes of numbers on which the best candidate lies at an edge with something beyond."""
    found = []
    for axis in axes:
        if not axis.numeric:
            continue
        value, values = best.settings[axis.key], {each.settings[axis.key] for each in tried}
        if len(values) < FEWEST or value not in (min(values), max(values)):
            continue
        smallest = value == min(values)
        whole = not _may_be(best.experiment, axis.key, value + 0.001 * abs(value or 1))
        whole &= all(isinstance(each, int) for each in values)
        if _may_be(best.experiment, axis.key, _next(value, smallest, whole)):
            points = _wider(value, sorted(values), smallest, whole)
            fits = all(_may_be(best.experiment, axis.key, point) for point in points)
            found.append(Edge(axis, smallest, _written(points, len(values)) if fits else ""))
    return found


def _next(value: Any, smallest: bool, whole: bool) -> Any:
    """A value just beyond, on the side of the edge."""
    if whole:
        return value - 1 if smallest else value + 1
    step = 0.5 if smallest else 0.001
    return value - step * abs(value or 1) if smallest else value + step * abs(value or 1)


def _wider(value: Any, values: Sequence[Any], smallest: bool, whole: bool) -> list[Any]:
    """The ends of a wider range, or whole numbers to list."""
    low, high = values[0], values[-1]
    if low > 0 and high / low >= MANY_TIMES:
        powers = (-2, 1) if smallest else (-1, 2)
        points = [value * 10.0**power for power in powers]
        if whole:
            points = [value * 4.0**power for power in range(powers[0], powers[1] + 1)]
    else:
        half = (high - low) / 2
        points = [value - half, value + half]
        if whole:
            points.insert(1, value)
    return sorted({round(point) for point in points}) if whole else points


def _written(points: Sequence[Any], count: int) -> str:
    if all(isinstance(point, int) for point in points):
        return ",".join(map(str, points))
    low, high = points
    spacing = "log" if low > 0 and high / low >= MANY_TIMES else "lin"
    return f"{spacing}:{low:.4g}:{high:.4g}:{count}"


def _may_be(experiment: Experiment, key: str, value: Any) -> bool:
    try:
        load(experiment, [Override(key, value, "beyond")])
    except ConfigError:
        return False
    return True
