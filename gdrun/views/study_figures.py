"""The data of the figures of studies: a sweep over rates, over two keys, and a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.errors import GdrunError
from gdrun.methods.stopping import position
from gdrun.study.design.axes import Axis
from gdrun.study.judgement.comparison_findings import Comparison, Contender
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.curves import (
    X_AXES,
    Chart,
    Curve,
    diverged_of,
    explained,
    is_logarithmic,
    median_curve,
    needs_log,
)
from gdrun.views.numbers import quantity
from gdrun.views.study_curves import untimed, with_seconds
from gdrun.views.study_notes import why_chosen
from gdrun.views.titles import study_title

NO_VALUE = "diverged, or no value"
"""What a cell of a heat map without a finite number is."""

AXIS_WORDS = {"lr": "learning rate"}
"""The labels of axes by the names of keys; for other keys the label is the name."""

NOT_TRIED = "not tried"
"""What a cell of a heat map is if no run has its values, as in a random search."""

NOT_ENDED = "no run has ended"
"""What a cell of a heat map is if all its runs are missing, because the sweep was interrupted."""


@dataclass(frozen=True)
class Sensitivity:
    """The metric of a sweep against one numeric key.

    chart: its only curve is the median over the seeds, with the quartiles as its band; ∞ where at
    least half of the runs diverged. Its limit is the predicted stability limit of the rate. words:
    the verdict on each value, in the order of the curve.
    """

    chart: Chart
    words: tuple[str, ...]

    @property
    def curve(self) -> Curve:
        return self.chart.curves[0]


@dataclass(frozen=True)
class HeatMap:
    """A table of numbers (rows, columns) with names for its rows and columns.

    log: whether the colours are logarithmic. limits: the values of the darkest and the lightest
    colour; None for the smallest and the largest value. marked: the row and column of the chosen
    setting, which usually has the best value. why: why another one is not chosen although its value
    is better; empty if there is none. texts: the texts in the cells; empty for none. untried:
    which cells have no run; None if all have one. blank: what such cells are.
    """

    title: str
    x_label: str
    y_label: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    values: Numbers
    value_label: str
    log: bool = False
    marked: tuple[int, int] | None = None
    texts: tuple[tuple[str, ...], ...] = ()
    limits: tuple[float, float] | None = None
    why: str = ""
    untried: Flags | None = None
    blank: str = NOT_TRIED

    @property
    def marks(self) -> tuple[Flags, Flags]:
        """Which cells have a run but no finite number, and which have no run."""
        untried = np.zeros(self.values.shape, bool) if self.untried is None else self.untried
        return ~np.isfinite(self.values) & ~untried, untried


def why_no_picture(found: Sweep, kind: str | None = None) -> str | None:
    """Why no sensitivity curve, heat map or scatter shows a sweep; None if one of them does.

    kind: the name of the one that the user named; None for any of them.
    """
    if len(found.axes) > 2:
        return f"no picture shows a sweep over {len(found.axes)} keys"
    if len(found.axes) == 1:
        axis = found.axes[0]
        return None if axis.numeric else f"no picture shows {axis.leaf}, which has no numbers"
    if is_sparse(found):
        if kind == "sensitivity":
            return "the sensitivity curve needs a sweep over one key, and this one has 2"
        if not all(axis.numeric for axis in found.axes):
            return "a heat map would be almost empty: few combinations of its two keys were tried"
    return None


def is_sparse(found: Sweep) -> bool:
    """Whether fewer than half of all combinations of the values of the keys were tried."""
    cells = math.prod(len(_tried(found, axis)) for axis in found.axes)
    return 2 * len(found.standings) < cells


def sensitivity(found: Sweep) -> Sensitivity:
    """The metric against the key of a sweep. Raises GdrunError unless it has one numeric key."""
    axis = found.axes[0]
    if len(found.axes) != 1 or not axis.numeric:
        hint = 'use `kind="heat"` for two keys' if len(found.axes) == 2 else None
        what = "the sensitivity curve needs a sweep over one key with numbers"
        raise GdrunError(what, hint=hint or "`gdrun report` shows a sweep over any number of keys")
    values = found.values(axis.key).astype(float)
    order = np.argsort(values)
    low, middle, high = _quartiles(found)
    curve = Curve(axis.leaf, values[order], middle[order], low[order], high[order])
    limit = found.limit
    return Sensitivity(
        Chart(
            study_title(found),
            AXIS_WORDS.get(axis.leaf, axis.leaf),
            found.metric.words,
            (curve,),
            log_x=is_logarithmic(values),
            log_y=is_logarithmic(middle),
            infinite="diverged",
            limit=None if limit is None else (limit.predicted, limit.form),
        ),
        tuple(found.verdicts[k].word for k in order),
    )


def sweep_grid(found: Sweep) -> HeatMap:
    """The median metric of a sweep over two keys, in a cell for each setting.

    It is the value at the end of the runs, or at the epoch where halving dropped the setting; a
    cell names this epoch. Raises GdrunError for another number of keys.
    """
    if len(found.axes) != 2:
        what = f"a heat map needs a sweep over two keys, and this one has {len(found.axes)}"
        hint = 'use `kind="sensitivity"` for one key' if len(found.axes) == 1 else None
        raise GdrunError(what, hint=hint or "`gdrun report` shows a sweep over any number of keys")
    down, across = (_tried(found, axis) for axis in found.axes)
    values, dropped = (np.full((len(down), len(across)), np.nan) for _ in range(2))
    untried = np.ones(values.shape, bool)
    best = None
    for standing, median in zip(found.standings, found.medians, strict=True):
        one, other = (standing.settings[axis.key] for axis in found.axes)
        row, column = down.index(one), across.index(other)
        values[row, column] = median if standing.results else np.nan
        untried[row, column] = not standing.results
        if standing.dropped is not None:
            dropped[row, column] = standing.dropped
        if found.best is not None and standing.name == found.best.name:
            best = (row, column)
    return HeatMap(
        study_title(found),
        found.axes[1].leaf,
        found.axes[0].leaf,
        tuple(map(_short, across)),
        tuple(map(_short, down)),
        values,
        found.metric.words + ("" if np.isnan(dropped).all() else " (epoch of the drop)"),
        is_logarithmic(values),
        best,
        tuple(
            tuple(map(_cell, row, epochs, blanks))
            for row, epochs, blanks in zip(
                values.tolist(), dropped.tolist(), untried.tolist(), strict=True
            )
        ),
        why=why_chosen(found),
        untried=untried,
        blank=_blank_words(found, down, across, untried),
    )


def _blank_words(found: Sweep, down: Sequence[Any], across: Sequence[Any], untried: Flags) -> str:
    """What the cells of a heat map without a run are. untried (down, across): which these are."""
    planned = [[each.settings[axis.key] for axis in found.axes] for each in found.plan.candidates]
    cells = [(down[row], across[column]) for row, column in np.argwhere(untried).tolist()]
    reasons = {NOT_ENDED if [*cell] in planned else NOT_TRIED for cell in cells}
    return " or ".join(sorted(reasons)) or NOT_TRIED


def _cell(value: float, dropped: float, untried: bool) -> str:
    """The text of a value; with the epoch in brackets if successive halving dropped the setting.

    Empty if the setting was not tried.
    """
    if untried:
        return ""
    text = quantity(value, 3)
    return text if math.isnan(dropped) else f"{text} ({position(dropped)})"


def comparison_charts(found: Comparison, across: str | None = None) -> list[Chart]:
    """The metric of a comparison over gradients and seconds, and the share of runs at the target.

    across: the only x axis, one of X_AXES; None for gradients and seconds. On a surface without
    noise, which has no examples, steps take the place of gradients. Seconds are the steps times the
    seconds per step of a contender that trained alone. The chart over seconds is missing if a
    contender was not timed. Raises GdrunError if there is no chart to draw.
    """
    name, title = found.metric.name, study_title(found)
    charts = []
    usual = ("step" if found.plan.noiseless else "gradients", "seconds")
    for x in usual if across is None else (across,):
        words = X_AXES[x]
        curves = [_metric_curve(each, x, name) for each in found.contenders]
        known = [curve for curve in curves if curve is not None]
        if len(known) == len(curves):
            log = needs_log(known)
            wide = _wide(known)
            charts.append(
                Chart(title, words, found.metric.words, tuple(known), log_x=wide, log_y=log)
            )
        if found.target is not None and all(_paced(each, x) for each in found.contenders):
            shares = tuple(_share_curve(each, x) for each in found.contenders)
            bound = f"share of runs at {found.target.bound}"
            charts.append(Chart(title, words, bound, shares, log_x=_wide(shares)))
    if not charts:
        if across == "seconds":
            raise untimed()
        what = f"{found.metric.name} was not measured during the runs"
        raise GdrunError(what, hint='use `kind="curves"` with `y="train_loss"` instead')
    return charts


def _wide(curves: Sequence[Curve]) -> bool:
    """Whether some contenders end so much earlier than others that x needs a logarithmic axis."""
    return is_logarithmic(np.array([curve.x[-1] for curve in curves]))


def _metric_curve(contender: Contender, x: str, metric: str) -> Curve | None:
    """The metric over x, the median over seeds; None without the metric or the seconds for x."""
    traces = [result.evals for result in contender.standing.results]
    if x == "seconds":
        pace = contender.pace
        if pace is None:
            return None
        traces = [with_seconds(trace, pace) for trace in traces]
    return median_curve(_name(contender), traces, x, metric)


def _name(contender: Contender) -> str:
    """The name of a contender, and how many of its runs diverged."""
    standing = contender.standing
    return explained(contender.name, diverged_of(standing.diverged, standing.runs))


def _paced(contender: Contender, x: str) -> bool:
    return x != "seconds" or contender.pace is not None


def _share_curve(contender: Contender, x: str) -> Curve:
    """The share of a contender's runs that reached the target, over x, as steps."""
    assert contender.target is not None
    standing, column = contender.standing, "step" if x == "seconds" else x
    pace = contender.pace or math.nan if x == "seconds" else 1.0
    reached = np.sort(standing.to_target(contender.target, column)) * pace
    reached = reached[np.isfinite(reached)]
    done = [result.evals[column][-1] for result in standing.results]
    last = max((float(end) * pace for end in done), default=0.0)
    # Each run that reaches the target raises the share by one step.
    corners = np.repeat(reached, 2)
    shares = np.repeat(np.arange(len(reached) + 1), 2)[1:-1] / max(len(standing.results), 1)
    across = np.concatenate([[0.0], corners, [max(last, *corners.tolist(), 0.0)]])
    end = shares[-1:] if len(shares) else [0.0]
    return Curve(_name(contender), across, np.concatenate([[0.0], shares, end]))


def _quartiles(found: Sweep) -> Array:
    """The quartiles and the median (3, candidates), as in the tables; ∞ if too many runs diverged.

    The first row has the lower values, also of a metric of which larger values are better.
    """
    spreads = [standing.spread for standing in found.standings]
    scores = np.array([(each.lower, each.median, each.upper) for each in spreads]).T
    return np.sort(found.metric.sign * scores, axis=0)


def _tried(found: Sweep, axis: Axis) -> list[Any]:
    """The different values that the settings have for a key: numbers by size, others as given."""
    settings = (standing.candidate.settings[axis.key] for standing in found.standings)
    each = {repr(value): value for value in settings}
    return sorted(each.values()) if axis.numeric else list(each.values())


def _short(value: object) -> str:
    return quantity(value, 3) if isinstance(value, float) else str(value)
