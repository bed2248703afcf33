"""The edges of a sweep.

A best value is at an edge if it is the smallest or the largest one tried. A better value may then
be beyond the edge. A value is not an edge if the key allows no value beyond it, such as a penalty
of 0 or a batch size of 1. The value 0 is never an edge, because a value with another sign often
means something else.

A random search rarely tries the ends of a range. There a best value is at an edge if it is the
extreme draw and close to the end of the range. What to try next contains the whole range.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override, swept_values
from gdrun.config.writing import short_flow
from gdrun.errors import ConfigError
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate

FEWEST = 3
"""The fewest values of a key with which an edge is reported: of two, both are at an edge."""

MANY_TIMES = 10
"""A range whose ends differ by this factor or more is spaced logarithmically."""

EVEN = 1.1
"""Values such as 8, 16, 32 are spaced logarithmically too.

The ratios of neighbours must differ by at most this factor.
"""


NEAR = 0.1
"""A drawn value is close to an end of its range within this share of the range."""

HALVINGS = 6
"""How often the extension of a range is halved, while the key does not allow it."""

DROPS = "schedule.drop_every"
"""The key of an interval between drops of the rate; one beyond the budget has no effect."""


@dataclass(frozen=True)
class Edge:
    """An axis whose best value is the smallest or the largest that was tried.

    smallest: True if it is the smallest, False if it is the largest. wider: the values to try next,
    as a text such as log:0.001:1:7, or log:0.001:1 for a range from which values are drawn. The
    best value is one of them, or in this range. The text is empty if the key does not allow all
    values.
    """

    axis: Axis
    smallest: bool
    wider: str


def edges(axes: Iterable[Axis], best: Candidate, tried: Sequence[Candidate]) -> list[Edge]:
    """The axes on which the best candidate has the lowest or the highest value that was tried.

    Such an edge counts only if at least FEWEST values were tried, and the config key of the axis
    allows values beyond it; the value 0 is never an edge. In a random search, the value must also
    be an end of the list, or close to an end of the range, from which values were drawn. tried: all
    candidates. An axis without numbers has no edge.
    """
    found = []
    for axis in axes:
        if not axis.numeric:
            continue
        value, values = best.settings[axis.key], {each.settings[axis.key] for each in tried}
        if axis.drawn and len(values) >= FEWEST:
            if axis.spacing is not None:
                found += _edge_of_range(axis, best, values)
                continue
            values = set(axis.values)
        if len(values) < FEWEST or value not in (min(values), max(values)):
            continue
        smallest = value == min(values)
        if not smallest and axis.key == DROPS and value >= (_epochs(best.experiment) or math.inf):
            continue
        if value == 0:
            # All values have one sign, as 0 is the smallest or the largest.
            continue
        whole = _is_whole(best.experiment, axis.key, value, values)
        if _is_allowed(best.experiment, axis.key, _next(value, smallest, whole)):
            wider = (_wider_list if whole else _wider_range)(value, sorted(values), smallest)
            points = swept_values(axis.key, wider)
            fits = all(_is_allowed(best.experiment, axis.key, point) for point in points)
            found.append(Edge(axis, smallest, wider if fits else ""))
    return found


def _edge_of_range(axis: Axis, best: Candidate, drawn: Collection[Any]) -> list[Edge]:
    """The edge of a range from which a random search has drawn values; empty if there is none.

    drawn: the values that were tried. The range is extended by ten times its end, or by its own
    width if its spacing is linear; by half of this, by a quarter and so on if the key does not
    allow it. There is no edge if the key allows no extension.
    """
    value, low, high = best.settings[axis.key], min(axis.values), max(axis.values)
    scale = math.log if axis.spacing == "log" else float
    place = (scale(value) - scale(low)) / (scale(high) - scale(low))
    smallest = place < 0.5
    extreme, end = (min(drawn), low) if smallest else (max(drawn), high)
    if value != extreme or min(place, 1 - place) > NEAR:
        return []
    whole = _is_whole(best.experiment, axis.key, value, axis.values)
    for halvings in range(HALVINGS + 1):
        share = (-1 if smallest else 1) * 0.5**halvings
        further = end * MANY_TIMES**share if axis.spacing == "log" else end + share * (high - low)
        further = round(further) if whole else float(f"{further:.4g}")
        if further != end and further * end > 0 and _is_allowed(best.experiment, axis.key, further):
            ends = (further, high) if smallest else (low, further)
            return [Edge(axis, smallest, ":".join([axis.spacing or "", *map(short_flow, ends)]))]
    return []


def _is_whole(experiment: Experiment, key: str, value: Any, values: Iterable[Any]) -> bool:
    """Whether the key allows no fraction, so that only whole numbers can be tried."""
    fraction = _is_allowed(experiment, key, value + 0.001 * abs(value or 1))
    return not fraction and all(isinstance(each, int) for each in values)


def _epochs(experiment: Experiment) -> float | None:
    """The budget of epochs; None without one, or if the schedule counts steps."""
    per_step = experiment.schedule["per"] == "step"
    return None if per_step else experiment.stopping.epochs


def _next(value: Any, smallest: bool, whole: bool) -> Any:
    """A value a little beyond the edge.

    value: the best value. whole: whether the key is for whole numbers only.
    """
    if whole:
        return value - 1 if smallest else value + 1
    # Half the value is still positive; a small step upwards is still below an upper bound.
    step = 0.5 if smallest else 0.001
    return value - step * abs(value or 1) if smallest else value + step * abs(value or 1)


def _wider_list(value: int, values: Sequence[int], smallest: bool) -> str:
    """Whole numbers around the best one and beyond the edge, as a text such as 32,128,512.

    value: the best one, which is at an edge of `values`.
    """
    ratio = _ratio(values)
    if ratio is not None:
        powers = range(-2, 2) if smallest else range(-1, 3)
        points = [round(value * ratio**power) for power in powers]
    else:
        half = _half(value, values)
        points = [round(value - half), value, round(value + half)]
    # Rounding may reach 0.
    kept = {point for point in points if point * value > 0}
    return ",".join(map(str, sorted(kept)))


def _wider_range(value: float, values: Sequence[float], smallest: bool) -> str:
    """A range around the best value and beyond the edge, as a text such as log:0.01:10:4.

    value: the best one, which is at an edge of `values` and is one of the values of the range.
    """
    positive = [each for each in values if each > 0] if values[0] == 0 else values
    low, high, count = positive[0], positive[-1], len(values)
    odd = count + 1 - count % 2  # so that the best value is in the middle
    if low > 0 and high / low >= MANY_TIMES:
        powers = (-2, 1) if smallest else (-1, 2)
        start, stop = (value * 10.0**power for power in powers)
        # The best value is one third of the way from an end.
        return _range("log", start, stop, count + -(count - 1) % 3)
    if low > 0 and (_ratio(values) is not None or (smallest and value <= (high - low) / 2)):
        ratio = high / low
        return _range("log", value / ratio, value * ratio, odd)
    half = _half(value, values)
    return _range("lin", value - half, value + half, odd)


def _range(spacing: str, start: float, stop: float, count: int) -> str:
    """A range as a text such as lin:0.1:0.3:5.

    Its ends have four digits, or as many as move them by less than a tenth of the distance of two
    values. Otherwise the values of a narrow range would be equal.
    """
    most = 0.1 * (stop - start) / count
    for digits in range(4, 18):
        ends = [f"{end:.{digits}g}" for end in (start, stop)]
        if abs(float(ends[0]) - start) <= most and abs(float(ends[1]) - stop) <= most:
            break
    return ":".join([spacing, *ends, str(count)])


def _ratio(values: Sequence[float]) -> float | None:
    """The mean ratio of neighbours if the values are spaced logarithmically; None if they are not.

    A zero before positive values is left out, as in a list of penalties.
    """
    listed = np.array([each for each in values if each != 0], dtype=float)
    if len(listed) < 2 or listed[0] < 0:
        return None
    ratios, steps = listed[1:] / listed[:-1], np.diff(listed)
    spread = ratios.max() / ratios.min()
    even = spread <= EVEN and spread < steps.max() / steps.min()
    if listed[-1] < MANY_TIMES * listed[0] and not even:
        return None
    return float((listed[-1] / listed[0]) ** (1 / len(ratios)))


def _half(value: float, values: Sequence[float]) -> float:
    """Half the width of the range of the values; at most |value| / 2 if all have the same sign."""
    low, high = values[0], values[-1]
    half = (high - low) / 2
    return half if low < 0 < high else min(half, abs(value) / 2)


def _is_allowed(experiment: Experiment, key: str, value: Any) -> bool:
    """Whether the experiment is valid with this value of the key."""
    try:
        load(experiment, [Override(key, value, "beyond")])
    except ConfigError:
        return False
    return True
