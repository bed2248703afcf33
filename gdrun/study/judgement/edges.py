"""The edges of a sweep.

A best value is at an edge if it is the smallest or the largest one tried. A better value may then
be beyond the edge. A value is not an edge if the key allows no value beyond it, such as a penalty
of 0 or a batch size of 1. The value 0 is never an edge, because a value with another sign often
means something else.

A random search rarely tries the ends of a range. There a best value is at an edge if it is the
extreme draw and close to the end of the range.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.config.recorded_methods import is_loaded, missing_methods
from gdrun.errors import ConfigError
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate
from gdrun.study.judgement.wider_ranges import TriedRange, spacing_of, wider_draws, wider_grid

FEWEST = 3
"""The fewest values of a key with which an edge is reported: of two, both are at an edge."""

NEAR = 0.1
"""A drawn value is close to an end of its range within this share of the range."""

DROPS = "schedule.drop_every"
"""The key of an interval between drops of the rate; one beyond the budget has no effect."""


@dataclass(frozen=True)
class Edge:
    """An axis whose best value is the smallest or the largest that was tried.

    smallest: True if it is the smallest, False if it is the largest. wider: the values to try next,
    as a text such as log:0.001:1:7, or log:0.001:1 for a range from which values are drawn. They
    contain the range that was tried. The text is empty if no value to try was found. bounded: False
    if the method with this key is of a plugin that is not loaded: its bounds are not known, so that
    no values are proposed.
    """

    axis: Axis
    smallest: bool
    wider: str
    bounded: bool = True


def edges(
    axes: Iterable[Axis],
    best: Candidate,
    tried: Sequence[Candidate],
    tied: Iterable[Candidate] = (),
) -> list[Edge]:
    """The axes on which the best candidate has the lowest or the highest value that was tried.

    Such an edge counts only if at least FEWEST values were tried, and the config key of the axis
    allows values beyond it; the value 0 is never an edge. In a random search, the value must also
    be an end of the list, or close to an end of the range, from which values were drawn. tried: all
    candidates. An axis without numbers has no edge. tied: the candidates that are as good as the
    best one; there is no edge on an axis where one of them has another value.
    """
    shared = [
        axis
        for axis in axes
        if all(each.settings[axis.key] == best.settings[axis.key] for each in tied)
    ]
    config = best.experiment.plain()
    with missing_methods(config):
        found = _edges(shared, best, tried)
    return [
        each if is_loaded(config, each.axis.key) else replace(each, wider="", bounded=False)
        for each in found
    ]


def _edges(axes: Iterable[Axis], best: Candidate, tried: Sequence[Candidate]) -> list[Edge]:
    """The edges for `edges`, where all methods are registered."""
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
            tried_range = _tried_range(axis, best, sorted(values), smallest)
            found.append(Edge(axis, smallest, wider_grid(tried_range, sorted(values))))
    return found


def _tried_range(axis: Axis, best: Candidate, values: Sequence[Any], smallest: bool) -> TriedRange:
    """The range of an axis that was tried.

    values: those of the axis, in ascending order. smallest: whether the best one is at the low end.
    """
    spacing = axis.spacing or spacing_of(values)
    low = next(each for each in values if each != 0) if spacing == "log" else values[0]
    whole = _is_whole(best.experiment, axis.key, best.settings[axis.key], values)
    allows = partial(_is_allowed, best.experiment, axis.key)
    return TriedRange(low, values[-1], spacing, smallest, whole, allows)


def _edge_of_range(axis: Axis, best: Candidate, drawn: Collection[Any]) -> list[Edge]:
    """The edge of a range from which a random search has drawn values; empty if there is none.

    drawn: the values that were tried. There is no edge if the key allows no extension.
    """
    value, ends = best.settings[axis.key], sorted(axis.values)
    scale = math.log if axis.spacing == "log" else float
    place = (scale(value) - scale(ends[0])) / (scale(ends[-1]) - scale(ends[0]))
    smallest = place < 0.5
    if value != (min if smallest else max)(drawn) or min(place, 1 - place) > NEAR:
        return []
    wider = wider_draws(_tried_range(axis, best, ends, smallest))
    return [Edge(axis, smallest, wider)] if wider else []


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


def _is_allowed(experiment: Experiment, key: str, value: Any) -> bool:
    """Whether the experiment is valid with this value of the key."""
    try:
        load(experiment, [Override(key, value, "beyond")])
    except ConfigError:
        return False
    return True
