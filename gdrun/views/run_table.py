"""The list of runs as a table, and that of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gdrun.views.fitting import Fitting
from gdrun.views.numbers import percent, quantity

Rows = Sequence[Mapping[str, Any]]

_CELLS = {
    "train loss": lambda row: quantity(row.get("train_loss")),
    "val loss": lambda row: quantity(row.get("validation_loss")),
    "test acc": lambda row: percent(row.get("test_accuracy")),
}
_CHOICES = (("train loss", "val loss", "test acc"), ("val loss", "test acc"), ("val loss",), ())


def runs_table(rows: Rows, out: Path, *, filtered: bool = False) -> RenderableType:
    """One line a run; the id can be typed to `gdrun show`. filtered: whether there may be more."""
    if rows:
        return _RunsTable(rows)
    if filtered:
        return Text(f"no runs like that in {out}")
    return Text(f"no runs in {out}; `gdrun train` leaves one")


def studies_table(rows: Rows) -> RenderableType:
    """One line a sweep or comparison, with the best that it found."""
    choices = (("runs", "best"), ("best",), ())
    return Fitting(*(_studies(rows, headings) for headings in choices))


def _studies(rows: Rows, headings: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("study", overflow="fold")
    table.add_column("status", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right" if heading == "runs" else "left", no_wrap=True)
    for row in rows:
        bad = row["status"] in ("failed", "damaged")
        cells = {"runs": str(row.get("trials", "")), "best": row.get("best") or ""}
        status = Text(row["status"], style="red" if bad else "")
        table.add_row(row["id"], status, *(cells[heading] for heading in headings))
    return table


@dataclass(frozen=True)
class _RunsTable:
    """As many columns as there is room for, so that ids stay whole."""

    rows: Rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        tables = (_table(self.rows, headings) for headings in _CHOICES)
        room = options.max_width
        boundless = options.update(width=10 * room)
        fitting = (
            table for table in tables if Measurement.get(console, boundless, table).maximum <= room
        )
        yield next(fitting, _table(self.rows, ()))


def _table(rows: Rows, headings: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("run", overflow="fold")
    table.add_column("status", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        bad = row["status"] in ("diverged", "failed", "damaged")
        status = Text(row["status"], style="red" if bad else "")
        table.add_row(row["id"], status, *(_CELLS[heading](row) for heading in headings))
    return table
