"""The tables of `gdrun runs`: the list of runs and the list of studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from gdrun.config.scalars import scalar_text
from gdrun.config.writing import short_flow
from gdrun.runs.statuses import status_word
from gdrun.views.fitting import USUAL_WIDTH, FirstThatFits, no_room
from gdrun.views.numbers import MISSING, percent, quantity

Rows = Sequence[Mapping[str, Any]]

_CELLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "train loss": lambda row: quantity(row.get("train_loss")),
    "val loss": lambda row: quantity(row.get("validation_loss")),
    "test acc": lambda row: percent(row.get("test_accuracy")),
}
_IMPORTANCE = ("val loss", "test acc", "train loss")
"""The columns of numbers, the most important one first; a narrow terminal leaves it out last.

A column that less than half of the runs have comes after the others.
"""

FIRST_SETTINGS = 3
"""How many settings are more important than a second column of numbers."""

MOST_NAMED = 6
"""The largest number of settings without a column that are named below the table."""

LONGEST = 50
"""The most characters of a mapping that is shown with its values."""

GAP = 2
"""The number of spaces between two columns."""


def runs_table(
    rows: Rows,
    out: Path,
    settings: Mapping[str, Sequence[Any]],
    *,
    filtered: bool = False,
    remedy: str = "",
) -> RenderableType:
    """A table with a row for each run, with the id for `gdrun show`; without runs, a sentence.

    rows: for each run the values of its record, config and summary by key. out: the directory of
    the runs. settings: those in which the runs differ, from the most important one, each with its
    value for every run; those that do not fit the terminal are named below the table. filtered:
    whether the user gave filters. remedy: how to see the settings that are only named.
    """
    if rows:
        return _RunsTable(rows, settings, remedy)
    if filtered:
        return Text(f"no run in {out} matches the filters")
    return Text(f"there are no runs in {out}; `gdrun train` makes one")


class _RunsTable:
    """The table of runs, with as many columns as fit the terminal, the most important ones first.

    No cell is cut off, because a part of a number would look like another number. On a terminal
    without room for the status and the first result, they are below the id of each run.
    """

    def __init__(self, rows: Rows, settings: Mapping[str, Sequence[Any]], remedy: str) -> None:
        ended = [row for row in rows if row["status"] != "diverged"]
        counts = {
            heading: sum(cell(row) != MISSING for row in ended) for heading, cell in _CELLS.items()
        }
        # A column that most rows leave empty comes after those that most rows have.
        measured = sorted(
            filter(counts.__getitem__, _IMPORTANCE),
            key=lambda heading: 2 * counts[heading] < len(ended),
        )
        tags = ["tags"] if any(row.get("tags") for row in rows) else []
        names = list(settings)
        self._settings = names
        self._remedy = remedy
        self._importance = ["status", *tags, *measured[:1], *names[:FIRST_SETTINGS]]
        self._importance += [*measured[1:], *names[FIRST_SETTINGS:]]
        numbers = [heading for heading in _CELLS if heading in measured]
        # Without these a table of settings would say nothing of the runs.
        self._results = {"status", *measured[:1]}
        self._below = ["status", *measured[:1], *tags]
        self._columns = {"run": [Text(row["id"]) for row in rows]}
        for heading in ("status", *numbers, *tags):
            self._columns[heading] = [_cell(row, heading) for row in rows]
        for name, values in settings.items():
            self._columns[name] = [Text(_setting(value)) for value in values]
        self._right = [*_CELLS, *(name for name in names if _are_numbers(settings[name]))]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = self._fitting(options.max_width)
        if not self._results <= set(shown):
            cells = {name: [each.plain for each in self._columns[name]] for name in self._below}
            yield _ValuesBelow([each.plain for each in self._columns["run"]], cells)
            if self._settings:
                yield from self._named(self._settings)
            return
        headings = [heading for heading in self._columns if heading in shown]
        table = _empty("run", headings[1:], self._right)
        # One cell with all lines of a column: rich takes several times as long for many cells.
        table.add_row(*(Text("\n").join(self._columns[heading]) for heading in headings))
        yield table
        others = [name for name in self._columns if name not in (*shown, *self._settings)]
        if others and console.width < USUAL_WIDTH:
            yield no_room(others)
        if left_out := [name for name in self._settings if name not in shown]:
            yield from self._named(left_out)

    def _named(self, left_out: Sequence[str]) -> Iterator[Text]:
        """The line on settings without a column."""
        words = [_left_out_words(left_out), *([self._remedy] if self._remedy else [])]
        yield Text(": ".join(words), style="dim")

    def _fitting(self, width: int) -> list[str]:
        """The headings of the columns that fit into this width, in characters."""
        shown, used = ["run"], self._width("run")
        for heading in self._importance:
            needed = GAP + self._width(heading)
            if used + needed <= width:
                shown.append(heading)
                used += needed
        return shown

    def _width(self, heading: str) -> int:
        return max(cell_len(heading), *(each.cell_len for each in self._columns[heading]))


def _left_out_words(names: Sequence[str]) -> str:
    """A sentence on the settings in which the runs differ and that have no column."""
    more = len(names) - MOST_NAMED
    listed = ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"the runs also differ in {listed}"


def _setting(value: Any) -> str:
    """The value of a setting; of a long mapping only its keys."""
    if value is None:
        return MISSING
    text = short_flow(value)
    if isinstance(value, Mapping) and cell_len(text) > LONGEST:
        return f"{{{', '.join(f'{scalar_text(key)}: …' for key in value)}}}"
    return text


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(
        isinstance(value, int | float | None) and not isinstance(value, bool) for value in values
    )


def chosen_table(rows: Rows, columns: Sequence[str]) -> RenderableType:
    """A table with a row for each run: its id, and the values of these columns.

    If the table is wider than the terminal, the values are below the id of each run.
    """
    cells = {name: [_value(name, row) for row in rows] for name in columns}
    numbers = [name for name in columns if _are_numbers([row.get(name) for row in rows])]
    table = _empty("run", columns, numbers)
    for row, *values in zip(rows, *cells.values(), strict=True):
        table.add_row(row["id"], *values)
    return FirstThatFits(table, _ValuesBelow([row["id"] for row in rows], cells))


class _ValuesBelow:
    """The id of each run, and below it the values of some columns with their names."""

    def __init__(self, ids: Sequence[str], cells: Mapping[str, Sequence[str]]) -> None:
        self._ids = ids
        self._entries: list[list[str]] = []
        for name, values in cells.items():
            width = max(map(cell_len, values))
            padded = (value + " " * (width - cell_len(value)) for value in values)
            self._entries.append([f"{name} {value}" for value in padded])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for run, *entries in zip(self._ids, *self._entries, strict=True):
            yield Text(run, overflow="fold")
            line = ""
            for entry in entries:
                longer = f"{line}  {entry}"
                if line and cell_len(longer.rstrip()) > options.max_width:
                    yield Text(line.rstrip(), overflow="fold")
                    longer = f"  {entry}"
                line = longer
            yield Text(line.rstrip(), overflow="fold")


def _value(name: str, row: Mapping[str, Any]) -> str:
    if name == "status":
        return status_word(row["status"], row.get("rule"))
    value = row.get(name)
    if name.endswith("accuracy") and isinstance(value, float | None):
        return percent(value)
    if isinstance(value, Mapping):
        return _setting(value)
    if isinstance(value, list):
        return " ".join(map(str, value)) or MISSING
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else quantity(value)


def studies_table(rows: Rows) -> RenderableType:
    """A table with a row for each sweep or comparison, with the best setting or contender found.

    rows: for each study its id, status, number of runs, best candidate and tags, by key.
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
            "runs": str(row.get("runs", "")),
            "best": row.get("best") or "",
            "tags": " ".join(row.get("tags", ())),
        }
        table.add_row(row["id"], *(cells[heading] for heading in headings))
    return table


def _cell(row: Mapping[str, Any], heading: str) -> Text:
    if heading == "status":
        bad = row["status"] in ("diverged", "failed", "damaged")
        return Text(status_word(row["status"], row.get("rule")), style="red" if bad else "")
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
