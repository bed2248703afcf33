"""The cells of columns that are handed over from Python, such as those of a pandas frame."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.encoding import Encoding, SourceColumn
from gdrun.data.new_dates import Place
from gdrun.data.new_rows import numbers_in
from gdrun.errors import DataError


def own_numbers(cells: Any, column: SourceColumn, encoding: Encoding, place: Place) -> Any:
    """Return the texts in a column of numbers as an array (n,); return other cells unchanged.

    The texts are read with the decimal sign of the training data. If this fails, they are read with
    a decimal point, with which Python converts a number such as 1336.42 to text. column: the column
    as it was in training. encoding: the encoding of the model, with this decimal sign. place: the
    place of each row. Raises DataError for a text that is no number.
    """

    if not isinstance(cells, list) or column.form not in ("number", "marked") or column.labels:
        return cells

    def read(decimal: str) -> Numbers:
        marked = column.form == "marked"
        return numbers_in(cells, column.name, place, decimal, encoding.missing, marked=marked)

    try:
        return read(encoding.decimal)
    except DataError:
        with suppress(DataError):
            return read(".")
        raise


def frame_cells(values: Any, name: str, decimal: str) -> Any:
    """The values of one column for n rows: numbers or moments (n,), or a list of texts.

    A missing value, such as None or pandas.NA, is NaN, NaT or an empty text. decimal: the decimal
    sign of numbers among texts. Raises DataError if the values are not one-dimensional.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(
            f"must have one value for each row, but its shape is {array.shape}", where=name
        )
    if array.dtype.kind in "biufM":
        return array
    return [_text(each, decimal) for each in values]


def _text(value: Any, decimal: str) -> str:
    """The text of a value; empty for a missing one."""
    if isinstance(value, str):
        return value
    if _is_missing(value):
        return ""
    return str(value).replace(".", decimal) if isinstance(value, float) else str(value)


def _is_missing(value: Any) -> bool:
    """Whether a value of a frame is None, NaN, NaT or pandas.NA.

    NaN and NaT differ from themselves; a comparison with pandas.NA is neither true nor false.
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array has one answer for each entry
        return False
