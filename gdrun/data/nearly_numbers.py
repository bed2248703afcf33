"""Columns of numbers with marks in which a few texts are no numbers, such as k.A. for no answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Flags
from gdrun.data.cells import Cells, MissingMarks
from gdrun.data.column_options import ColumnReading
from gdrun.data.columns import KindError, count
from gdrun.data.marked_numbers import marked_number
from gdrun.data.places import Places

NEARLY = 0.9
"""The least share of the different texts of a column that are numbers."""

MOST = 3
"""The largest number of texts that the message names; the message counts the others."""


def require_no_mixture(
    name: str, cells: Cells, filled: Flags, places: Places, reading: ColumnReading
) -> None:
    """Raise KindError if nearly all different texts are numbers, and only a few are not.

    The numbers may have marks, such as the sign of a currency. filled (N,): False for a cell that
    is a missing value. reading: how to read the column; if the other decimal sign makes more of the
    texts numbers, the hint names it.
    """
    texts, decimal, options = cells.texts_in(filled), reading.decimal, reading.options
    others, sign = min(
        (
            (_no_numbers(texts, each, reading.marks), each)
            for each in (decimal, ",.".replace(decimal, ""))
        ),
        key=lambda found: len(found[0]),
    )
    numbers = len(texts) - len(others)
    if not others or numbers < NEARLY * len(texts):
        return
    named = ", ".join(f"{text!r} ({count(_rows(text, cells), 'row')})" for text in others[:MOST])
    more = len(others) - MOST
    named += f" and {more} more" if more > 0 else ""
    hint = f"correct these cells; or {options.leaving_out(name)}"
    if more <= 0:
        mean = "it means" if len(others) == 1 else "they mean"
        sets = options.adding("missing_values", *others)
        sets += "" if sign == decimal else f' and decimal: "{sign}"'
        hint = f"if {mean} a missing value, set {sets}; or {hint}"
    raise KindError(
        f"{numbers:,} of its {len(texts):,} different values are numbers; "
        f"{'the other is' if len(others) == 1 else 'the others are'} {named}",
        kind="text",
        where=f"{places.table} {name}",
        hint=hint,
    )


def _no_numbers(texts: Sequence[str], decimal: str, missing: MissingMarks) -> list[str]:
    return [text for text in texts if marked_number(text, decimal, missing) is None]


def _rows(text: str, cells: Cells) -> int:
    """The number of cells with this text, without the blanks around it."""
    codes = [code for code, each in enumerate(cells.texts) if each.strip() == text]
    return int(np.count_nonzero(np.isin(cells.codes, codes)))
