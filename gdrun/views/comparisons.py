"""The view of a comparison: the cost of reaching the target, the final results, and notes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.problems.metrics import METRICS
from gdrun.study.judgement.comparison_findings import Comparison, Contender
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import FEWEST_SEEDS, quantile
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.comparison_notes import AT_EDGE, digits_of, notes_of, unequal_work
from gdrun.views.curve_scale import CurveScale, scale_of
from gdrun.views.fitting import Explained, FittingTable, fitting
from gdrun.views.names import Name
from gdrun.views.numbers import MISSING, duration, percent, quantity, range_text
from gdrun.views.recorded import standings_of
from gdrun.views.study_line import study_line
from gdrun.views.study_notes import constant_warnings, symptom_notes
from gdrun.views.study_warnings import NOT_COMPARABLE, warning_lines
from gdrun.views.surface_runs import flat_end_words
from gdrun.views.sweeps import (
    HEALTHY,
    NEVER,
    epochs_text,
    spread_cells,
)

Column = tuple[str, Callable[[Contender], str]]
"""The heading of a column, and a function that returns its cell for a contender."""

OPTIONAL = (
    "symptom",
    *(Metric(f"test_{name}").words for name in ("loss", *METRICS)),
    "quartiles",
    "batch",
    "gradients",
    "curve",
    "interval",
    "seconds",
    "updates",
    "loss rose",
)
"""The columns that a table leaves out on a narrow terminal; the first one is left out first."""


def comparison_result(comparison: Comparison, spell: Callable[[str], str] = str) -> RenderableType:
    """The view of a comparison: three tables with the best contender first, notes, and warnings.

    spell: a function of the text of a note, which replaces the names of Python arguments by options
    of the command line. By default nothing is replaced.
    """
    parts: list[RenderableType] = [Text(study_line(comparison.plan)), ""]
    if comparison.target is not None:
        seeds = len(comparison.plan.seeds)
        over = f"medians over {seeds} seeds" if seeds > 1 else "one seed"
        bound = comparison.target.bound_with(digits_of(comparison))
        work = f"work to reach {bound}, fewest updates first ({over})"
        rows = sorted(comparison.ranking, key=lambda row: row.to_target["updates"])
        parts += [Text(work, style="bold"), _table(comparison, _work_columns(comparison), rows), ""]
    heading = Text("final results", style="bold")
    parts += [heading, _table(comparison, _result_columns(comparison)), ""]
    scale = scale_of([row.standing for row in comparison.contenders])
    heading = Text("course of training", style="bold")
    columns = [*_rate_column(comparison), *_course_columns(scale, digits_of(comparison))]
    parts += [heading, _table(comparison, columns), ""]
    notes = [(label, spell(text)) for label, text in notes_of(comparison)]
    warnings = [spell(text) for text in comparison_warnings(comparison)]
    symptoms = symptom_notes(row.standing for row in comparison.ranking)
    return Group(Explained(parts, notes, OPTIONAL, symptoms), *warning_lines(warnings))


def comparison_warnings(comparison: Comparison) -> list[str]:
    """The warnings below the notes of a comparison."""
    warnings = [NOT_COMPARABLE[comparison.unlike]] if comparison.unlike else []
    if not comparison.unlike:
        standings = [row.standing for row in comparison.ranking]
        warnings += constant_warnings(standings, comparison.metric, "contender")
    warnings += unequal_work(comparison)
    if comparison.flat_end is not None:
        warnings.append(flat_end_words(comparison.flat_end))
    return warnings


def _work_columns(comparison: Comparison) -> list[Column]:
    """The columns of the first table.

    A surface without noise has no columns that count examples.
    """
    columns: list[Column] = [
        ("batch", lambda row: f"{row.batch:,}"),
        ("updates", lambda row: amount_text(row.to_target["updates"])),
        ("gradients", lambda row: amount_text(row.to_target["gradients"])),
        ("epochs", lambda row: epochs_text(row.to_target["epochs"])),
        ("seconds", lambda row: _seconds(row.to_target.get("seconds"))),
        ("reached", lambda row: f"{row.reached} of {row.standing.runs}"),
    ]
    without = ("batch", "gradients", "epochs") if comparison.plan.noiseless else ()
    return [column for column in columns if column[0] not in without]


def _result_columns(comparison: Comparison) -> list[Column]:
    metric, digits = comparison.metric, digits_of(comparison)
    tested = test_result(comparison)
    columns = (
        []
        if tested is None
        else [(Metric(tested).words, lambda row: test_text(row.standing, tested))]
    )
    return [
        (metric.words, lambda row: _median(row, metric, digits)),
        ("quartiles", lambda row: spread_cells(row.standing, metric)[1]),
        ("interval", lambda row: spread_cells(row.standing, metric)[2]),
        # After the spread of the metric, which would otherwise look like that of the test part.
        *columns,
        ("diverged", lambda row: f"{row.standing.diverged} of {row.standing.runs}"),
        ("symptom", lambda row: row.standing.symptom_words or HEALTHY),
    ]


def test_result(found: Sweep | Comparison) -> str | None:
    """The name of the quantity of the test part to show beside the metric; None if not measured.

    It is test_loss if the metric is a loss, else the metric itself. In studies of earlier versions,
    which did not measure it, it is test_accuracy or test_loss. This quantity never ranks the
    contenders: a test part that chooses one no longer measures how well it generalises.
    """
    own = f"test_{found.metric.quantity}"
    names = ("test_loss",) if found.metric.is_loss else (own, "test_accuracy", "test_loss")
    results = [result for standing in standings_of(found) for result in standing.results]
    return next(
        (name for name in names if any(each.number(name) is not None for each in results)), None
    )


def test_text(standing: Standing, name: str) -> str:
    """The median over seeds of a quantity of the test part, as text.

    A run that diverged counts as one with the worst value. MISSING if half of the runs or more did.
    """
    sign = Metric(name).sign
    values = [None if each.diverged else each.number(name) for each in standing.results]
    median = quantile([math.inf if each is None else sign * each for each in values], 0.5)
    return quantity(sign * median) if math.isfinite(median) else MISSING


def _rate_column(comparison: Comparison) -> list[Column]:
    """The column of learning rates; empty if all contenders have the same optimizer and options.

    The line above the tables then has the rate.
    """
    optimizers = [row.standing.candidate.experiment.optimizer for row in comparison.contenders]
    if all(each == optimizers[0] for each in optimizers):
        return []
    return [("lr", lambda row: quantity(row.standing.candidate.experiment.optimizer.options["lr"]))]


def _course_columns(scale: CurveScale | None, digits: int) -> list[Column]:
    return [
        ("train loss", lambda row: _median_loss(row, digits)),
        ("quartiles", _loss_quartiles),
        ("loss rose", lambda row: percent(row.rising)),
        ("curve", lambda row: scale.curve(row.standing) if scale else ""),
    ]


def _table(
    comparison: Comparison, columns: Sequence[Column], rows: Sequence[Contender] = ()
) -> FittingTable:
    """A table with a row for each contender, and as many of the columns as fit the terminal.

    rows: the contenders in the order of the rows; empty for the order of the ranking.
    """
    rows = rows or comparison.ranking
    seeds = len(comparison.plan.seeds)
    left_out = {"quartiles"} if seeds == 1 else set()
    left_out |= {"interval"} if seeds < FEWEST_SEEDS else set()
    return fitting(_rows(rows, [each for each in columns if each[0] not in left_out]), OPTIONAL)


def _rows(rows: Sequence[Contender], columns: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("contender", overflow="fold")
    for heading, _ in columns:
        justify: JustifyMethod = "left" if heading in ("symptom", "curve") else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(Name(_marked_name(row)), *(cell(row) for _, cell in columns))
    return table


def _marked_name(row: Contender) -> str:
    """The name of a contender, with a mark if its tuning ended at the edge of the values tried."""
    return f"{row.name} {AT_EDGE}" if row.tuning and row.tuning.at_edge else row.name


def amount_text(amount: float) -> str:
    """The number of updates or gradients to the target, as text; NEVER for an infinite number."""
    return f"{amount:,.0f}" if math.isfinite(amount) else NEVER


def _seconds(seconds: float | None) -> str:
    return NEVER if seconds is not None and math.isinf(seconds) else duration(seconds)


def _loss_quartiles(row: Contender) -> str:
    """The quartiles over seeds of the final training loss, in which a diverged run counts as ∞."""
    lower, upper = (row.standing.quantile_of("train_loss", share) for share in (0.25, 0.75))
    if math.isinf(lower):
        return MISSING
    return range_text(lower, upper, row.standing.quantile_of("train_loss", 0.5))


def _median_loss(row: Contender, digits: int) -> str:
    """The median over seeds of the final training loss; MISSING if half of the runs diverged."""
    value = row.standing.quantile_of("train_loss", 0.5)
    return quantity(value, digits) if math.isfinite(value) else MISSING


def _median(row: Contender, metric: Metric, digits: int) -> str:
    """The median over seeds of the metric; MISSING if too many runs diverged."""
    standing = row.standing
    if not standing.finite:
        return MISSING
    return quantity(metric.value(standing.spread.median), digits)
