"""Curves of a study during training: a curve for each setting of a sweep, or for each contender."""

from __future__ import annotations

from gdrun.engine.trace import Columns
from gdrun.errors import GdrunError, Parameter
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.storage.results import Result
from gdrun.views.curves import (
    X_AXES,
    Chart,
    diverged_of,
    explained,
    median_curve,
    needs_log,
)
from gdrun.views.drawn_quantities import chosen_quantity, drawable
from gdrun.views.titles import study_title

PARTS = ("validation", "train")
"""A quantity without a part, such as loss, is that of the first of these parts that has it."""


def study_curves(found: Sweep | Comparison, x: str = "epoch", y: str | None = None) -> Chart:
    """A quantity of each setting over x, as the median over its seeds.

    x: one of X_AXES; seconds are those of `with_seconds`, and only a comparison has them. y: a
    recorded quantity such as loss, train_loss or grad_norm; None for the metric of the study.
    Raises GdrunError if the seconds are unknown, or y was not recorded.
    """
    standings = _standings(found)
    paces = _paces(found) if x == "seconds" else {}
    name = found.metric.name if y is None else _column(standings, y)
    curves = []
    for each in standings:
        label = explained(each.name, diverged_of(each.diverged, each.runs))
        traces = [_trace(result, name) for result in each.results]
        if x == "seconds":
            traces = [with_seconds(trace, paces[each.name]) for trace in traces]
        if (curve := median_curve(label, traces, x, name)) is not None:
            curves.append(curve)
    words = name.replace("_", " ") if name != found.metric.name else found.metric.words
    return Chart(study_title(found), X_AXES[x], words, tuple(curves), log_y=needs_log(curves))


def with_seconds(trace: Columns, pace: float) -> Columns:
    """The columns of a trial with the seconds that its steps take if it trains alone.

    pace: the seconds per step of its contender. The recorded seconds of trials that trained
    together are those of all of them.
    """
    return trace | {"seconds": trace["step"] * pace}


def untimed() -> GdrunError:
    """The error for a comparison of which some contender was not timed."""
    return GdrunError(
        "the seconds are unknown, because a signal stopped the comparison before every contender "
        "was timed",
        hint="continue the comparison with `resume`, or draw it over another x axis",
    )


def _paces(found: Sweep | Comparison) -> dict[str, float]:
    """The seconds per step of each contender. Raises GdrunError if they are not all known."""
    if not isinstance(found, Comparison):
        what = "the seconds are unknown: only a comparison times each of its settings alone"
        others = ", ".join(each for each in X_AXES if each != "seconds")
        raise GdrunError(what, where=Parameter("x"), hint=f"choose from {others}")
    paces = {each.name: each.pace for each in found.contenders if each.pace is not None}
    if len(paces) < len(found.contenders):
        raise untimed()
    return paces


def _standings(found: Sweep | Comparison) -> list[Standing]:
    """The results of each setting, in the order of its values or of the contenders."""
    if isinstance(found, Comparison):
        return [row.standing for row in found.contenders]
    rows = list(found.standings)
    if len(found.axes) == 1 and found.axes[0].numeric:
        rows.sort(key=lambda row: row.candidate.settings[found.axes[0].key])
    return rows


def _column(standings: list[Standing], y: str) -> str:
    """The name of the recorded column of a quantity y. Raises GdrunError if no run has one."""
    results = [result for each in standings for result in each.results]
    known = {
        name: None
        for result in results
        for columns in (result.evals, result.steps)
        for name, column in columns.items()
        if len(column)
    }
    name = chosen_quantity(y, drawable(known))
    return next(each for each in (*(f"{part}_{name}" for part in PARTS), name) if each in known)


def _trace(result: Result, name: str) -> Columns:
    """The evaluations of a trial if they have this column, else the step trace."""
    return result.evals if name in result.evals else result.steps
