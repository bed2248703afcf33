"""The layout of a CSV file: its separator, its header and its number of columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gdrun.data.column_names import ColumnNames
from gdrun.data.csv_header import (
    has_numbers_as_names,
    is_header,
    is_number,
    require_good_names,
    require_no_names,
    require_one_header,
)
from gdrun.data.ragged_rows import require_no_arff, row_width
from gdrun.data.text_files import TextFile, undecodable
from gdrun.errors import DataError

READING = ("header", "decimal", "encoding")
"""The options of read_csv that also apply to files of new rows: they say how text is written."""

DELIMITERS = ",;\t|"
BLANKS = " "
"""The separator of a file whose fields are separated by any number of blanks and tabs."""
SAMPLE_LINES = 50
"""The number of lines at the start of a file from which its layout is guessed."""
SAMPLE_CHARACTERS = 2**25
"""A sample ends with the line that brings it to more characters than this."""
LONGEST_LINE = 2**24
"""The largest number of bytes of one line: 16 MB."""
MOST_COLUMNS = 100_000
"""The largest number of columns of a file."""
JUDGED_CELLS = 20_000
"""About the number of cells that are examined for the share of numbers, at equal distances."""


@dataclass(frozen=True)
class CsvLayout(ColumnNames):
    """The layout of a file, as guessed from its first lines.

    skip: the number of lines before the first row of data. notes: sentences for the user. padded:
    by position, for each column with leading zeros, one number that has them, such as 00131.
    numeric: the positions of the columns with a number in each of these lines.
    """

    delimiter: str
    skip: int
    notes: tuple[str, ...] = ()
    padded: Mapping[int, str] = field(default_factory=dict)
    numeric: frozenset[int] = frozenset()


def read_layout(
    file: TextFile, header: bool | None = None, *, model: Collection[str] | None = None
) -> CsvLayout:
    """The layout of a file, guessed from its first lines.

    header: whether the first row holds the column names; None guesses from its content. model: the
    names of the columns of a trained model, for which these are new rows; None for other data. The
    user cannot set `header` for new rows; a guess then takes only a row with one of the names for a
    header.
    Raises DataError if the file cannot be read, has no row of data, or uses a column name twice; if
    its first lines are comments or a title, or its header does not fit its rows; and, if `header`
    is None, if the first row may be a header or an example.
    """
    sample, whole = _first_lines(file)
    # Excel writes and reads a first line such as sep=; which names the separator.
    named = re.fullmatch(r'"?sep=(.)"?\s*', sample[0]) if sample else None
    if named:
        sample[0] = "\n"
    delimiter = named[1] if named else _delimiter(sample)
    if sample and sample[0].count(delimiter) >= MOST_COLUMNS:
        raise DataError(
            f"has {sample[0].count(delimiter) + 1:,} columns; gdrun reads up to {MOST_COLUMNS:,}",
            where=file.where,
            hint="save the numbers with numpy.savez('train.npz', X=X, y=y), and give that file",
        )
    rows, ends = _sample_rows(sample, delimiter, file.where, whole=whole)
    if not rows:
        raise DataError(
            "is empty", where=file.where, hint="write one row for each example, with its target"
        )
    require_no_arff(rows, ends, file.where)
    width = row_width(rows, ends, file.where)
    first, skip = rows[0][:width], 1 if named else 0
    stated = header
    clear_header = stated is None and is_header(rows)
    if header is None:
        header = clear_header or has_numbers_as_names(rows)
        if model is not None:
            header = header and not set(model).isdisjoint(first)
    if not header:
        if stated is None and model is None:
            require_no_names(rows, f"{file.where}:{ends[0]}")
        return _with_kinds(CsvLayout((), width, delimiter, skip), rows)
    if len(rows) == 1:
        hint = "add a row for each example"
        if model is None:
            hint += "; or set header: false if the first row is an example"
        raise DataError("has a header but no examples", where=file.where, hint=hint)
    require_one_header(rows, ends, file.where)
    notes: tuple[str, ...] = ()
    if stated is None and not clear_header:
        notes = (
            f"the first row, {', '.join(filter(None, first))}, holds the names of the columns; "
            "header: false reads it as an example",
        )
    layout = _with_kinds(CsvLayout(tuple(first), width, delimiter, ends[0], notes), rows[1:])
    require_good_names(layout.names, f"{file.where}:{layout.skip}")
    return layout


def _with_kinds(layout: CsvLayout, rows: Sequence[Sequence[str]]) -> CsvLayout:
    """The layout with what the first rows below the header show of the columns."""
    columns = enumerate(zip(*rows, strict=False))
    # With a decimal comma or a point, as the file has it.
    numeric = frozenset(j for j, cells in columns if all(is_number(each, ";") for each in cells))
    return replace(layout, padded=_zeros_in_front(rows), numeric=numeric)


def _zeros_in_front(rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """For each column of whole numbers with leading zeros, by position, one such number."""
    found = {}
    for column, cells in enumerate(zip(*rows, strict=False)):
        padded = [cell.strip() for cell in cells if re.fullmatch(r"\s*0\d{1,30}\s*", cell)]
        if padded and all(not cell.strip() or cell.strip().isdecimal() for cell in cells):
            found[column] = padded[0]
    return found


def _first_lines(file: TextFile) -> tuple[list[str], bool]:
    """The first lines of a file, and whether these are all its lines.

    Raises DataError for a line that is too long. Such a line is not read to its end.
    """
    found: list[str] = []
    characters = 0
    try:
        # utf-8-sig skips the byte order mark that spreadsheet programs write.
        with file.path.open(encoding="utf-8-sig", newline="") as lines:
            while len(found) < SAMPLE_LINES and characters <= SAMPLE_CHARACTERS:
                if not (line := lines.readline(LONGEST_LINE + 1)):
                    return found, True
                if len(line) > LONGEST_LINE:
                    raise too_long("line", f"{file.where}:{len(found) + 1}")
                found.append(line)
                characters += len(line)
    except UnicodeDecodeError:
        raise undecodable(file) from None
    return found, False


def too_long(what: str, where: str) -> DataError:
    """The error for a line or a row, the word `what`, of more than LONGEST_LINE characters."""
    return DataError(
        f"this {what} has more than {LONGEST_LINE // 2**20} MB, so it is no row of a table",
        where=where,
        hint="give a text file with one row for each example",
    )


def split_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows in these lines, and for each row the number of lines up to its end.

    Raises csv.Error if the lines do not follow the CSV format.
    """
    blanks = delimiter == BLANKS
    source = map(_single_blanks, lines) if blanks else lines
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=not blanks, strict=True)
    for row in reader:
        yield reader.line_num, row


def _single_blanks(line: str) -> str:
    """A line with one blank between its fields, and none around them."""
    if '"' not in line:
        return " ".join(line.split()) + "\n"
    return re.sub(r'("[^"]*")|\s+', lambda found: found[1] or " ", line).strip() + "\n"


def _sample_rows(
    sample: Sequence[str], delimiter: str, where: str, *, whole: bool
) -> tuple[list[list[str]], list[int]]:
    """Return the cells of each row in the first lines of a file, and the line where the row ends.

    sample: the lines. where: the file in error messages. whole: whether these are all lines of the
    file. Empty rows are left out.
    """
    rows: list[list[str]] = []
    ends: list[int] = []
    end = 0
    try:
        for end, row in split_rows(sample, delimiter):
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                ends.append(end)
    except csv.Error as error:
        # A quoted field may go on after the sample.
        if whole or not rows or "unexpected end" not in str(error):
            raise malformed(error, f"{where}:{end + 1}") from None
    return rows, ends


def malformed(error: csv.Error, where: str) -> DataError:
    """Return the error for a row that does not follow the CSV format.

    error: what the module csv reported. where: the file and the line.
    """
    return DataError(
        f"this row cannot be read: {error}",
        where=where,
        hint='close every quote; write a quote inside a quoted field as ""',
    )


def _delimiter(sample: Sequence[str]) -> str:
    """Return the separator of the lines in `sample`: the one that gives most rows the same width.

    If several separators do so equally well, the one with the largest share of numbers is chosen,
    then the one with the most columns. The share of numbers comes first, because a comma may be the
    decimal sign. Blanks also occur within texts, so they are tried only if the best other separator
    gives no numbers, or if they alone give all rows the same width.
    """
    lines = sum(not line.isspace() for line in sample)

    def fit(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = [row for _, row in split_rows(sample, delimiter) if any(map(str.strip, row))]
        except csv.Error:
            rows = _lenient_rows(sample, delimiter)
        if not rows:
            return 0, 0, 1
        width, times = Counter(map(len, rows)).most_common(1)[0]
        if width == 1:
            return 0, 0, 1
        cells = [cell for row in rows for cell in row]
        judged = cells[:: max(len(cells) // JUDGED_CELLS, 1)]
        numbers = sum(is_number(cell, delimiter) for cell in judged)
        return times, numbers / len(judged), width

    fits = {delimiter: fit(delimiter) for delimiter in DELIMITERS}
    best = max(fits, key=fits.__getitem__)
    times, numbers, _ = fits[best]
    blanks = fit(BLANKS) if not numbers or times < lines else (0, 0.0, 1)
    enough = lines if numbers else times
    return BLANKS if blanks[1] and blanks[0] >= enough else best


def _lenient_rows(sample: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:  # The module csv refuses a cell longer than 131,072 characters.
        return []
