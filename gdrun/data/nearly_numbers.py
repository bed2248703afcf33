"""Columns of numbers with marks in which a few texts are words, or have other marks."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Flags
from gdrun.data.cells import Cells, cell_value
from gdrun.data.column_options import ColumnReading
from gdrun.data.columns import count
from gdrun.data.marked_numbers import misfits
from gdrun.data.places import Places
from gdrun.data.stray_texts import MOST, StrayTexts, StrayTextsError

NEARLY = 0.9
"""The least share of the different texts of a column that are numbers."""

MOSTLY = 0.5
"""This share if all texts contain amounts, such as £5 among amounts in euros."""


def require_no_mixture(
    name: str,
    cells: Cells,
    filled: Flags,
    places: Places,
    reading: ColumnReading,
    least: float = NEARLY,
) -> None:
    """Raise StrayTextsError if most different texts are numbers of one kind, and others are not.

    Numbers are of one kind if all have a percent sign, if some have the same currency sign, or if
    none has a sign. filled (N,): False for a cell that is a missing value. places: the place of
    each row. reading: how to read the column; if the other decimal sign makes more of the texts
    numbers, the hint names it. least: the least share of the texts that are such numbers.
    """
    texts = cells.texts_in(filled)
    others, sign = min(
        (
            (misfits(texts, each, reading.marks), each)
            for each in (reading.decimal, ",.".replace(reading.decimal, ""))
        ),
        key=lambda found: len(found[0]),
    )
    numbers = len(texts) - len(others)
    if not others or numbers < least * len(texts):
        return
    counts = {text: int(_having(text, cells).sum()) for text in others[:MOST]}
    named = ", ".join(f"{text!r} ({count(rows, 'row')})" for text, rows in counts.items())
    more = len(others) - MOST
    named += f" and {more} more" if more > 0 else ""
    marked = (text for text in texts if cell_value(text, sign, reading.marks) is None)
    shown = next((text for text in marked if text not in set(others)), None)
    row = min(int(_having(text, cells).argmax()) for text in others[:MOST])
    raise StrayTextsError(
        f"{numbers:,} of its {len(texts):,} different values are numbers"
        f"{f' such as {shown!r}' if shown else ''}; "
        f"{'the other is' if len(others) == 1 else 'the others are'} {named}",
        where=places.cell(row, name),
        strays=StrayTexts(
            name,
            others,
            sum(int(_having(text, cells).sum()) for text in others),
            reading.options,
            "" if sign == reading.decimal else sign,
            "" if reading.target else reading.options.leaving_out(name),
        ),
    )


def _having(text: str, cells: Cells) -> Flags:
    """Whether each cell has this text, without the blanks around it."""
    codes = [code for code, each in enumerate(cells.texts) if each.strip() == text]
    return np.isin(cells.codes, codes)
