"""The view of a sweep: its plan, a row for each setting with its verdict, notes and warnings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.config.experiment import SAME_RUN
from gdrun.config.writing import short_flow
from gdrun.quantities import separating_digits
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan, label
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import FEWEST_SEEDS, Interval, Spread, quantile
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.verdicts import Verdict
from gdrun.views.curve_scale import CurveScale, scale_of
from gdrun.views.early_rises import PRAISED, early_rise_notes, rose_first_text
from gdrun.views.fitting import Explained, FittingTable, fitting
from gdrun.views.halving_notes import continuing_notes, rung_notes
from gdrun.views.names import Name
from gdrun.views.no_target import no_target_notes
from gdrun.views.numbers import MISSING, count, percent, quantity, range_text
from gdrun.views.returned_weights import weights_notes
from gdrun.views.schedule_notes import schedule_notes
from gdrun.views.split_note import split_notes
from gdrun.views.study_line import study_line
from gdrun.views.study_notes import (
    better_median_notes,
    constant_notes,
    engine_notes,
    hardly_trained,
    lacking_notes,
    limit_notes,
    order_notes,
    past_target_notes,
    symptom_notes,
    trained_once_notes,
    unfinished_notes,
    work_line,
)
from gdrun.views.study_warnings import sweep_warnings, warning_lines
from gdrun.views.surface_runs import rate_notes, variant_notes
from gdrun.views.ties import tie_notes
from gdrun.views.verdicts import meanings_of, missed

MOST_ROWS = 48
"""The most rows of the table of settings. For a larger sweep the table shows only the best
settings; the directory of the sweep has all settings.
"""

OPTIONAL = ("quartiles", "symptom", "curve", "to target")
"""The columns that a narrow terminal leaves out; the first one is left out first."""

NEVER = "never"
"""The text in place of the epochs, updates or seconds if the target was not reached."""

HEALTHY = "-"
"""The text in place of the symptom of healthy runs."""

ONE_SEED = f"one: {SAME_RUN}"
"""The note on seeds if every seed gives the same run."""

_STYLES = {
    "best": "bold green",
    "good": "green",
    "too large": "yellow",
    "oscillating": "yellow",
    "unstable": "yellow",
    "diverged": "red",
}


def plan_view(plan: StudyPlan, axes: Sequence[Axis], cohorts: Sequence[int]) -> RenderableType:
    """The view of the settings that a sweep will run.

    axes: the swept keys with their values, one for each column of the table. cohorts: the number of
    runs in each cohort, which is a group of runs that train together.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    for axis in axes:
        table.add_column(axis.leaf, justify="right" if axis.numeric else "left")
    for candidate in plan.candidates:
        table.add_row(*(short_flow(candidate.settings[axis.key]) for axis in axes))
    return Group(table, "", plan_line(plan, cohorts))


def plan_line(plan: StudyPlan, cohorts: Sequence[int]) -> str:
    """A line with the numbers of settings, seeds, runs and cohorts of a plan.

    cohorts: the number of runs in each cohort, which is a group of runs that train together.
    """
    settings, seeds = count(len(plan.candidates), "setting"), count(len(plan.seeds), "seed")
    runs, lanes = count(plan.runs, "run"), count(max(cohorts, default=0), "lane")
    return f"{settings} × {seeds}: {runs} in {count(len(cohorts), 'cohort')} of up to {lanes}"


def sweep_result(sweep: Sweep) -> RenderableType:
    """The view of a sweep: the table, notes, and warnings."""
    hidden = len(sweep.standings) - MOST_ROWS
    more = [Text(f"{count(hidden, 'worse setting')} not shown", style="dim")] if hidden > 0 else []
    parts: list[RenderableType] = [Text(study_line(sweep.plan)), "", sweep_table(sweep), *more, ""]
    symptoms = symptom_notes(standing for standing, _ in _shown(sweep))
    explained = Explained(parts, _notes(sweep), OPTIONAL, symptoms)
    return Group(explained, *warning_lines(sweep_warnings(sweep)))


def sweep_table(sweep: Sweep) -> FittingTable:
    """A table with a row for each setting of the sweep.

    A row has the values of the swept keys, the verdict, the metric (its median over seeds), the
    epochs to the target, and a curve of the loss. On a narrow terminal it has fewer columns.
    """
    several = len(sweep.plan.seeds) > 1
    columns = [heading for heading in OPTIONAL if several or heading != "quartiles"]
    # The last view folds the values of several keys into one column.
    folded = _rows(sweep, (), folded=True) if len(sweep.axes) > 1 else None
    return fitting(_rows(sweep, columns), columns, last=folded)


def _rows(sweep: Sweep, columns: Sequence[str], *, folded: bool = False) -> Table:
    """The table of settings with the optional columns whose headings are in `columns`.

    folded: whether one column has all values of a setting, with their keys.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    if folded:
        table.add_column("setting", min_width=18, overflow="fold")
    for axis in () if folded else sweep.axes:
        table.add_column(axis.leaf, justify="right" if axis.numeric else "left", overflow="fold")
    table.add_column("verdict", min_width=9, no_wrap=len(sweep.axes) == 1)
    # The heading may be wrapped, but no number.
    numbers = max(
        (len(spread_cells(each, sweep.metric)[0]) for each, _ in _shown(sweep)), default=0
    )
    words = sweep.metric.words
    narrowest = max(numbers, min(len(words), 9), *map(len, words.split())) if folded else None
    table.add_column(
        words, justify="right", min_width=numbers, max_width=narrowest, overflow="fold"
    )
    for heading in ("quartiles", "to target", "symptom", "curve"):
        if heading in columns:
            justify: JustifyMethod = "left" if heading in ("symptom", "curve") else "right"
            table.add_column(heading, justify=justify, no_wrap=True)
    scale = shared_scale(sweep)
    digits = {
        axis.key: digits_of(each.candidate.settings[axis.key] for each, _ in _shown(sweep))
        for axis in sweep.axes
    }
    for standing, verdict in _shown(sweep):
        cells: list[str | Text | Name] = [
            shown_value(standing.candidate.settings[axis.key], digits[axis.key])
            for axis in sweep.axes
        ]
        if folded:
            settings = standing.candidate.settings.items()
            cells = [Name("\n".join(label({key: value}) for key, value in settings))]
        cells.append(Text(_verdict_text(standing, verdict), _STYLES.get(verdict.word, "")))
        median, quartiles, _ = spread_cells(standing, sweep.metric)
        rest = {
            "quartiles": quartiles,
            "to target": _to_target(standing, sweep),
            "symptom": standing.symptom_words or HEALTHY,
            "curve": scale.curve(standing) if scale else "",
        }
        shown = [text for heading, text in rest.items() if heading in columns]
        table.add_row(*cells, median, *shown)
    return table


def shared_scale(sweep: Sweep) -> CurveScale | None:
    """The scale that the curves of the table share; None without a finite loss."""
    return scale_of([standing for standing, _ in _shown(sweep)])


def shown_value(value: Any, digits: int = 4) -> str:
    """A value of a swept key as a short text, in a form that can be typed.

    A number with at most six significant digits is shown with all of them. digits: those of other
    numbers, such as the values of a range.
    """
    if not isinstance(value, float):
        return short_flow(value)
    full = f"{value:.6g}"
    return full if float(full) == value else f"{value:.{digits}g}"


def digits_of(values: Iterable[Any]) -> int:
    """The digits for `shown_value` with which different values of a swept key look different."""
    return separating_digits(value for value in values if isinstance(value, float))


def spread_cells(standing: Standing, metric: Metric) -> tuple[str, str, str]:
    """Three texts: the median of the metric, its quartiles, and the interval of the median.

    The interval is empty with too few seeds for one, or if all runs are the same. All three are
    MISSING if the median is infinite, because too many runs diverged.
    """
    spread = standing.spread
    if not standing.finite:
        return MISSING, MISSING, MISSING
    quartiles = _ends(spread.lower, spread.upper, spread, metric)
    found = spread.interval
    interval = _ends(found.low, found.high, spread, metric) if found else ""
    return quantity(metric.value(spread.median)), quartiles, interval


def _ends(low: float, high: float, spread: Spread, metric: Metric) -> str:
    """The two ends of a range of scores, as values of the metric, around the median of `spread`."""
    # The score of an accuracy is negative, so the lower score is the higher accuracy: sort again.
    first, last = sorted((metric.value(low), metric.value(high)))
    return range_text(first, last, metric.value(spread.median))


def interval_level(interval: Interval) -> str:
    """The level of an interval of the median, as text.

    >>> interval_level(Interval(1.0, 6.0, 0.96875))
    'from order statistics, exact confidence level 96.9 %'
    """
    return f"from order statistics, exact confidence level {percent(interval.level)}"


def epochs_text(amount: float) -> str:
    """The number of epochs until the target was reached, as text; NEVER for an infinite number."""
    return f"{amount:,.4g}" if math.isfinite(amount) else NEVER


def _shown(sweep: Sweep) -> list[tuple[Standing, Verdict]]:
    """The settings that the table shows, each with its verdict.

    If one key was swept, they have the order of its values, and numbers are in ascending order. If
    several keys were swept, or there are more than MOST_ROWS settings, the best setting is first.
    """
    rows = list(zip(sweep.standings, sweep.verdicts, strict=True))
    if _by_value(sweep):
        axis = sweep.axes[0]
        if axis.numeric:
            rows.sort(key=lambda row: row[0].candidate.settings[axis.key])
        return rows
    places = {standing.name: place for place, standing in enumerate(sweep.ranking)}
    return sorted(rows, key=lambda row: places[row[0].name])[:MOST_ROWS]


def _by_value(sweep: Sweep) -> bool:
    """Whether the table has the order of the values, and not that of the ranking."""
    return len(sweep.axes) == 1 and len(sweep.standings) <= MOST_ROWS


def _verdict_text(standing: Standing, verdict: Verdict) -> str:
    """The verdict as text, with the number of runs that diverged if some but not all did.

    If it praises a setting of which most runs rose well above their start first, it says so.
    """
    some = 0 < standing.diverged < standing.runs
    diverged = f"{standing.diverged} of {standing.runs} diverged" if some else ""
    rose = rose_first_text(standing) if verdict.word in PRAISED else ""
    return ", ".join(filter(None, (verdict.text, diverged, rose)))


def _to_target(standing: Standing, sweep: Sweep) -> str:
    """The median cost until the target was reached, as text; empty without a target."""
    if sweep.target is None:
        return ""
    return epochs_text(quantile(standing.to_target(sweep.target, _cost(sweep)), 0.5))


def _cost(sweep: Sweep) -> str:
    """The unit of the cost to the target: steps where there are no examples, else epochs."""
    return "step" if sweep.plan.noiseless else "epoch"


def _notes(sweep: Sweep) -> list[tuple[str, str]]:
    """The notes below the table, as (label, text)."""
    notes = unfinished_notes(sweep.plan, sweep.standings)
    best = next(iter(sweep.ranking), None)
    if best is not None and sweep.best is not None:
        hardly = hardly_trained(sweep.best_progress)
        text = f"{best.candidate.name}: {_spread_text(sweep, best)}{hardly}"
        notes.append(("best", text))
        notes += better_median_notes(sweep)
        notes += tie_notes(sweep.plan, sweep.ranking, sweep.metric)
    notes += continuing_notes(sweep)
    if not sweep.unlike:
        notes += past_target_notes(sweep.plan, sweep.ranking, sweep.metric)
        notes += constant_notes(sweep.ranking, sweep.metric)
    by_value = _by_value(sweep)
    notes += order_notes(sweep.ranking, sweep.metric, sweep.target, best_only=by_value)
    praised = (each for each, verdict in _shown(sweep) if verdict.word in PRAISED)
    notes += early_rise_notes(praised)
    notes += weights_notes((each for each, _ in _shown(sweep)), sweep.metric)
    if sweep.plan.deterministic:
        notes.append(("seeds", ONE_SEED))
    notes += split_notes(sweep.plan, "ranges and intervals")
    notes += trained_once_notes(sweep.plan)
    if sweep.target is not None:
        notes.append(("to target", f"{_cost(sweep)}s until {sweep.target.sentence}{missed(sweep)}"))
    else:
        notes += no_target_notes(sweep.improvement, sweep.metric, "to target", "setting")
    notes += lacking_notes(sweep.plan)
    notes += schedule_notes(sweep.standings)
    notes += variant_notes(sweep.plan)
    notes += rate_notes(sweep.plan)
    if meanings := meanings_of(sweep, (verdict for _, verdict in _shown(sweep))):
        notes.append(("verdicts", meanings))
    if scale := shared_scale(sweep):
        notes.append(("curve", scale.legend))
    notes += limit_notes(sweep)
    notes += rung_notes(sweep)
    notes.append(("work", work_line(sweep.work)))
    return notes + engine_notes(sweep.standings)


def _spread_text(sweep: Sweep, best: Standing) -> str:
    """A text with the best setting's median over seeds, and an interval or the range of them."""
    value = sweep.metric.value
    text = f"{sweep.metric.words} {quantity(value(best.spread.median))}"
    seeds = len(best.results)  # fewer than planned if the sweep was interrupted
    if seeds == 1:
        return text if sweep.plan.deterministic else f"{text}, one seed"
    if best.identical or best.scores.min() == best.scores.max():
        return f"{text}, the same for {seeds} seeds"
    text = f"{text}, median over {seeds} seeds"
    interval = best.interval
    if interval is None:
        ends = _ends(best.scores.min(), best.scores.max(), best.spread, sweep.metric)
        return f"{text}, range {ends} (an interval needs {FEWEST_SEEDS} seeds or more)"
    ends = _ends(interval.low, interval.high, best.spread, sweep.metric)
    return f"{text}, interval {ends}, {interval_level(interval)}"
