"""A comparison on screen: the way to the target, the end of it, and how sure the ranking is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.study.design.trials import Candidate
from gdrun.study.judgement.comparison import Comparison, Contender
from gdrun.views.fitting import Fitting
from gdrun.views.numbers import count, duration, percent, quantity
from gdrun.views.sweeps import (
    NEVER,
    UNLIKE,
    curve,
    shown_value,
    spread_cells,
    warning_lines,
    when,
    work_line,
)

Column = tuple[str, Callable[[Contender], str]]

DISPENSABLE = (
    "updates",
    "quartiles",
    "batch",
    "gradients",
    "curve",
    "95 % interval",
    "seconds",
    "uphill steps",
)
"""Columns that a narrow terminal goes without, the first ones first."""

UPHILL = "steps on a higher batch loss than the step before; of small batches half are, by chance"

OF_SEVERAL = ("quartiles", "95 % interval")
"""Columns that one seed has nothing to say in."""


def comparison_result(comparison: Comparison, spell: Callable[[str], str] = str) -> RenderableType:
    """All that a comparison shows, the best contender first.

    spell: how a note writes the arguments that it names in backticks.
    """
    parts: list[RenderableType] = []
    if comparison.target is not None:
        seeds = len(comparison.plan.seeds)
        over = f"medians over {seeds} seeds" if seeds > 1 else "under one seed"
        head = f"until {comparison.target.sentence} ({over})"
        parts += [Text(head, style="bold"), _table(comparison, _way(comparison)), ""]
    parts += [Text("at the end", style="bold"), _table(comparison, _end(comparison)), ""]
    parts += [Text("the descent", style="bold"), _table(comparison, _descent()), ""]
    notes = Table.grid(padding=(0, 2))
    notes.add_column(style="dim", no_wrap=True)
    notes.add_column()
    for label, text in _notes(comparison):
        notes.add_row(label, spell(text))
    warnings = [UNLIKE[comparison.unlike]] if comparison.unlike else []
    return Group(*parts, notes, *warning_lines(warnings))


def _way(comparison: Comparison) -> list[Column]:
    seeds = len(comparison.plan.seeds)
    return [
        ("batch", lambda row: f"{row.batch:,}"),
        ("updates", lambda row: _amount(row.to_target["updates"])),
        ("gradients", lambda row: _amount(row.to_target["gradients"])),
        ("epochs", lambda row: when(row.to_target["epochs"])),
        ("seconds", lambda row: _seconds(row.to_target.get("seconds"))),
        ("reached", lambda row: f"{row.reached} of {seeds}"),
    ]


def _end(comparison: Comparison) -> list[Column]:
    metric = comparison.metric
    return [
        (metric.words, lambda row: spread_cells(row.standing, metric)[0]),
        ("quartiles", lambda row: spread_cells(row.standing, metric)[1]),
        ("95 % interval", lambda row: spread_cells(row.standing, metric)[2]),
        ("diverged", lambda row: f"{row.standing.diverged} of {len(row.standing.results)}"),
    ]


def _descent() -> list[Column]:
    return [
        ("train loss", lambda row: _loss(row, 0.5)),
        ("quartiles", lambda row: f"{_loss(row, 0.25)} … {_loss(row, 0.75)}"),
        ("uphill steps", lambda row: percent(row.rising)),
        ("curve", lambda row: curve(row.standing)),
    ]


def _table(comparison: Comparison, columns: Sequence[Column]) -> RenderableType:
    """The table, with as many of its columns as there is room for."""
    without = set(OF_SEVERAL) if len(comparison.plan.seeds) == 1 else set()
    views = []
    for heading in ("", *DISPENSABLE):
        without |= {heading}
        views.append(_rows(comparison, [each for each in columns if each[0] not in without]))
    return Fitting(*views)


def _rows(comparison: Comparison, columns: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("contender", overflow="fold")
    for heading, _ in columns:
        justify: JustifyMethod = "left" if heading == "curve" else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in comparison.ranking:
        table.add_row(row.name, *(cell(row) for _, cell in columns))
    return table


def _notes(comparison: Comparison) -> list[tuple[str, str]]:
    notes = []
    if (found := comparison.improvement) is not None:
        low, high = (percent(share) for share in found.interval)
        text = f"a run of {found.first} beats one of {found.second} in {percent(found.probability)}"
        notes.append(("surely?", f"{text} of pairs, 95 % interval {low} to {high}"))
    elif len(comparison.plan.seeds) == 1:
        notes.append(("surely?", "one seed cannot tell: `seeds=5` repeats every run under five"))
    notes += [("the same", text) for text in _twins(comparison.plan.candidates)]
    notes += [("tuning", _tuning(row)) for row in comparison.contenders if row.tuning is not None]
    if comparison.tuning_work is None:
        notes.append(("tuning", 'none, each as it is set: `tune="lr"` finds the best rate of each'))
    notes.append(("uphill", UPHILL))
    notes.append(("seconds", f"of updates, each contender timed alone{_engines(comparison)}"))
    if comparison.tuning_work is not None:
        notes.append(("tuned by", work_line(comparison.tuning_work)))
    notes.append(("work", work_line(comparison.work)))
    return notes


def _engines(comparison: Comparison) -> str:
    """Which engine ran whom, where not all had the same."""
    used = {row.name: row.standing.results[0].record["engine"] for row in comparison.contenders}
    if len(set(used.values())) < 2:
        return ""
    return f"; not by one engine: {', '.join(f'{name} {used[name]}' for name in used)}"


def _twins(candidates: Sequence[Candidate]) -> Iterator[str]:
    """Contenders that do not differ, because the config chooses already what one of them names."""
    for place, one in enumerate(candidates):
        for other in candidates[place + 1 :]:
            if one.experiment == other.experiment:
                yield f"{one.name} and {other.name} are one experiment under two names"


def _tuning(row: Contender) -> str:
    tuning = row.tuning
    assert tuning is not None
    budget = f"{tuning.settings} settings × {count(tuning.seeds, 'seed')} of their own"
    if not tuning.chosen:
        return f"{row.name}: every run of {budget} failed; it stays as it was"
    chosen = ", ".join(f"{key} {shown_value(value)}" for key, value in tuning.chosen.items())
    edge = f"; {', '.join(tuning.at_edge)} at the edge of what was tried" if tuning.at_edge else ""
    return f"{row.name}: {chosen}, the best of {budget}{edge}"


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if math.isfinite(amount) else NEVER


def _seconds(seconds: float | None) -> str:
    return NEVER if seconds is not None and math.isinf(seconds) else duration(seconds)


def _loss(row: Contender, share: float) -> str:
    value = row.standing.quantile_of("train_loss", share)
    return quantity(value, 3) if math.isfinite(value) else "∞"
