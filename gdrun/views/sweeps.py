"""A sweep on screen: its plan, a row for each candidate with its verdict, and what follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.config.writing import short_flow
from gdrun.methods.stopping import position
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.sweep import Sweep
from gdrun.study.judgement.verdicts import Verdict
from gdrun.study.study import Work
from gdrun.views.fitting import Fitting
from gdrun.views.numbers import count, duration, quantity
from gdrun.views.sparklines import sparkline

MOST_ROWS = 48
"""Rows shown of a sweep; beyond it only the best. Its directory holds all of them."""

NEVER = "never"
CURVE_WIDTH = 10

UNLIKE = {
    "data": "these are different problems: no value is better than that of another problem",
    "loss": "these losses are different quantities: no value is better than that of another loss",
}
"""What a ranking of values that cannot be compared is worth, by what they differ in."""

_STYLES = {"best": "bold green", "good": "green", "unstable": "yellow", "diverged": "red"}


def plan_view(plan: StudyPlan, axes: Sequence[Axis], cohorts: Sequence[int]) -> RenderableType:
    """What a sweep is going to run. cohorts: the lanes of each."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for axis in axes:
        table.add_column(axis.leaf, justify="right" if axis.numeric else "left")
    for candidate in plan.candidates:
        table.add_row(*(short_flow(candidate.settings[axis.key]) for axis in axes))
    return Group(table, "", plan_line(plan, cohorts))


def plan_line(plan: StudyPlan, cohorts: Sequence[int]) -> str:
    """The size of a plan in one sentence."""
    settings, seeds = count(len(plan.candidates), "setting"), count(len(plan.seeds), "seed")
    runs, lanes = count(len(plan.trials), "run"), count(max(cohorts, default=0), "lane")
    return f"{settings} × {seeds}: {runs} in {count(len(cohorts), 'cohort')} of up to {lanes}"


def sweep_result(sweep: Sweep) -> RenderableType:
    """All that a sweep shows: the table, then what it means."""
    parts: list[RenderableType] = [sweep_table(sweep), ""]
    notes = Table.grid(padding=(0, 2))
    notes.add_column(style="dim", no_wrap=True)
    notes.add_column()
    for label, text in _notes(sweep):
        notes.add_row(label, text)
    return Group(*parts, notes, *warning_lines(_warnings(sweep)))


def warning_lines(texts: Sequence[str]) -> list[RenderableType]:
    """Warnings, after a blank line."""
    lines = [Text(f"warning: {text}", style="yellow") for text in texts]
    return ["", *lines] if lines else []


def sweep_table(sweep: Sweep) -> RenderableType:
    """A row for each candidate: settings, verdict, the metric over seeds, epochs, curve."""
    columns = ["quartiles", "curve", "epochs"] if len(sweep.plan.seeds) > 1 else ["curve", "epochs"]
    table = Fitting(*(_rows(sweep, columns[place:]) for place in range(len(columns) + 1)))
    hidden = len(sweep.standings) - MOST_ROWS
    if hidden > 0:
        return Group(table, Text(f"and {count(hidden, 'setting')} that did worse", style="dim"))
    return table


def _rows(sweep: Sweep, columns: Sequence[str]) -> Table:
    """columns: which there are of those that a narrow terminal goes without."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for axis in sweep.axes:
        table.add_column(axis.leaf, justify="right" if axis.numeric else "left", overflow="fold")
    table.add_column("verdict", min_width=9, no_wrap=len(sweep.axes) == 1)
    table.add_column(sweep.metric.words, justify="right", overflow="fold")
    for heading in ("quartiles", "epochs", "curve"):
        if heading in columns:
            justify: JustifyMethod = "left" if heading == "curve" else "right"
            table.add_column(heading, justify=justify, no_wrap=True)
    for standing, verdict in _shown(sweep):
        cells: list[str | Text] = [
            shown_value(standing.candidate.settings[axis.key]) for axis in sweep.axes
        ]
        cells.append(Text(_verdict_text(standing, verdict), _STYLES.get(verdict.word, "")))
        median, quartiles, _ = spread_cells(standing, sweep.metric)
        rest = {
            "quartiles": quartiles,
            "epochs": _epochs(standing, sweep),
            "curve": curve(standing),
        }
        shown = [text for heading, text in rest.items() if heading in columns]
        table.add_row(*cells, median, *shown)
    return table


def curve(standing: Standing) -> str:
    """The training loss of its first run, from evaluation to evaluation."""
    return sparkline(standing.results[0].evals.get("train_loss", np.empty(0)), CURVE_WIDTH)


def shown_value(value: Any) -> str:
    """A swept value, as short as a table wants it."""
    return quantity(value) if isinstance(value, float) else short_flow(value)


def short(value: float) -> str:
    """Three digits, and no exponent where thousands will do.

    >>> short(0.13572), short(2814.2), short(1.5e7), short(float("inf")), short(-float("inf"))
    ('0.136', '2814', '1.5e+07', '∞', '−∞')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e5 else quantity(value, 3)


def spread_cells(standing: Standing, metric: Metric) -> tuple[str, str, str]:
    """The median, the quartiles and the 95 % interval of the median, as values of the metric."""
    spread = standing.spread
    if not standing.finite:
        return "", "", ""
    pairs = ((spread.lower, spread.upper), spread.interval)
    quartiles, interval = (" … ".join(map(short, sorted(map(metric.value, p)))) for p in pairs)
    return quantity(metric.value(spread.median)), quartiles, interval


def when(amount: float) -> str:
    """A number of epochs, steps or gradients to a target; a miss is never."""
    return f"{amount:,.4g}" if math.isfinite(amount) else NEVER


def work_line(work: Work) -> str:
    """What the runs took, and what they shared."""
    if not work.run:
        return f"{count(work.found, 'run')} found finished, none was run"
    found = f", {count(work.found, 'run')} found finished" if work.found else ""
    cohorts = count(work.cohorts, "cohort")
    return f"{count(work.run, 'run')} as lanes of {cohorts} in {duration(work.seconds)}{found}"


def _shown(sweep: Sweep) -> list[tuple[Standing, Verdict]]:
    """The rows: in the order of the plan while they fit one axis, else from best to worst."""
    rows = list(zip(sweep.standings, sweep.verdicts, strict=True))
    if len(sweep.axes) == 1 and len(rows) <= MOST_ROWS:
        axis = sweep.axes[0]
        if axis.numeric:
            rows.sort(key=lambda row: row[0].candidate.settings[axis.key])
        return rows
    return sorted(rows, key=lambda row: (not row[0].finite, *row[0].order))[:MOST_ROWS]


def _verdict_text(standing: Standing, verdict: Verdict) -> str:
    partly = 0 < standing.diverged < len(standing.results)
    struck = f", {standing.diverged} of {len(standing.results)} diverged" if partly else ""
    return verdict.text + struck


def _epochs(standing: Standing, sweep: Sweep) -> str:
    if sweep.target is None:
        return ""
    return when(quantile(standing.to_target(sweep.target, "epoch"), 0.5))


def _notes(sweep: Sweep) -> list[tuple[str, str]]:
    notes = []
    best = next(iter(sweep.ranking), None)
    if best is not None and best.finite:
        notes.append(("best", f"{best.candidate.name}: {_spread_text(sweep, best)}"))
    if sweep.target is not None:
        notes.append(("epochs", f"until {sweep.target.sentence}"))
    for own, limit in sweep.limits.items():
        notes.append(("stability", f"{own}: {limit_sentence(limit)}".removeprefix(": ")))
    for rung in sweep.rungs:
        counts = f"{len(rung.dropped)} dropped, {len(rung.kept)} went on"
        notes.append(("halving", f"at epoch {position(rung.epoch)}: {counts}"))
    notes.append(("work", work_line(sweep.work)))
    return notes


def _spread_text(sweep: Sweep, best: Standing) -> str:
    value = sweep.metric.value
    text = f"{sweep.metric.words} {quantity(value(best.spread.median))}"
    seeds = len(best.results)  # fewer than asked for, where it was interrupted
    if seeds == 1:
        return f"{text}, under one seed"
    low, high = sorted(map(value, best.spread.interval))
    return f"{text}, median of {seeds} seeds, 95 % interval {quantity(low)} to {quantity(high)}"


def limit_sentence(limit: StabilityLimit) -> str:
    """The observed limit of stability beside the predicted one."""
    if limit.unstable is None:
        seen = "every rate was stable"
    elif limit.stable is None:
        seen = f"already {quantity(limit.unstable)} was unstable"
    else:
        seen = f"{quantity(limit.stable)} was stable, {quantity(limit.unstable)} was not"
    kind = "the limit" if limit.exact else "safe for a full-batch gradient"
    predicted = f"{limit.form} = {quantity(limit.predicted)}"
    return f"{seen}; {predicted} is {kind}, with L = {quantity(limit.smoothness)}"


def _risky_best(ranking: Sequence[Standing]) -> list[str]:
    """That seeds of the best diverged, and which setting comes first of those without."""
    best = next(iter(ranking), None)
    if best is None or not best.finite or not best.diverged:
        return []
    text = f"{best.diverged} of {len(best.results)} runs of the best diverged"
    safe = next(
        (each.candidate.name for each in ranking if each.finite and not each.diverged), None
    )
    return [f"{text}; the best of which none did is {safe}" if safe else text]


def _warnings(sweep: Sweep) -> list[str]:
    found = [UNLIKE[sweep.unlike]] if sweep.unlike else []
    found += _risky_best(sweep.ranking)
    if shared := sweep.shared_seconds:
        ended = f"{count(shared, 'run')} ended by seconds that were shared with others"
        found.append(f"{ended}; a budget of epochs or gradients is the same for all")
    for edge in sweep.at_edge:
        side, leaf = "smallest" if edge.smallest else "largest", edge.axis.leaf
        beyond = f": {leaf}={edge.wider}" if edge.wider else ""
        found.append(
            f"the best {leaf} is the {side} that was tried; a better one may lie beyond{beyond}"
        )
    return found
