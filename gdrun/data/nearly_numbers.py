"""Columns of numbers with marks in which a few texts are words, or have other marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Flags
from gdrun.data.cells import Cells, cell_value
from gdrun.data.column_options import ColumnReading
from gdrun.data.columns import KindError, count
from gdrun.data.marked_numbers import misfits
from gdrun.data.places import Places

NEARLY = 0.9
"""The least share of the different texts of a column that are numbers."""

MOSTLY = 0.5
"""This share if all texts contain amounts, such as £5 among amounts in euros."""

MOST = 3
"""The largest number of texts that the message names; the message counts the others."""


def require_no_mixture(
    name: str,
    cells: Cells,
    filled: Flags,
    places: Places,
    reading: ColumnReading,
    least: float = NEARLY,
) -> None:
    """Raise KindError if most different texts are numbers of one kind, and the others are not.

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
    raise KindError(
        f"{numbers:,} of its {len(texts):,} different values are numbers"
        f"{f' such as {shown!r}' if shown else ''}; "
        f"{'the other is' if len(others) == 1 else 'the others are'} {named}",
        kind="text",
        where=places.cell(row, name),
        hint=_hint(
            name,
            others,
            "this cell" if len(others) == 1 == counts[others[0]] else "these cells",
            "" if sign == reading.decimal else sign,
            reading,
        ),
    )


def _hint(name: str, others: Sequence[str], these: str, sign: str, reading: ColumnReading) -> str:
    """What to do about the texts that do not fit.

    these: the words for their cells. sign: the decimal sign of most texts if it must be set, or an
    empty text.
    """
    options, decimal = reading.options, f'decimal: "{sign}"'
    correct = f"correct {these}" + (f", and set {decimal}" if sign else "")
    left = "" if reading.target else f"; or {options.leaving_out(name)}"
    if len(others) > MOST:
        return correct + left
    sets = options.adding("missing_values", *others) + (f" and {decimal}" if sign else "")
    if all(re.search(r"\d", text) for text in others):
        # Such a text is an amount, and not the mark of a missing value.
        return f"{correct}; or read them as missing values with {sets}{left}"
    mean = "it means" if len(others) == 1 else "they mean"
    return f"if {mean} a missing value, set {sets}; or {correct}{left}"


def _having(text: str, cells: Cells) -> Flags:
    """Whether each cell has this text, without the blanks around it."""
    codes = [code for code, each in enumerate(cells.texts) if each.strip() == text]
    return np.isin(cells.codes, codes)
