"""Find whether a file has decimal commas or decimal points, and marks between thousands.

In a file with semicolons, 1,200 may be 1.2 or 1200. Only a number that cannot have a mark between
thousands, such as 12,5 or 0,500, or one with two marks, such as 1,200,500, shows which sign is the
decimal sign.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from gdrun.data.columns import count
from gdrun.data.csv_scan import CsvScan
from gdrun.data.marked_numbers import MINUS, SPACES, marked_pattern
from gdrun.data.places import checked_rows
from gdrun.errors import DataError

THOUSANDS = r"[1-9]\d{0,2}(S\d{3})+"
"""A number that may have marks S between thousands."""

SEVERAL = r"[1-9]\d{0,2}(S\d{3}){2,}"
"""A number with at least two marks S between thousands, so that S is no decimal sign."""

DECIMAL = r"(\d+S\d*|S\d+)([eE][+-]?\d+)?"
"""A number with one sign S, between thousands or decimal."""

BOTH = r"\d{1,3}(T\d{3})+S\d*"
"""A number with marks T between thousands, and a decimal sign S."""

BLANKS = rf"\d{{1,3}}(['’{SPACES}]\d{{3}})+S\d+"
"""A number with blanks or apostrophes between thousands, and a decimal sign S."""

SIGNS = {",": "decimal comma", ".": "decimal point"}
OTHER = {",": ".", ".": ","}

MOST_NAMED = 3
"""The largest number of columns that a note names; the others are counted."""


def _pattern(form: str, sign: str) -> str:
    """The pattern of a cell with a number of this form."""
    number = form.replace("S", re.escape(sign)).replace("T", re.escape(OTHER[sign]))
    return marked_pattern(number)


def _decimal_forms(sign: str) -> list[str]:
    """The patterns of cells in which this may be the decimal sign."""
    return [_pattern(form, sign) for form in (DECIMAL, BOTH, BLANKS)]


def _is(column: str, pattern: str, sign: str) -> str:
    """The SQL that tests whether a cell has this pattern.

    It first tests whether the cell contains the sign at all, which is fast.
    """
    quoted = pattern.replace("'", "''")
    return f"(contains({column}, '{sign}') AND regexp_full_match({column}, '{quoted}'))"


def _thousands(column: str, sign: str) -> str:
    return _is(column, _pattern(THOUSANDS, sign), sign)


def _several(column: str, sign: str) -> str:
    return _is(column, _pattern(SEVERAL, sign), sign)


def _decimal(column: str, sign: str) -> str:
    one, *others = (_is(column, pattern, sign) for pattern in _decimal_forms(sign))
    return f"(({one} AND NOT {_thousands(column, sign)}) OR {' OR '.join(others)})"


@dataclass(frozen=True)
class FoundSign:
    """The decimal sign that the numbers of files show. notes: sentences for the user."""

    sign: str
    notes: tuple[str, ...] = ()


def decimal_sign(
    scans: Sequence[CsvScan], columns: Iterable[int], usual: Collection[str] = ()
) -> FoundSign:
    """The decimal sign of files with semicolons, or of new rows.

    A note names the columns whose commas alone may be between thousands, where other columns show
    that they are decimal. scans: the rows of each file. columns: the positions of the columns with
    numbers. usual: the signs that are decimal if no number shows the opposite. Raises DataError if
    the sign is not clear: numbers that may have marks between thousands, or both decimal commas and
    decimal points.
    """
    chosen = list(columns)
    forms = {
        kind + sign: partial(form, sign=sign)
        for sign in SIGNS
        for kind, form in (("decimal", _decimal), ("marked", _thousands), ("several", _several))
    }
    total: Counter[tuple[int, str]] = Counter()
    for scan in scans:
        total.update(scan.count(chosen, forms))

    def having(kind: str, sign: str) -> list[int]:
        return [j for j in chosen if total[j, kind + sign]]

    decimals = {sign: having("decimal", sign) for sign in SIGNS}
    marked = {sign: having("marked", sign) for sign in SIGNS}
    shown = [sign for sign in SIGNS if decimals[sign]]
    if len(shown) == 2:
        raise _mixed(scans, decimals)
    if len(shown) == 1:
        # Numbers with the other sign have marks between thousands, which read_column reports.
        sign = shown[0]
        unclear = [j for j in marked[sign] if j not in decimals[sign]]
        return FoundSign(sign, _note_on_commas(scans, unclear, decimals[sign][0], sign))
    marks = [sign for sign in SIGNS if having("several", sign)]
    if len(marks) == 1:
        return FoundSign(OTHER[marks[0]])
    for sign in SIGNS:
        if marked[sign] and sign in usual:
            return FoundSign(sign)
        if marked[sign]:
            raise _unclear(scans, marked[sign][0], sign)
    return FoundSign(".")


def _note_on_commas(
    scans: Sequence[CsvScan], unclear: Sequence[int], shown: int, sign: str
) -> tuple[str, ...]:
    """The note on columns that other columns decide; none if the point is the decimal sign.

    unclear: the positions of the columns whose signs may all be between thousands. shown: that of a
    column whose numbers show that the sign is decimal.
    """
    if sign == "." or not unclear:
        return ()
    names = scans[0].layout.names
    listed = ", ".join(names[j] for j in unclear[:MOST_NAMED])
    more = len(unclear) - MOST_NAMED
    listed += f" and {count(more, 'more column')}" if more > 0 else ""
    _, text = _first(scans, unclear[0], sign, marked=True)
    _, other = _first(scans, shown, sign, marked=False)
    return (
        f"commas in {listed}, such as {text}, are read as decimal, because {other} in "
        f"{names[shown]} has a {SIGNS[sign]}; if they mark thousands, remove them",
    )


def _first(scans: Sequence[CsvScan], column: int, sign: str, *, marked: bool) -> tuple[str, str]:
    """The place and the text of the first cell of a column with this sign.

    marked: whether the sign may be between thousands in the cell; if not, it is the decimal sign.
    """
    thousands, decimal = _pattern(THOUSANDS, sign), _decimal_forms(sign)
    for scan in scans:
        for line, row in checked_rows(scan.file, scan.layout):
            cell = row[column]
            if bool(re.fullmatch(thousands, cell)) is marked and (
                marked or any(re.fullmatch(form, cell) for form in decimal)
            ):
                return f"{scan.file.where}:{line} {scan.layout.names[column]}", cell.strip()
    raise AssertionError("a cell that was counted is not in the file")


def _unclear(scans: Sequence[CsvScan], column: int, sign: str) -> DataError:
    where, text = _first(scans, column, sign, marked=True)
    # 1500- is no number without the mark.
    number = f"-{text[:-1]}" if text[-1] in MINUS else text
    plain = number.replace(sign, "")
    return DataError(
        f"{text!r} in this line may be {number.replace(',', '.')} or {plain}, and no other number "
        "of the file shows which",
        where=where,
        hint=f"if {sign} marks thousands, write {plain} without it; "
        f'if it is the decimal sign, set decimal: "{sign}"',
    )


def _mixed(scans: Sequence[CsvScan], decimals: dict[str, list[int]]) -> DataError:
    point_where, point = _first(scans, decimals["."][0], ".", marked=False)
    where, comma = _first(scans, decimals[","][0], ",", marked=False)
    return DataError(
        f"{comma!r} in this line has a decimal comma, but {point!r} in {point_where} has a "
        "decimal point",
        where=where,
        hint="write all numbers of the file with the same decimal sign",
    )
