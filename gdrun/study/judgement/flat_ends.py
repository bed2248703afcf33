"""Whether all good settings of a sweep end at the same saddle point, or all on a plateau."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gdrun.runs.judged import judged
from gdrun.study.judgement.ranking import Standing
from gdrun.study.storage.results import Result
from gdrun.symptoms.surface_points import FlatPoint, flat_point

NEAR = 1e-6
"""The largest distance between the saddle points of two runs that are the same point."""


def common_flat_end(good: Iterable[Standing]) -> FlatPoint | None:
    """The flat point at which all these settings end, each with its first seed.

    good: the settings that improved the metric about as much as the best one. Returns None if they
    end at different points, or one of them does not end at a flat point.
    """
    ends = [_end(standing, standing.results[0]) for standing in good]
    if not ends:
        return None
    first = ends[0]
    return first if first is not None and all(_same(first, end) for end in ends) else None


def _end(standing: Standing, result: Result) -> FlatPoint | None:
    config = standing.candidate.experiment.plain()
    if "surface" not in config or result.diverged:
        return None
    return flat_point(judged(result.record, config, result.steps, result.evals))


def _same(one: FlatPoint, other: FlatPoint | None) -> bool:
    """Whether two points are near the same saddle point, or both on a plateau."""
    if other is None or one.saddle is None or other.saddle is None:
        return other is not None and one.saddle is other.saddle is None
    return bool(np.linalg.norm(one.saddle - other.saddle) < NEAR)
