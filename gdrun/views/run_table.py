"""The tables of `gdrun runs`: the list of runs and the list of studies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
_DROPPED = ("train loss", "test acc", "val loss")
"""The columns of numbers in the order in which a narrow terminal leaves them out."""

SETTINGS = "settings"
"""The heading of the column of the settings in which the runs differ."""

SETTINGS_WIDTHS = (80, 60, 40, 30, 20)
"""The widths that this column may have, from the widest to the narrowest."""


def runs_table(
    rows: Rows, out: Path, settings: Sequence[Sequence[str]], *, filtered: bool = False
) -> RenderableType:
    """A table with a row for each run, with the id for `gdrun show`; without runs, a sentence.

    rows: as `list_runs` returns them. out: the directory of the runs. settings: for each run those
    in which the runs differ, from the most important one. filtered: whether the user gave filters.
    """
    if rows:
        # A narrow terminal gets fewer columns, so that it shows every id in full.
        choices = _choices(rows)
        columns = {"run": _joined(Text(row["id"]) for row in rows)}
        columns |= {each: _joined(_cell(row, each) for row in rows) for each in choices[0]}
        widths = [width for width in SETTINGS_WIDTHS if any(settings)]
        widest = [_table(columns, choices[0], _abridged(settings, width)) for width in widths]
        return FirstThatFits(*widest, *(_table(columns, each, None) for each in choices))
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
    tags = ("tags",) if any(row.get("tags") for row in rows) else ()
    choices = (("status", "runs", "best", *tags), ("status", "best", *tags), ("status", *tags), ())
    return FirstThatFits(*(_studies(rows, headings) for headings in choices))


def _studies(rows: Rows, headings: Sequence[str]) -> Table:
    table = _empty("study", headings, right=("runs",))
    for row in rows:
        bad = row["status"] in ("failed", "damaged")
        cells: dict[str, str | Text] = {
            "status": Text(row["status"], style="red" if bad else ""),
            "runs": str(row.get("trials", "")),
            "best": row.get("best") or "",
            "tags": " ".join(row.get("tags", ())),
        }
        table.add_row(row["id"], *(cells[heading] for heading in headings))
    return table


def _choices(rows: Rows) -> list[list[str]]:
    """The columns after the id, from the widest choice to the narrowest.

    Columns without any number, and tags if no run has one, are left out of all choices. Of the
    columns of numbers, the most important one is left out last.
    """
    measured = [
        heading
        for heading, cell in _CELLS.items()
        if any(row["status"] != "diverged" and cell(row) != MISSING for row in rows)
    ]
    dropped = [heading for heading in _DROPPED if heading in measured]
    kept = [[heading for heading in measured if heading not in dropped[:n]] for n in range(3)]
    tags = ["tags"] if any(row.get("tags") for row in rows) else []
    return [*(["status", *each, *tags] for each in kept if each), ["status", *tags], []]


def _abridged(settings: Sequence[Sequence[str]], width: int) -> Text:
    """The settings of each run in one line of this width, without those that do not fit.

    No value is cut off, because a part of a number would look like another number.
    """
    lines = []
    for texts in settings:
        fits = [n for n in range(len(texts) + 1) if len(" ".join(texts[:n])) + 2 <= width]
        shown = " ".join(texts[: fits[-1]])
        lines.append(Text(shown if fits[-1] == len(texts) else f"{shown} …".lstrip()))
    return _joined(lines)


def _joined(cells: Iterable[Text]) -> Text:
    """A column as one cell with all its lines; rich takes several times as long for many cells."""
    return Text("\n").join(cells)


def _table(columns: Mapping[str, Text], headings: Sequence[str], settings: Text | None) -> Table:
    """A table of runs with the columns of these headings, and that of the settings if there is one.

    columns: the joined cells by heading; the ids have the heading `run`.
    """
    more = [] if settings is None else [SETTINGS]
    table = _empty("run", [*headings, *more], right=tuple(_CELLS))
    last = [] if settings is None else [settings]
    table.add_row(columns["run"], *(columns[heading] for heading in headings), *last)
    return table


def _cell(row: Mapping[str, Any], heading: str) -> Text:
    if heading == "status":
        bad = row["status"] in ("diverged", "failed", "damaged")
        return Text(status_word(row["status"]), style="red" if bad else "")
    if heading == "tags":
        return Text(" ".join(row.get("tags", ())))
    # A diverged run has a test accuracy of its start, which would look like a result.
    return Text(_CELLS[heading]({} if row["status"] == "diverged" else row))


def _empty(first: str, headings: Sequence[str], right: Sequence[str]) -> Table:
    """A table without rows. first: the heading of the ids. right: the columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=True)
    return table
