"""The tables of `gdrun runs`: the list of runs and the list of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import MISSING, percent, quantity
from gdrun.views.statuses import status_word

Rows = Sequence[Mapping[str, Any]]

_CELLS = {
    "train loss": lambda row: quantity(row.get("train_loss")),
    "val loss": lambda row: quantity(row.get("validation_loss")),
    "test acc": lambda row: percent(row.get("test_accuracy")),
}
_CHOICES = (("train loss", "val loss", "test acc"), ("val loss", "test acc"), ("val loss",), ())
"""The columns after id and status that the list of runs may have, from the widest choice to the
narrowest.
"""


def runs_table(rows: Rows, out: Path, *, filtered: bool = False) -> RenderableType:
    """A table with a row for each run, with the id for `gdrun show`; without runs, a sentence.

    rows: as `list_runs` returns them. out: the directory of the runs. filtered: whether the user
    gave filters.
    """
    if rows:
        # A narrow terminal gets fewer columns, so that it shows every id in full.
        return FirstThatFits(*(_table(rows, headings) for headings in _CHOICES))
    if filtered:
        return Text(f"no run in {out} matches the filters")
    return Text(f"there are no runs in {out}; `gdrun train` makes one")


def chosen_table(rows: Rows, columns: Sequence[str]) -> RenderableType:
    """A table with a row for each run: its id, and the values of these columns."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("run", overflow="fold")
    for name in columns:
        numeric = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(row["id"], *(_value(name, row.get(name)) for name in columns))
    return table


def _value(name: str, value: Any) -> str:
    if name.endswith("accuracy") and isinstance(value, float | None):
        return percent(value)
    if isinstance(value, list):
        return " ".join(map(str, value)) or MISSING
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else quantity(value)


def studies_table(rows: Rows) -> RenderableType:
    """A table with a row for each sweep or comparison, with the best setting or contender found.

    rows: as `list_studies` returns them.
    """
    choices = (("runs", "best"), ("best",), ())
    return FirstThatFits(*(_studies(rows, headings) for headings in choices))


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


def _table(rows: Rows, headings: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("run", overflow="fold")
    table.add_column("status", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        bad = row["status"] in ("diverged", "failed", "damaged")
        status = Text(status_word(row["status"]), style="red" if bad else "")
        # A diverged run has a test accuracy of its start, which would look like a result.
        shown = {} if row["status"] == "diverged" else row
        table.add_row(row["id"], status, *(_CELLS[heading](shown) for heading in headings))
    return table
