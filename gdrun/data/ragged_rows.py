"""The number of fields in each row of a text file, and the errors for rows of another width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gdrun.data.other_formats import WHAT_IT_IS
from gdrun.errors import DataError


def require_no_arff(rows: Sequence[Sequence[str]], ends: Sequence[int], where: str) -> None:
    """Raise DataError if the first rows of a file are those of a Weka file (ARFF).

    rows: these rows, as fields without blanks around them. ends: the line on which each row ends.
    where: the file, for messages.
    """
    for row, end in zip(rows, ends, strict=True):
        if row[0].lower().startswith(("@relation", "@attribute")):
            what, hint = WHAT_IT_IS[".arff"]
            raise DataError(f"this is the header of {what}", where=f"{where}:{end}", hint=hint)


def row_width(rows: Sequence[Sequence[str]], ends: Sequence[int], where: str) -> int:
    """The number of fields of each row of a table, as its first rows show it.

    rows: the first rows of a file, perhaps with its header, as fields without blanks around them.
    ends: the line on which each row ends. where: the file, for messages. A field that every row has
    after its last separator, and that is always empty, does not count.

    Raises DataError if the first rows differ from most others: comments, a title, or a header that
    is too short.
    """
    common, times = Counter(map(len, rows)).most_common(1)[0]
    first = len(rows[0])
    if first == common or times < 2 or times <= sum(len(row) == first for row in rows):
        _require_no_comment(rows[0], common, rows[1:], f"{where}:{ends[0]}")
        return first
    top = next(j for j, row in enumerate(rows) if len(row) == common)
    where = f"{where}:{ends[0]}"
    if rows[0][0].startswith("#"):
        raise _comment(where)
    if top == 1 and first < common and _end_empty(rows[1:], first, common):
        if first == common - 1:
            return first
        raise DataError(
            f"the rows end with {common - first} separators that the header does not have",
            where=where,
            hint="remove them from the rows; or end the header with the same separators",
        )
    if top == 1 and first == common - 1:
        raise DataError(
            f"the header has {first} name{'s' if first != 1 else ''}, but the rows have {common} "
            "fields",
            where=where,
            hint="name every column; put a field that contains the separator in quotes; "
            "write.table in R needs row.names = FALSE",
        )
    if top == 1 and first == common + 1 and rows[0][-1] == "":
        return common
    lines = "this line has" if top == 1 else f"the first {top} lines have"
    raise DataError(
        f"{lines} another number of fields ({first}) than the rows below ({common})",
        where=where,
        hint="remove the lines above the table, such as a title"
        if top > 1
        else f"remove this line if it is a title; a header has {common} names, one for each column",
    )


def _end_empty(rows: Sequence[Sequence[str]], width: int, common: int) -> bool:
    """Whether the rows with `common` fields have only empty ones after the first `width`."""
    return not any(any(row[width:]) for row in rows if len(row) == common)


def _require_no_comment(
    first: Sequence[str], width: int, rest: Sequence[Sequence[str]], where: str
) -> None:
    """Raise DataError if the first row of a table with a single column is a comment.

    width: the number of fields of most rows. rest: the rows after the first. where: its line.
    """
    if width == 1 and first[0].startswith("#") and rest:
        raise _comment(where)


def _comment(where: str) -> DataError:
    return DataError(
        "this line is a comment: it begins with #",
        where=where,
        hint="remove the comments; the CSV format has none",
    )


def wrong_width(row: Sequence[str], width: int, others: int, where: str) -> DataError:
    """The error for a row with another number of fields than the first row, which has `width`.

    others: the number of further rows that differ. where: the file and the line.
    """
    if row[0].lstrip().startswith("#"):
        return _comment(where)
    count = f"{len(row)} field{'s' if len(row) != 1 else ''}"
    more = f" ({others + 1} rows differ from the first)" if others else ""
    what = f"this row has {count}, but the first row has {width}{more}"
    if len(row) < width:
        hint = "add the missing fields; a missing value is an empty field between two separators"
    else:
        hint = "put a field that contains the separator in quotes"
    return DataError(what, where=where, hint=hint)
