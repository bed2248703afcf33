"""The data of charts: curves with labels, which the terminal and the pictures draw.

Runs that differ only in the seed give one curve: the median over the seeds, with the quartiles as a
band. A run that diverged has no values after its divergence. The curve ends where the shortest run
ends, so that every point is the median of the same runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.trace import Columns
from gdrun.runs.run import Run
from gdrun.runs.run_list import WITHOUT_EFFECT
from gdrun.study.design.trials import label

X_AXES = {
    "epoch": "epoch",
    "step": "step",
    "gradients": "per-example gradients",
    "seconds": "seconds in updates",
}
"""For each column that can be the x axis, the label of the axis."""

LOG_RATIO = 30
"""An axis is logarithmic if its values are positive and their ratio is larger than this."""


@dataclass(frozen=True)
class Curve:
    """A curve y (n,) over x (n,).

    low, high (n,): the edges of its band; None without a band. owner: a name that several curves of
    a chart share, such as the training and the validation loss of a run; None for a curve of its
    own. dashed: whether its line is dashed. marked: whether each point has a marker. texts (n,): a
    short text above each point of a picture; empty for no texts.
    """

    label: str
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    dashed: bool = False
    owner: str | None = None
    marked: bool = False
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes.

    log_x, log_y: whether an axis is logarithmic. band: what the bands of the curves are. bars: the
    names of horizontal bars, which replace the only curve and have its x as their lengths; empty
    for no bars. infinite: what a value of ∞ is, such as `diverged`; empty if such values are not
    drawn. limit: an x to mark with a vertical line, and its formula; None for no line.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    log_x: bool = False
    log_y: bool = False
    band: str = "between the quartiles"
    bars: tuple[str, ...] = ()
    infinite: str = ""
    limit: tuple[float, str] | None = None


def seed_groups(runs: Sequence[Run]) -> list[tuple[str, list[Run]]]:
    """The runs that differ only in the seed, with a label of the keys in which groups differ.

    The label is empty if there is only one group. Keys that do not change the training, such as
    the interval of the evaluations, are left out if the labels differ without them. Keys that some
    groups do not have, such as the options of one optimizer, are left out of the labels if other
    keys differ.
    """
    groups: dict[str, tuple[dict[str, Any], list[Run]]] = {}
    for run in runs:
        flat = {key: each for key, each in _flat(run.config).items() if key not in ("seed", "name")}
        groups.setdefault(repr(flat), (flat, []))[1].append(run)
    keys = dict.fromkeys(key for flat, _ in groups.values() for key in flat)
    differing = [
        key for key in keys if len({repr(flat.get(key)) for flat, _ in groups.values()}) > 1
    ]
    shown = [
        key for key in differing if all(key in flat for flat, _ in groups.values())
    ] or differing
    trained = [key for key in shown if key.partition(".")[0] not in WITHOUT_EFFECT]
    if len({_label(flat, trained) for flat, _ in groups.values()}) == len(groups):
        shown = trained
    return [(_label(flat, shown), group) for flat, group in groups.values()]


def explained_groups(runs: Sequence[Run]) -> list[tuple[str, list[Run]]]:
    """The runs that differ only in the seed, with a label of the keys in which groups differ.

    The label also says how many runs of the group diverged, or at which step a single run did. It
    is empty if there is only one group.
    """
    return [
        (explained(own, divergence_words(group)) if own else "", group)
        for own, group in seed_groups(runs)
    ]


def divergence_words(runs: Sequence[Run]) -> str:
    """How many of these runs diverged, or at which step a single run did; empty if none did."""
    steps = [run.divergence["step"] for run in runs if run.divergence is not None]
    if not steps:
        return ""
    return (
        f"diverged at step {steps[0]:,}" if len(runs) == 1 else diverged_of(len(steps), len(runs))
    )


def diverged_of(diverged: int, runs: int) -> str:
    """A text such as `2 of 5 diverged`; `diverged` for a single run, and empty if none did.

    runs: the number of all runs.
    """
    if not diverged:
        return ""
    return "diverged" if runs == 1 else f"{diverged} of {runs} diverged"


def explained(label: str, words: str) -> str:
    """A label with these words in parentheses, if there are any."""
    return f"{label} ({words})" if words else label


def _label(flat: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The values of these keys as a short text, such as adam lr=0.1: a name needs no key."""
    known = {key: flat[key] for key in keys if key in flat}
    names = [str(value) for key, value in known.items() if key.endswith(".name")]
    options = {key: value for key, value in known.items() if not key.endswith(".name")}
    return " ".join([*names, *([label(options)] if options else [])])


def is_logarithmic(*values: Array) -> bool:
    """Whether an axis for these values is logarithmic: they are positive and span a wide range."""
    known = np.concatenate([np.asarray(each, dtype=float).ravel() for each in values])
    known = known[np.isfinite(known)]
    return bool(len(known)) and bool(known.min() > 0 and known.max() / LOG_RATIO > known.min())


SQUEEZED = 0.1
"""A falling curve needs a logarithmic axis if its second half is in this share of the range."""

FEWEST_POINTS = 8
"""Curves with fewer points have no tail that could be squeezed."""


def needs_log(curves: Sequence[Curve]) -> bool:
    """Whether the y axis of falling curves, such as losses, is better logarithmic.

    All values must be positive. In addition, they span a wide range, or the second half of every
    curve lies in the lowest tenth of the range. On a linear axis this half would be a flat line at
    the bottom.
    """
    if is_logarithmic(*(curve.y for curve in curves)):
        return True
    long = [curve for curve in curves if len(curve.y) >= FEWEST_POINTS]
    values = np.concatenate([np.empty(0), *(curve.y for curve in curves)])
    values = values[np.isfinite(values)]
    if not long or len(long) < len(curves) or not len(values) or values.min() <= 0:
        return False
    tails = np.concatenate([curve.y[len(curve.y) // 2 :] for curve in long])
    reach = np.nanmax(np.where(np.isfinite(tails), tails, np.nan), initial=values.min())
    return bool(reach - values.min() < SQUEEZED * (values.max() - values.min()))


SCALES = ("log", "linear")
"""The scales of a y axis."""


def scaled(charts: Sequence[Chart], scale: str | None) -> list[Chart]:
    """The charts with this scale of the y axis, one of SCALES; None changes nothing.

    A chart with a value that is not positive keeps its linear axis.
    """
    if scale is None:
        return list(charts)
    return [replace(each, log_y=scale == "log" and _is_positive(each)) for each in charts]


def _is_positive(chart: Chart) -> bool:
    values = np.concatenate([np.empty(0), *(curve.y for curve in chart.curves)])
    values = values[np.isfinite(values)]
    return bool(len(values)) and bool(values.min() > 0)


def median_curve(label: str, traces: Sequence[Columns], x: str, y: str) -> Curve | None:
    """The median over runs of the column `y` against the column `x`, with the quartiles as band.

    traces: the columns of each run by name; runs without `y` are left out. None if no run has it.
    The curve of a single run has no band.
    """
    known = [(trace[x], trace[y]) for trace in traces if y in trace and len(trace[y])]
    if not known:
        return None
    if len(known) == 1:
        across, up = known[0]
        return Curve(label, np.asarray(across, dtype=float), np.asarray(up, dtype=float))
    first, last = max(x[0] for x, _ in known), min(x[-1] for x, _ in known)
    across = np.unique(np.concatenate([x for x, _ in known]))
    across = across[(across >= first) & (across <= last)].astype(float)
    values = np.stack([np.interp(across, x, y) for x, y in known])
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    return Curve(label, across, middle, low, high)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of a config by dotted key, such as optimizer.lr."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
