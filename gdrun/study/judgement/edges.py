"""The edges of a sweep. A best value is at an edge if it is the smallest or the largest one tried.

A better value may then be beyond the edge. The smallest or the largest value that a key allows is
not an edge: a penalty of 0, or a batch size of 1.
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
"""The fewest values of a key with which an edge is reported: of two, both are at an edge."""

MANY_TIMES = 10
"""From this ratio of the largest to the smallest value on, a range is spaced logarithmically."""


@dataclass(frozen=True)
class Edge:
    """An axis whose best value is the smallest or the largest that was tried.

    smallest: True if it is the smallest, False if it is the largest. wider: the values to try next,
    as a text such as log:0.001:1:7, with the best value inside; an empty text if the key does not
    allow the ends of that range.
    """

    axis: Axis
    smallest: bool
    wider: str


def edges(axes: Iterable[Axis], best: Candidate, tried: Sequence[Candidate]) -> list[Edge]:
    """The axes on which the best candidate has the lowest or the highest value that was tried.

    Such an edge counts only if the config key of the axis allows values beyond it. tried: all
    candidates. An axis without numbers has no edge.
    """
    found = []
    for axis in axes:
        if not axis.numeric:
            continue
        value, values = best.settings[axis.key], {each.settings[axis.key] for each in tried}
        if len(values) < FEWEST or value not in (min(values), max(values)):
            continue
        smallest = value == min(values)
        # A key that allows no fraction takes whole numbers only.
        whole = not _is_allowed(best.experiment, axis.key, value + 0.001 * abs(value or 1))
        whole &= all(isinstance(each, int) for each in values)
        if _is_allowed(best.experiment, axis.key, _next(value, smallest, whole)):
            points = _wider(value, sorted(values), smallest, whole)
            fits = all(_is_allowed(best.experiment, axis.key, point) for point in points)
            found.append(Edge(axis, smallest, _written(points, len(values)) if fits else ""))
    return found


def _next(value: Any, smallest: bool, whole: bool) -> Any:
    """A value a little beyond the edge. value: the best value. whole: for keys of whole numbers."""
    if whole:
        return value - 1 if smallest else value + 1
    # Half the value is still positive; a small step upwards is still below an upper bound.
    step = 0.5 if smallest else 0.001
    return value - step * abs(value or 1) if smallest else value + step * abs(value or 1)


def _wider(value: Any, values: Sequence[Any], smallest: bool, whole: bool) -> list[Any]:
    """The two ends of a range that is wider than `values`, or all its values if `whole`.

    value: the best one, which is at an edge. whole: whether the key takes only whole numbers.
    """
    low, high = values[0], values[-1]
    if low > 0 and high / low >= MANY_TIMES:
        powers = (-2, 1) if smallest else (-1, 2)
        points = [value * 10.0**power for power in powers]
        if whole:
            # Swept whole numbers are mostly batch sizes, which are usually powers of two.
            points = [value * 4.0**power for power in range(powers[0], powers[1] + 1)]
    else:
        half = (high - low) / 2
        points = [value - half, value + half]
        if whole:
            points.insert(1, value)
    return sorted({round(point) for point in points}) if whole else points


def _written(points: Sequence[Any], count: int) -> str:
    """The values of an axis as a text: a list of whole numbers, or a range of `count` values."""
    if all(isinstance(point, int) for point in points):
        return ",".join(map(str, points))
    low, high = points
    spacing = "log" if low > 0 and high / low >= MANY_TIMES else "lin"
    return f"{spacing}:{low:.4g}:{high:.4g}:{count}"


def _is_allowed(experiment: Experiment, key: str, value: Any) -> bool:
    """Whether the experiment is valid with this value of the key."""
    try:
        load(experiment, [Override(key, value, "beyond")])
    except ConfigError:
        return False
    return True
