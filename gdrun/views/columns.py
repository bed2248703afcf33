"""The view of `gdrun inspect`: a table of columns, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from gdrun.config.scalars import printable
from gdrun.data.column_ranges import ColumnRange
from gdrun.data.column_report import ColumnReport
from gdrun.data.inspection import Inspection
from gdrun.views.fitting import fits, left_out_line
from gdrun.views.names import Name
from gdrun.views.numbers import count

MOST_CLASSES = 10
"""The largest number of classes whose rows are shown."""

MOST_COLUMNS = 60
"""The largest number of columns that the table shows; the others are counted."""

FULL_WIDTH = 64
"""The smallest width of a terminal, in characters, at which the table has all its columns, even if
it needs to fold names.
"""

WHOLE_WIDTH = 110
"""The smallest width of a terminal at which the table also has the ranges, even if it needs to fold
them. On a narrower terminal they are in this table only if nothing is folded.
"""

RANGE = "range or labels"
"""The heading of the ranges."""

LONGEST_LABEL = 24
"""The largest number of characters of a label among the most frequent ones; it is cut off."""

MOST_LABELS = 10
"""The largest number of labels of a column in the JSON document."""

IN_DOUBT = "whole numbers taken for classes; task=regression predicts them as numbers"


def inspection_view(found: Inspection) -> RenderableType:
    """A table of the columns; below it their ranges, the target, the missing values, and notes."""
    table = _ColumnTable(found)
    parts: list[RenderableType] = [table, ""]
    if len(found.columns) > MOST_COLUMNS:
        rest = count(len(found.columns) - MOST_COLUMNS, "more column")
        parts.insert(1, Text(f"and {rest}", style="dim"))
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    for label, text in _lines(found):
        lines.add_row(f"  {label}", Text(text))
    parts.append(lines)
    parts += [Text(f"note: {note}", style="dim") for note in found.notes]
    return Group(*parts)


class _ColumnTable:
    """The table of columns, with their ranges if the terminal is wide enough.

    Otherwise the ranges are a second table. On a narrow terminal the first table has no counts, so
    that words are not broken.
    """

    def __init__(self, found: Inspection) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        everything = _table(self._found, counts=True, ranges=True)
        if options.max_width >= WHOLE_WIDTH or fits(everything, console, options):
            yield everything
            return
        whole = _table(self._found, counts=True)
        counts = options.max_width >= FULL_WIDTH or fits(whole, console, options)
        table = whole if counts else _table(self._found, counts=False)
        yield table
        yield from left_out_line(console, whole, table)
        if any(_range_text(self._found, report) for report in _shown(self._found)):
            yield ""
            yield _range_table(self._found)


def _shown(found: Inspection) -> Sequence[ColumnReport]:
    return found.columns[:MOST_COLUMNS]


def _table(found: Inspection, *, counts: bool, ranges: bool = False) -> Table:
    """A row for each of the first MOST_COLUMNS columns.

    counts: whether there are columns for values and missing values. ranges: whether there is one
    for ranges.
    """
    table = _table_of_names()
    table.add_column("kind", no_wrap=True)
    if counts:
        table.add_column("values", justify="right", no_wrap=True)
        table.add_column("missing", justify="right", no_wrap=True)
    if ranges:
        longest = max(len(_range_text(found, report)) for report in _shown(found))
        table.add_column(RANGE, overflow="fold", min_width=min(longest, 24))
    longest = max(len(printable(each.becomes)) for each in _shown(found))
    table.add_column("becomes", overflow="fold", min_width=min(longest, 28 if counts else 12))
    for report in _shown(found):
        values = found.values.get(report.name)
        numbers = [
            "–" if values is None else f"{values:,}",
            f"{report.missing:,}" if report.missing else "",
        ]
        table.add_row(
            Name(printable(report.name)),
            report.kind,
            *(numbers if counts else []),
            *([Name(_range_text(found, report))] if ranges else []),
            Name(printable(report.becomes)),
        )
    return table


def _table_of_names() -> Table:
    """An empty table with the column of names."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("column", overflow="fold", max_width=24)
    return table


def _range_table(found: Inspection) -> Table:
    """A row for each of the first MOST_COLUMNS columns that has a range."""
    table = _table_of_names()
    table.add_column(RANGE, overflow="fold")
    for report in _shown(found):
        if text := _range_text(found, report):
            table.add_row(Name(printable(report.name)), Name(text))
    return table


def _range_text(found: Inspection, report: ColumnReport) -> str:
    """The limits of a column, or its most frequent labels with their numbers of rows.

    Empty for a target whose limits or classes are below the table, and without a range.
    """
    known = found.ranges.get(report.name)
    below = report.name == found.target and (found.limits or found.classes)
    if known is None or below:
        return ""
    if known.limits is not None:
        return _limits(*known.limits)
    parts = [f"{_short(each)} ({rows:,})" for each, rows in islice(known.labels.items(), 3)]
    return ", ".join([*parts, *(["…"] if len(known.labels) > len(parts) else [])])


def _limits(low: float | str, high: float | str) -> str:
    """The two ends of a range as text; one of them, if they are equal.

    A whole number has all its digits, so that it can be searched for in the file.

    >>> _limits(-1, 1250000), _limits(0.1, 0.123456789), _limits(5, 5), _limits(100000.1, 100000.2)
    ('-1 … 1250000', '0.1 … 0.123457', '5', '100000.1 … 100000.2')
    """
    ends = [_end(each, 6) for each in (low, high)]
    if ends[0] == ends[1] and low != high:
        ends = [_end(each, 15) for each in (low, high)]
    return " … ".join(dict.fromkeys(ends))


def _end(value: float | str, digits: int) -> str:
    if isinstance(value, str):
        return value
    whole = value == round(value) and abs(value) < 1e15
    return f"{value:.0f}" if whole else f"{value:.{digits}g}"


def _short(label: str) -> str:
    text = printable(" ".join(label.split()))
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _lines(found: Inspection) -> list[tuple[str, str]]:
    rows = count(found.rows, "row")
    lines = [("rows", f"{rows}, {count(found.features, 'feature')}" if found.features else rows)]
    if found.repeated:
        equal = "equal to an earlier row in the features and the target"
        lines.append(("repeated", f"{found.repeated:,} of {rows} {equal}"))
    lines.append(("target", f"{found.target}{_target(found)}"))
    if found.in_doubt:
        lines.append(("", IN_DOUBT))
    for name, file in found.files.items():
        text = f"{file.path}: {count(file.rows, 'row')}"
        if file.repeated:
            text += f", {file.repeated:,} equal to a row of the training file"
        lines.append((name, text))
    words = ", ".join(
        (mark or "an empty cell") if isinstance(mark, str) else f"{mark:.15g}"
        for mark in found.marks.listed
    )
    if any(report.missing for report in found.columns):
        lines.append(("missing", f"{words} (missing_values changes this list)"))
    return lines


def _target(found: Inspection) -> str:
    if found.limits is not None:
        low, high = found.limits
        return f": regression, from {low:.6g} to {high:.6g}"
    if not found.classes:
        return ""
    shown = [f"{label} ({rows:,})" for label, rows in found.classes.items()][:MOST_CLASSES]
    more = len(found.classes) - len(shown)
    listed = ", ".join([*shown, *([f"and {more} more"] if more else [])])
    positive = f"; positive: {found.positive}" if found.positive is not None else ""
    return f": classification, {len(found.classes):,} classes: {listed}{positive}"


def inspection_data(found: Inspection) -> dict[str, Any]:
    """The JSON document of `gdrun inspect`."""
    return {
        "rows": found.rows,
        "columns": [
            {
                "name": report.name,
                "kind": report.kind,
                "missing": report.missing,
                "values": found.values.get(report.name),
                **_range_data(found.ranges.get(report.name, NO_RANGE)),
                "becomes": report.becomes,
                "features": list(report.features),
            }
            for report in found.columns
        ],
        "target": found.target,
        "task": found.task,
        "classes": dict(found.classes),
        "positive": found.positive,
        "range": found.limits,
        "features": found.features,
        "repeated_rows": found.repeated,
        "files": {name: asdict(file) for name, file in found.files.items()},
        "missing_values": found.marks.listed,
        "notes": list(found.notes),
        "problems": [
            {"where": problem.where, "what": problem.what, "hint": problem.hint}
            for problem in found.problems
        ],
    }


def _range_data(known: ColumnRange) -> dict[str, Any]:
    return {
        "range": known.limits and list(known.limits),
        "most_frequent": dict(islice(known.labels.items(), MOST_LABELS)) or None,
    }


NO_RANGE = ColumnRange()
"""The range of a column of which no range is known."""
