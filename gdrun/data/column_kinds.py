"""The kind of a column of cells: numbers or labels. Others, such as dates, are errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.cells import Cells, cell_value, control_character
from gdrun.data.columns import Column, count, counted_in_row, leaving_out
from gdrun.data.decimal_signs import unmarked
from gdrun.data.places import Places
from gdrun.errors import DataError

MOST_LABELS = 20
"""A text column with more labels than this, and more labels than half its rows, is no category."""

MOST_HOT = 1000
"""The largest number of labels, and so of 0/1 columns, of one feature."""

DATE = re.compile(
    r"\d{4}([-/.])\d\d?\1\d\d?([T ]\d\d?:\d\d.*)?|\d\d?([-/.])\d\d?\3\d{2}(\d\d)?( \d\d?:\d\d.*)?"
)

_UNITS = (
    r"[$€£¥₹%‰°]|EUR|USD|GBP|CHF|JPY|kg|mg|km/h|km|cm|mm|ml|m2|m²|m3|m³|sqft|ft|lbs?|oz|mi|mph|"
    r"kWh|kW|hp|°C|°F|min|h|s|g|l|m"
)
UNIT = re.compile(rf"([$€£¥₹])?\s*[+-]?\d[\d.,'’ \u00a0\u202f]*\s*({_UNITS})?", re.IGNORECASE)


def read_column(
    name: str,
    cells: Numbers | Cells,
    places: Places,
    *,
    decimal: str,
    target: bool,
    category: bool = False,
) -> Column:
    """The column with these cells: numbers if all cells are numbers or missing, else labels.

    cells: finite numbers, or text. places: the place of each row. target: whether the column is the
    target, which may have labels such as 1, 2, 3+. category: whether the config lists the column in
    `categories`.
    Raises DataError for infinite numbers, for a few texts among numbers, for numbers with another
    decimal sign, with marks between thousands or with a unit, for dates, for control characters,
    and for text with too many different values for a category.
    """
    if not isinstance(cells, Cells):
        return Column(name, cells)
    values, is_text = cells.values(decimal)
    filled = is_text | ~np.isnan(values)
    if not category and not is_text.any():
        return finite_column(name, values, places)
    # Below this share of texts the column is taken for numbers with typing errors in it.
    share = 0.1 if target else 0.5
    if not category:
        texts = _texts(cells, is_text)
        _require_no_marks(name, cells, is_text, texts, places)
        if is_text.sum() < share * filled.sum():
            row = int(is_text.argmax())
            raise DataError(
                f"{count(int(is_text.sum()), 'cell')} of text among "
                f"{int(filled.sum() - is_text.sum())} numbers, "
                f"such as {cells.text(row)!r} {places.here(row)}",
                where=places.cell(row, name),
                hint="correct these cells; or leave them empty, and set missing: drop or mean; "
                f"or read them as labels with categories: {_listed(name)}",
            )
        refuse_other_forms(name, cells, is_text, places, target=target)
    return labelled_column(name, cells, filled, places, target=target, category=category)


def labelled_column(
    name: str, cells: Cells, filled: Flags, places: Places, *, target: bool, category: bool
) -> Column:
    """The column whose labels are the texts of its cells.

    filled (N,): False for a cell that is a missing value. The others are as in `read_column`.

    Raises DataError for a control character, and if there are too many labels.
    """
    used = np.unique(cells.codes[filled])
    stripped = [cells.texts[code].strip() for code in used]
    _require_printable(name, cells, dict(zip(used.tolist(), stripped, strict=True)), places)
    labels = sorted(set(stripped))
    total = int(filled.sum())
    scattered = not category and len(labels) > MOST_LABELS and 2 * len(labels) > total
    if scattered or (len(labels) > MOST_HOT and not target):
        raise DataError(
            f"has {len(labels)} different texts in {total} rows, too many for categories",
            where=f"{places.table} {name}",
            hint="choose another target"
            if target
            else f"if the column is an identifier, {leaving_out(name)}",
        )
    rank = {label: code for code, label in enumerate(labels)}
    of_code = np.full(len(cells.texts), np.nan)  # float64, because integers have no NaN
    of_code[used] = [rank[text] for text in stripped]
    numbers = of_code[cells.codes]
    numbers[~filled] = np.nan
    return Column(name, numbers, tuple(labels))


def _texts(cells: Cells, rows: Flags) -> list[str]:
    """The different texts in some rows. rows (N,): True for a row that counts."""
    return [cells.texts[code] for code in np.unique(cells.codes[rows])]


def _require_no_marks(
    name: str, cells: Cells, is_text: Flags, texts: Sequence[str], places: Places
) -> None:
    """Raise DataError if all texts are numbers, but with another decimal sign or marks."""
    row = int(is_text.argmax())
    shown = cells.text(row)
    if all(unmarked(text) for text in texts):
        hint = f"remove the marks: {unmarked(shown)}"
        if cell_value(shown, ",") is not None:
            hint += '; or if the comma is the decimal sign of the file, set decimal: ","'
        raise DataError(
            f"{count(int(is_text.sum()), 'number')} with marks between thousands, "
            f"such as {shown!r} {places.here(row)}",
            where=places.cell(row, name),
            hint=hint,
        )
    if all(unmarked(text) or cell_value(text, decimal=",") is not None for text in texts):
        raise DataError(
            f"{count(int(is_text.sum()), 'number')} with a decimal comma, "
            f"such as {shown!r} {places.here(row)}",
            where=places.cell(row, name),
            hint='set decimal: ","',
        )


def refuse_other_forms(
    name: str, cells: Cells, is_text: Flags, places: Places, *, target: bool
) -> None:
    """Raise DataError if all texts are dates, or numbers with a unit.

    A target with few different texts is read as classes.
    """
    texts = _texts(cells, is_text)
    if target and len(texts) <= MOST_LABELS:
        return
    row = int(is_text.argmax())
    shown = cells.text(row)
    other = f"or read it as labels with categories: {_listed(name)}"
    if all(DATE.fullmatch(text.strip()) for text in texts):
        raise DataError(
            f"the column has dates, such as {shown!r} {places.here(row)}",
            where=places.cell(row, name),
            hint="replace them by numbers, such as the year or the days since a start; "
            + ("or choose another target" if target else f"or {leaving_out(name)}"),
        )
    if all(UNIT.fullmatch(text.strip()) for text in texts):
        raise DataError(
            f"the column has numbers with a sign or unit, such as {shown!r} {places.here(row)}",
            where=places.cell(row, name),
            hint=f"write only the number in each cell; {other}",
        )


def _require_printable(name: str, cells: Cells, texts: dict[int, str], places: Places) -> None:
    for code, text in texts.items():
        if sign := control_character(text):
            row = int((cells.codes == code).argmax())
            raise DataError(
                f"a text contains the control character {sign}, {places.here(row)}",
                where=places.cell(row, name),
                hint="remove the character; the file may be damaged, or no text",
            )


def finite_column(name: str, numbers: Numbers, places: Places) -> Column:
    """The column of these numbers, NaN if missing. Raises DataError if one is infinite."""
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataError(
            counted_in_row(infinite, "infinite", places),
            where=places.cell(int(infinite.argmax()), name),
            hint="correct these cells; or leave them empty, and set missing: drop or mean",
        )
    return Column(name, numbers)


def _listed(name: str) -> str:
    return leaving_out(name).partition("ignore: ")[2]
