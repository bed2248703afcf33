"""Whether the first row of a CSV file holds the names of the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gdrun.data.cells import cell_value, control_character
from gdrun.data.text_files import undecoded_hint
from gdrun.errors import DataError

Rows = Sequence[Sequence[str]]

YEAR = re.compile(r"(1[89]|20)\d\d")
"""A year from 1800 to 2099."""


def is_number(cell: str, delimiter: str = ";") -> bool:
    """Whether a cell holds a number. A missing value is not a number here.

    With semicolons as separators the decimal sign may be a comma.
    """
    # A header may use NA or None as a name: NA can be sodium.
    value = cell_value(cell)
    if value is None and delimiter == ";":
        value = cell_value(cell, ",")
    return value is not None and value == value


def is_header(rows: Rows) -> bool:
    """Whether the first row is a header: it has no number, and no text that its column repeats."""
    first, rest = rows[0], rows[1:]
    if any(is_number(cell) for cell in first):
        return False
    below = ({row[j] for row in rest if j < len(row)} for j in range(len(first)))
    return not any(cell and cell in column for cell, column in zip(first, below, strict=True))


def has_numbers_as_names(rows: Rows) -> bool:
    """Whether the first row has numbers that are names.

    They count the columns, as in 0, 1, 2, or are years above values that are no years. No text of
    the row occurs again in its column.
    """
    first, rest = rows[0], rows[1:]
    numbers = [j for j, cell in enumerate(first) if is_number(cell)]
    texts = [j for j, cell in enumerate(first) if cell and j not in numbers]
    if not rest or any(len(row) > j and row[j] == first[j] for j in texts for row in rest):
        return False
    if len(numbers) < 2 or (len(numbers) < 3 and not texts and first[0]):
        return False
    return _count_columns(first, numbers, named=bool(texts)) or _are_years(rows, numbers)


def _count_columns(first: Sequence[str], numbers: Sequence[int], *, named: bool) -> bool:
    """Whether the numbers of the first row count the columns, as in 0, 1, 2 or label, 1, 2.

    pandas writes such names for columns that have none, also above an index without a name. If
    other columns have names, at least three numbers 0, 1, … or 1, 2, … may begin at any column.
    numbers: the positions of the numbers. named: whether other columns have a name.
    """
    cells = [first[j].removesuffix(".0") for j in numbers]
    start = 1 if first[0] == "" else 0
    if cells == [str(j - start) for j in numbers]:
        return True
    return (
        named
        and len(cells) >= 3
        and cells[0] in ("0", "1")
        and cells == [str(j - numbers[0] + int(cells[0])) for j in numbers]
    )


def _are_years(rows: Rows, numbers: Sequence[int]) -> bool:
    """Whether the numbers of the first row are ascending years above values that are no years."""
    years = [rows[0][j] for j in numbers]
    if not all(YEAR.fullmatch(year) for year in years) or years != sorted(set(years)):
        return False
    for j in numbers:
        below = [row[j] for row in rows[1:] if len(row) > j and is_number(row[j])]
        if 2 * sum(YEAR.fullmatch(cell) is not None for cell in below) >= len(below):
            return False
    return True


def require_no_names(rows: Rows, where: str) -> None:
    """Raise DataError if the first row is no clear header, but may hold names.

    where: the file and the line of this row, for messages.

    It may hold names in three cases:
    1. A text of the row is above a column of numbers.
    2. The row has one text and otherwise whole numbers. The text does not occur again in its
       column, but all other values of this column occur at least twice.
    3. The row has one number, a year above values that are no years. No text of the row occurs
       again in its column.
    """
    first, rest = rows[0], rows[1:]
    numbers = [j for j, cell in enumerate(first) if is_number(cell)]
    for j, cell in enumerate(first):
        below = Counter(row[j] for row in rest if len(row) > j)
        if j in numbers or cell_value(cell) is not None or not below or cell in below:
            continue
        known = [text for text in below if cell_value(text) is None or is_number(text)]
        if len(rest) > 1 and known and all(map(is_number, known)):
            raise _perhaps_names(where, f"{cell!r} is above numbers")
        whole = sum(other.isdecimal() for other in first) == len(first) - 1
        if whole and min(below.values()) > 1:
            raise _perhaps_names(where, f"{cell!r} occurs only here")
    if len(numbers) == 1 and _are_years(rows, numbers):
        others = [j for j, cell in enumerate(first) if cell and j not in numbers]
        if others and not any(row[j] == first[j] for row in rest for j in others if len(row) > j):
            raise _perhaps_names(where, f"{first[numbers[0]]!r} is a year, and no value below is")


def _perhaps_names(where: str, why: str) -> DataError:
    return DataError(
        f"this row may hold the names of the columns: {why}",
        where=where,
        hint="set header: true if it does, header: false if it is an example",
    )


def require_one_header(rows: Rows, ends: Sequence[int], where: str) -> None:
    """Raise DataError if the first row is a title, or if the second row is a header too.

    A title is the only cell of its row; the names of the columns follow, and below them are
    numbers. A second header, such as one with units, has at least two cells, all of them text. At
    least three rows follow it, and all their cells are numbers. rows: the first rows of the file,
    of which the first was taken for the header. ends: the last line of each row. where: the file,
    for messages.
    """
    texts = len(rows[1]) > 1 and all(cell and cell_value(cell) is None for cell in rows[1])
    numbers_below = any(is_number(cell) for row in rows[2:] for cell in row)
    if texts and len(rows[0]) > 2 and not any(rows[0][1:]) and numbers_below:
        raise DataError(
            "this line has a text in the first column only, like a title",
            where=f"{where}:{ends[0]}",
            hint="remove the lines above the names of the columns",
        )
    below = rows[2:]
    if len(below) < 3 or not texts:
        return
    numbers = (cell_value(cell) for row in below for cell in row)
    if all(value is not None and value == value for value in numbers):
        raise DataError(
            f"this row has text, such as {rows[1][0].strip()!r}, in all columns of numbers",
            where=f"{where}:{ends[1]}",
            hint="remove this line if it is a second header, such as one with units",
        )


def require_good_names(names: Sequence[str], where: str) -> None:
    for position, name in enumerate(names):
        if sign := control_character(name):
            raise DataError(
                f"the name of column {position} contains the control character {sign}",
                where=where,
                hint=f"{undecoded_hint(name)}remove the character",
            )
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        positions = [str(position) for position, other in enumerate(names) if other == name]
        raise DataError(
            f"columns {', '.join(positions)} have the same name {name!r}",
            where=where,
            hint="give each column its own name",
        )
