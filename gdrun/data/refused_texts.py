"""Texts that are errors in a column: mistyped numbers, units and control characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Flags
from gdrun.data.cells import Cells, cell_value, control_character
from gdrun.data.column_options import ColumnReading
from gdrun.data.columns import count
from gdrun.data.marked_numbers import have_marks
from gdrun.data.nearly_numbers import MOSTLY, require_no_mixture
from gdrun.data.places import Places
from gdrun.data.stray_texts import StrayTexts, StrayTextsError
from gdrun.data.text_files import undecoded_hint
from gdrun.data.units import have_units, without_unit
from gdrun.errors import DataError

MOST_LABELS = 20
"""A text column with more labels than this, and more labels than half its rows, is no category."""


def require_numbers(
    name: str, cells: Cells, is_text: Flags, filled: Flags, places: Places, reading: ColumnReading
) -> None:
    """Raise StrayTextsError if the texts in a column of numbers are probably typing errors.

    This is assumed if few cells are texts, or if a feature has fewer different texts than different
    numbers. is_text (N,): True for a cell that is a text. filled (N,): False for a cell that is a
    missing value. places: the place of each row. reading: how to read the column.
    """
    texts, numbers = cells.texts_in(is_text), cells.texts_in(filled & ~is_text)
    share = 0.1 if reading.target else 0.5
    if is_text.sum() >= share * filled.sum() and (reading.target or len(texts) >= len(numbers)):
        return
    row = int(is_text.argmax())
    labels = f"read them as labels with {reading.options.adding('categories', name)}"
    raise StrayTextsError(
        f"{count(int(is_text.sum()), 'cell')} of text among "
        f"{int(filled.sum() - is_text.sum())} numbers, "
        f"such as {cells.text(row)!r} {places.here(row)}",
        where=places.cell(row, name),
        strays=StrayTexts(name, texts, int(is_text.sum()), reading.options, last=labels),
    )


def require_decimal_sign(
    name: str, cells: Cells, is_text: Flags, filled: Flags, places: Places, reading: ColumnReading
) -> None:
    """Raise DataError if all texts are numbers with a comma for a decimal point, or the reverse.

    is_text (N,): True for a text, a cell that is no number with the decimal sign of the file.
    filled (N,): False for a cell that is a missing value. places: the place of each row. reading:
    how to read the column.
    """
    other, word, own = (
        (",", "comma", "point") if reading.decimal == "." else (".", "point", "comma")
    )
    texts = cells.texts_in(is_text)
    fits_own = all(have_marks([text], reading.decimal, reading.marks) for text in texts)
    if not fits_own and all(have_marks([text], other, reading.marks) for text in texts):
        row = int(is_text.argmax())
        sign = f"decimal {word}" if other in cells.text(row) else f"{own} between thousands"
        hint = "write all numbers with the same sign"
        if have_marks(cells.texts_in(filled), other, reading.marks):
            hint = f'set decimal: "{other}", or {hint}'
        number = int(is_text.sum())
        raise DataError(
            f"{count(number, 'number')} {'has' if number == 1 else 'have'} a {sign}, "
            f"such as {cells.text(row)!r} {places.here(row)}, but the data are read with a "
            f"decimal {own}",
            where=places.cell(row, name),
            hint=hint,
        )


def refuse_units(
    name: str,
    cells: Cells,
    filled: Flags,
    places: Places,
    texts: Sequence[str],
    reading: ColumnReading,
) -> None:
    """Raise DataError if all texts of a column are numbers, or numbers with a unit such as 3 kg.

    A column whose texts are all numbers reaches this function only if some have leading zeros, such
    as 00131, and the file has types: then they are often codes, such as postal codes. As classes of
    a target with few values such texts are accepted. filled (N,): False for a cell that is a
    missing value. texts: the different texts of the other cells. places: the place of each row.
    reading: how to read the column.
    """
    plain = not any(_has_unit(text, reading) for text in texts)
    if plain and reading.target and len(texts) <= MOST_LABELS:
        return
    if not plain and not have_units(texts):
        return
    row = int(filled.argmax())
    if not plain:
        require_no_mixture(name, cells, filled, places, reading, MOSTLY)
        united = cells.by_text(filled, lambda text: float(_has_unit(text, reading)))
        row = int((united == 1).argmax())
    labels = f"read them as labels with {reading.options.adding('categories', name)}"
    if plain:
        what, ways = "as text, some with leading zeros", ["store them as numbers", labels]
    else:
        what, ways = "with a sign or unit", ["write only the number in each cell"]
        ways += without_unit(name, texts, places.table)
        if len(texts) <= MOST_LABELS:
            ways.append(labels)
        elif not reading.target:
            ways.append(reading.options.leaving_out(name))
    raise DataError(
        f"the column has numbers {what}, such as {cells.text(row)!r} {places.here(row)}",
        where=places.cell(row, name),
        hint="; or ".join(ways),
    )


def _has_unit(text: str, reading: ColumnReading) -> bool:
    return cell_value(text, reading.decimal, reading.marks) is None


def require_printable(name: str, cells: Cells, filled: Flags, places: Places) -> None:
    for code in np.unique(cells.codes[filled]):
        if sign := control_character(cells.texts[code].strip()):
            row = int((cells.codes == code).argmax())
            raise DataError(
                f"a text contains the control character {sign}, {places.here(row)}",
                where=places.cell(row, name),
                hint=f"{undecoded_hint(cells.texts[code])}remove the character; the file may be "
                "damaged, or not be a text file",
            )
