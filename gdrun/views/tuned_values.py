"""The view of the tuning before a comparison: the values that were tried for each contender."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.study.design.trials import label
from gdrun.study.judgement.metrics import Metric
from gdrun.study.storage.records import StudyRecord
from gdrun.study.storage.row_records import StandingRow
from gdrun.views.fitting import fitting
from gdrun.views.names import Name
from gdrun.views.numbers import MISSING, count, quantity, range_text
from gdrun.views.study_notes import ROSE
from gdrun.views.sweeps import shown_value

CHOSEN = "chosen"
"""The mark of the values that the comparison uses."""

OPTIONAL = ("diverged", "rose", "range")
"""The columns that a narrow terminal leaves out; the first one is left out first."""

WIDEST_NAME = 22
"""The width of the column of contenders, in characters; a longer name is broken after a sign."""


def tuning_view(tuning: StudyRecord, comparison: StudyRecord) -> RenderableType:
    """A table with a row for each setting of each contender, the best of each contender first.

    tuning, comparison: their records, each from a study.json of its own. Settings of which no run
    has ended have no row.
    """
    rows: list[Any] = list(tuning.get("ranking", ()))
    order = list(dict.fromkeys(map(_contender, tuning["candidates"])))
    rows.sort(key=lambda row: (order.index(_contender(row)), row["rank"] or math.inf))
    chosen = _chosen(comparison)
    metric = Metric(tuning.get("metric", "validation_loss"))
    keys = dict.fromkeys(key for row in rows for key in row["settings"])
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("contender", min_width=len("contender"), max_width=WIDEST_NAME)
    rose = any(row.get("rose") for row in rows)
    counts = ("diverged", "rose") if rose else ("diverged",)
    for heading in (*(key.rpartition(".")[2] for key in keys), metric.words, "range", *counts):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        name, settings = _contender(row), row["settings"]
        values = [shown_value(settings[key]) if key in settings else "" for key in keys]
        mark = CHOSEN if chosen.get(name) == settings else ""
        numbers = [f"{row.get(heading, 0)} of {row['runs']}" for heading in counts]
        table.add_row(Name(name), *values, *_median(row), *numbers, mark)
    seeds = count(len(tuning["seeds"]), "tuning seed")
    heading = f"values tried for each contender, the best first (medians over {seeds})"
    last = f"with half of its runs or more, a setting comes last, whatever its {metric.words}"
    legend = [Text(f"\nrose: runs that {ROSE}; {last}", style="dim")] if rose else []
    return Group(heading, "", fitting(table, OPTIONAL), *legend)


def _contender(row: Mapping[str, Any]) -> str:
    """The name of a candidate's contender: the candidate's name without the settings at its end."""
    return str(row["name"]).removesuffix(f" {label(row['settings'])}")


def _chosen(comparison: StudyRecord) -> dict[str, Any]:
    """The settings that tuning chose, by the contender's name; empty for an unfinished study."""
    rows: list[Any] = list(comparison.get("ranking", ()))
    return {row["name"]: row["tuning"]["chosen"] for row in rows if row.get("tuning")}


def _median(row: StandingRow) -> tuple[str, str]:
    """The median of the metric, and the range of its values over the seeds."""
    known = [value for value in row["values"] if math.isfinite(value)]
    if not math.isfinite(row["median"]) or not known:
        return MISSING, MISSING
    return quantity(row["median"]), range_text(min(known), max(known), row["median"])
