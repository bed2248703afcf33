"""Columns that number or identify the rows, such as an index, and columns without content.

They are not features: if the rows are sorted by the target, an index predicts the target, but for
new rows it means nothing. Programs add such columns to files: pandas writes its index under an
empty name. After a sample, a sort or a split, this index is in another order or has gaps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.column_names import FRAME_INDEX, UNNAMED
from gdrun.data.column_options import ColumnOptions
from gdrun.data.columns import Column

IDENTIFIER = re.compile(
    r"(?i:(.*[_ -])?(id|ids|index|idx|key|pk|uuid|guid|nr|no|number|row|rownum|serial))"
    r"|.*[a-z]I[dD]"
)
"""Names of columns that identify rows."""

FEWEST_NUMBERED = 10
"""In a table with fewer rows, the values of a named column may be 0 … N−1 by chance; and fewer
different numbers in a column without a name may be values of a feature."""

EMPTY = "it is empty"
OF_FRAME = "it is the index of a pandas frame"
REPEATED = "it has whole numbers and no name, like an index that was sampled or joined"


def why_left_out(column: Column, header: str | None) -> str:
    """Why a column is no feature, in words; empty if it may be one.

    header: the name in the file, which may be empty; None in a file without names.
    """
    if column.left_out:
        return column.left_out
    if header is not None and FRAME_INDEX.fullmatch(header):
        return OF_FRAME
    nameless = header is not None and UNNAMED.fullmatch(header) is not None
    if nameless and column.empty:
        return EMPTY
    if column.source.form not in ("number", "marked") or not len(column.values):
        return ""
    if _numbers_rows(column.values, 0 if nameless else FEWEST_NUMBERED):
        ordered = (np.diff(column.values) == 1).all()
        return "it numbers the rows" if ordered else "it numbers the rows in another order"
    named = header is not None and IDENTIFIER.fullmatch(column.name) is not None
    if not (nameless or named):
        return ""
    rows = len(column.values) - column.missing
    different = _different_whole(column.values)
    if different >= 2 and are_different(different, rows):
        return like_an_identifier("whole number", different, rows)
    return REPEATED if nameless and different >= FEWEST_NUMBERED else ""


def are_different(different: int, rows: int) -> bool:
    """Whether the values of a column identify its rows: at least 95 % of the values are different.

    different: the number of different values. rows: the number of rows that have a value. A few
    rows may occur twice in the data.
    """
    return 20 * different >= 19 * rows


def like_an_identifier(what: str, different: int, rows: int) -> str:
    """Why a column that identifies its rows is left out. what: the kind of its values.

    >>> like_an_identifier("text", 29, 30)
    'nearly every row has a different text, like an identifier'
    """
    who = "each row" if different == rows else "nearly every row"
    return f"{who} has a different {what}, like an identifier"


def note_on_identifier(
    column: Column, header: str | None, options: ColumnOptions
) -> tuple[str, ...]:
    """A sentence on a feature that has the name of an identifier and many whole numbers, or none.

    The sentence warns the user that rows with the same number, such as the rows of one patient, may
    be in two parts of the data. header: the name in the file, which may be empty; None in a file
    without names. options: those with which the columns were read.
    """
    if header is None or not IDENTIFIER.fullmatch(column.name) or not column.source.is_number:
        return ()
    if _different_whole(column.values) < FEWEST_NUMBERED:
        return ()
    return (
        f"{column.name} has the name of an identifier, and is a feature because its numbers are "
        f"repeated; {options.adding('ignore', column.name)} leaves it out, and "
        f"split.group={column.name} keeps rows with the same number in one part",
    )


def note_on_target(target: Column, header: str | None) -> tuple[str, ...]:
    """A sentence on a target that is named like an identifier and has no value twice.

    Empty for any other target, and if not all its values are whole numbers. Such a column may be
    the target by default, because it is the last one. header: the name in the file, which may be
    empty; None in a file without names.
    """
    if header is None or not IDENTIFIER.fullmatch(target.name):
        return ()
    different = _different_whole(target.values)
    if target.labels or different < FEWEST_NUMBERED or different < len(target.values):
        return ()
    return (
        f"the target {target.name} has a different whole number in each row, like an identifier; "
        "target=NAME chooses another column",
    )


def is_identifier_text(name: str, texts: Sequence[str], rows: int) -> bool:
    """Whether the texts of a column identify its rows.

    The number of different texts must be at least 95 % of the number of rows. Besides, the column
    must have no name or the name of an identifier, or each text must be a code with a digit and no
    blank, such as A-1047. texts: the different texts. rows: the number of rows.
    """
    if rows < 2 or not are_different(len(texts), rows):
        return False
    if IDENTIFIER.fullmatch(name) or UNNAMED.fullmatch(name):
        return True
    return all(re.search(r"\d", text) and " " not in text for text in texts)


def _numbers_rows(values: Numbers, fewest: int) -> bool:
    """Whether the values are 0 … N−1 or 1 … N in any order; for nameless columns also k, k+1, ….

    fewest: with fewer rows than this the result is False; 0 for a column without a name.
    """
    rows = len(values)
    if rows < max(fewest, 1):
        return False
    if not fewest and (np.diff(values) == 1).all() and values[0] % 1 == 0:
        return True
    # The first value rules out most columns of real numbers before all values are read.
    if values[0] % 1 or values.min() not in (0, 1) or values.max() - values.min() != rows - 1:
        return False
    if (values % 1).any():
        return False
    counts = np.bincount((values - values.min()).astype(np.int64), minlength=rows)
    return bool((counts == 1).all())


def _different_whole(values: Numbers) -> int:
    """The number of different values, without missing ones; 0 if one is negative or not whole."""
    known = values[~np.isnan(values)]
    if (known < 0).any() or (known % 1).any():
        return 0
    return len(np.unique(known))
