"""Find whether a file has decimal commas or decimal points, and marks between thousands.

In a file with semicolons, 1,200 may be 1.2 or 1200. Only a number that cannot have a mark between
thousands, such as 12,5 or 0,500, or one with two marks, such as 1,200,500, shows which sign is the
decimal sign.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from gdrun.data.csv_scan import CsvScan
from gdrun.data.places import checked_rows
from gdrun.errors import DataError

THOUSANDS = r"\s*[+-]?[1-9]\d{0,2}(S\d{3})+\s*"
"""A number that may have marks S between thousands."""

SEVERAL = r"\s*[+-]?[1-9]\d{0,2}(S\d{3}){2,}\s*"
"""A number with at least two marks S between thousands, so that S is no decimal sign."""

DECIMAL = r"\s*[+-]?(\d+S\d*|S\d+)([eE][+-]?\d+)?\s*"
"""A number with one sign S, between thousands or decimal."""

BOTH = r"\s*[+-]?\d{1,3}(T\d{3})+S\d*\s*"
"""A number with marks T between thousands, and a decimal sign S."""

_SPACES = " \u00a0\u202f"  # RE2, which DuckDB uses, has no escapes for them

BLANKS = rf"\s*[+-]?\d{{1,3}}(['’{_SPACES}]\d{{3}})+S\d+\s*"
"""A number with blanks or apostrophes between thousands, and a decimal sign S."""

UNIT = rf"([{_SPACES[1:]}]*[€$£¥₹%]\s*)?"
"""A currency sign or a percent sign, which may follow a number."""

SIGNS = {",": "decimal comma", ".": "decimal point"}
OTHER = {",": ".", ".": ","}


def _pattern(form: str, sign: str) -> str:
    return form.replace("S", re.escape(sign)).replace("T", re.escape(OTHER[sign]))


def _decimal_forms(sign: str) -> list[str]:
    """The patterns of cells in which this may be the decimal sign."""
    return [_pattern(form, sign) + UNIT for form in (DECIMAL, BOTH, BLANKS)]


def unmarked(cell: str) -> str | None:
    """A number without its marks between thousands; None for a cell without such a number.

    >>> unmarked("1,200"), unmarked("1.234,5"), unmarked("1'234.5"), unmarked("12,5")
    ('1200', '1234,5', '1234.5', None)
    """
    for sign, other in OTHER.items():
        if re.fullmatch(_pattern(THOUSANDS, sign), cell):
            return cell.replace(sign, "").strip()
        if re.fullmatch(_pattern(BOTH, sign), cell):
            return cell.replace(other, "").strip()
    if re.fullmatch(r"\s*[+-]?\d{1,3}(['’\u00a0\u202f ]\d{3})+([.,]\d*)?\s*", cell):
        return re.sub(r"[^\d.,+-]", "", cell)
    return None


def _is(column: str, pattern: str, sign: str) -> str:
    """The SQL that tests whether a cell has this pattern.

    It first tests whether the cell contains the sign at all, which is fast.
    """
    quoted = pattern.replace("'", "''")
    return f"(contains({column}, '{sign}') AND regexp_full_match({column}, '{quoted}'))"


def _thousands(column: str, sign: str) -> str:
    return _is(column, _pattern(THOUSANDS, sign) + UNIT, sign)


def _several(column: str, sign: str) -> str:
    return _is(column, _pattern(SEVERAL, sign) + UNIT, sign)


def _decimal(column: str, sign: str) -> str:
    one, *others = (_is(column, pattern, sign) for pattern in _decimal_forms(sign))
    return f"(({one} AND NOT {_thousands(column, sign)}) OR {' OR '.join(others)})"


def decimal_sign(scans: Sequence[CsvScan], columns: Iterable[int]) -> str:
    """The decimal sign of files with semicolons.

    scans: the rows of each file. columns: the positions of the columns with numbers. Raises
    DataError if the sign is not clear: numbers that may have marks between thousands, or both
    decimal commas and decimal points.
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
        return shown[0]
    marks = [sign for sign in SIGNS if having("several", sign)]
    if len(marks) == 1:
        return OTHER[marks[0]]
    for sign in SIGNS:
        if marked[sign]:
            raise _unclear(scans, marked[sign][0], sign)
    return "."


def _first(scans: Sequence[CsvScan], column: int, sign: str, *, marked: bool) -> tuple[str, str]:
    """The place and the text of the first cell of a column with this sign.

    marked: whether the sign may be between thousands in the cell; if not, it is the decimal sign.
    """
    thousands, decimal = _pattern(THOUSANDS, sign) + UNIT, _decimal_forms(sign)
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
    plain = text.replace(sign, "")
    return DataError(
        f"{text!r} in this line may be {text.replace(',', '.')} or {plain}, and no other number "
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
