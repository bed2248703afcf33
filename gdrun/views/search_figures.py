"""The data of the figure of a random search over two keys: a point for each setting."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.array_types import Numbers
from gdrun.errors import GdrunError
from gdrun.study.design.axes import Axis
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.curves import is_logarithmic
from gdrun.views.study_figures import AXIS_WORDS
from gdrun.views.study_notes import why_chosen
from gdrun.views.titles import study_title


@dataclass(frozen=True)
class Scatter:
    """n settings of a sweep as points in the plane of two keys, coloured by the metric.

    x, y (n,): the values of the two keys. values (n,): the median metric; not finite if too many
    runs diverged or none ended. log_x, log_y, log: whether the axes and the colours are
    logarithmic. best: the index of the chosen setting; None without one. why: why another one is
    not chosen although its value is better; empty if there is none.
    """

    title: str
    x_label: str
    y_label: str
    value_label: str
    x: Numbers
    y: Numbers
    values: Numbers
    log_x: bool
    log_y: bool
    log: bool
    best: int | None
    why: str


def search_scatter(found: Sweep) -> Scatter:
    """The settings of a sweep over two keys. Raises GdrunError unless it has two numeric keys."""
    if len(found.axes) != 2 or not all(axis.numeric for axis in found.axes):
        what = "a scatter needs a sweep over two keys with numbers"
        raise GdrunError(what, hint="`gdrun report` shows a sweep over any number of keys")
    x, y = (found.values(axis.key).astype(float) for axis in found.axes)
    names = [standing.name for standing in found.standings]
    log_x, log_y = map(_is_logarithmic, found.axes, (x, y))
    across, up = (AXIS_WORDS.get(axis.leaf, axis.leaf) for axis in found.axes)
    return Scatter(
        study_title(found),
        across,
        up,
        found.metric.words,
        x,
        y,
        found.medians,
        log_x,
        log_y,
        is_logarithmic(found.medians),
        None if found.best is None else names.index(found.best.name),
        why_chosen(found),
    )


def _is_logarithmic(axis: Axis, values: Numbers) -> bool:
    """Whether the values of a key have a logarithmic axis: as their range, if they have one."""
    return is_logarithmic(values) if axis.spacing is None else axis.spacing == "log"
