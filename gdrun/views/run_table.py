"""The tables of `gdrun runs`: the list of runs and the list of studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import MISSING, percent, quantity
from gdrun.views.statuses import status_word

Rows = Sequence[Mapping[str, Any]]

_CELLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "train loss": lambda row: quantity(row.get("train_loss")),
    "val loss": lambda row: quantity(row.get("validation_loss")),
    "test acc": lambda row: percent(row.get("test_accuracy")),
}
_CHOICES = (
    ("status", "train loss", "val loss", "test acc"),
    ("status", "val loss", "test acc"),
    ("status", "val loss"),
    ("status",),
    (),
)
"""The columns after the id that the list of runs may have, from the widest choice to the narrowest.
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
    choices = (("status", "runs", "best"), ("status", "best"), ("status",), ())
    return FirstThatFits(*(_studies(rows, headings) for headings in choices))


def _studies(rows: Rows, headings: Sequence[str]) -> Table:
    table = _empty("study", headings, right=("runs",))
    for row in rows:
        bad = row["status"] in ("failed", "damaged")
        cells: dict[str, str | Text] = {
            "status": Text(row["status"], style="red" if bad else ""),
            "runs": str(row.get("trials", "")),
            "best": row.get("best") or "",
        }
        table.add_row(row["id"], *(cells[heading] for heading in headings))
    return table


def _table(rows: Rows, headings: Sequence[str]) -> Table:
    table = _empty("run", headings, right=tuple(_CELLS))
    columns = [[Text(row["id"]) for row in rows]]
    columns += [[_cell(row, heading) for row in rows] for heading in headings]
    # One cell with all lines of a column: for a cell a line, rich takes several times as long.
    table.add_row(*(Text("\n").join(column) for column in columns))
    return table


def _cell(row: Mapping[str, Any], heading: str) -> Text:
    if heading == "status":
        bad = row["status"] in ("diverged", "failed", "damaged")
        return Text(status_word(row["status"]), style="red" if bad else "")
    # A diverged run has a test accuracy of its start, which would look like a result.
    return Text(_CELLS[heading]({} if row["status"] == "diverged" else row))


def _empty(first: str, headings: Sequence[str], right: Sequence[str]) -> Table:
    """A table without rows. first: the heading of the ids. right: the columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=True)
    return table
