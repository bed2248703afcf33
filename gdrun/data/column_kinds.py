"""What a column of cells is: numbers, booleans, dates, categories or identifiers.

Only this module decides it; the readers of all formats of tables use this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.data.booleans import boolean_codes
from gdrun.data.cells import Cells, cell_value
from gdrun.data.column_options import ColumnOptions, ColumnReading
from gdrun.data.columns import (
    Column,
    KindError,
    count,
    counted_in_row,
)
from gdrun.data.date_columns import dates_from_texts
from gdrun.data.dates import TIME_OF_DAY, is_like_a_date
from gdrun.data.encoding import SourceColumn, bucket
from gdrun.data.marked_numbers import have_marks, marked_number
from gdrun.data.nearly_numbers import require_no_mixture
from gdrun.data.places import Places
from gdrun.data.refused_texts import (
    MOST_LABELS,
    refuse_units,
    require_decimal_sign,
    require_numbers,
    require_printable,
)
from gdrun.data.row_numbers import is_identifier_text, like_an_identifier
from gdrun.data.sentinels import OFTEN
from gdrun.errors import DataError

MOST_HOT = 1000
"""The largest number of labels, and so of 0/1 columns, of one feature."""

_CODE = re.compile(r"[+-]?0\d+")
"""A number with leading zeros. As a text it is often a code, such as a postal code."""


def read_column(
    name: str, cells: Numbers | Cells, places: Places, reading: ColumnReading
) -> Column:
    """The column with these cells of a text file.

    cells: finite numbers, or the text of each cell. places: the place of each row. reading: how to
    read the column. Raises DataError for infinite numbers, for a few texts among numbers, for
    numbers with another decimal sign or a unit, for dates that cannot be read or are refused, for
    control characters, and for text with too many different values for a category.
    """
    if not isinstance(cells, Cells):
        finite = not reading.marks.numbers
        return Column(without_marked(cells, reading), SourceColumn(name), finite=finite)
    values, is_text = cells.values(reading.decimal, reading.marks)
    filled = is_text | ~np.isnan(values)
    if reading.category:
        return _labelled_column(name, cells, filled, places, reading)
    if not is_text.any():
        return finite_column(name, values, places)
    # If one number has a percent sign, all numbers must have it.
    if have_marks(cells.texts_in(filled), reading.decimal, reading.marks):
        return _marked_column(name, cells, reading)
    require_decimal_sign(name, cells, is_text, filled, places, reading)
    require_numbers(name, cells, is_text, filled, places, reading)
    return text_column(name, cells, filled, places, reading)


def text_column(
    name: str, cells: Cells, filled: Flags, places: Places, reading: ColumnReading
) -> Column:
    """The column of these texts: booleans, dates, a category, hashed texts, or an identifier.

    filled (N,): False for a cell that is a missing value. places: the place of each row, for
    messages. reading: how to read the column. Raises DataError for dates that cannot be read or are
    refused, numbers with another decimal sign or a unit, control characters, and text with too many
    different values for a category.
    """
    if not filled.any():
        return Column(np.full(len(filled), np.nan), SourceColumn(name))
    texts = cells.texts_in(filled)
    classes = reading.target and len(texts) <= MOST_LABELS
    if not (reading.category or classes):
        if not reading.target and (found := boolean_codes(texts)) is not None:
            values = cells.by_text(filled, lambda text: found[text])
            return Column(values, SourceColumn(name, form="boolean"))
        if all(map(is_like_a_date, texts)):
            return dates_from_texts(name, cells, filled, places, reading, texts)
        if have_marks(texts, reading.decimal, reading.marks):
            if not all(cell_value(text, reading.decimal) is not None for text in texts):
                return _marked_column(name, cells, reading)
            if not any(map(_CODE.fullmatch, texts)):
                return _written_numbers(name, cells, places, reading)
    if not reading.category:
        # For a text file `read_column` has already checked this.
        is_text = filled & cells.values(reading.decimal, reading.marks)[1]
        require_decimal_sign(name, cells, is_text, filled, places, reading)
    if not reading.category and (not classes or len(texts) > 2):
        refuse_units(name, cells, filled, places, texts, reading)
    return _labelled_column(name, cells, filled, places, reading)


def _written_numbers(name: str, cells: Cells, places: Places, reading: ColumnReading) -> Column:
    """The column of a table with types whose texts are all numbers, such as '1.909'."""
    found = finite_column(name, cells.values(reading.decimal, reading.marks)[0], places)
    note = f"{name} has numbers as text, which are read as numbers"
    if not reading.target:
        note += f"; {reading.options.adding('categories', name)} reads them as labels"
    return replace(found, notes=(note,))


def _marked_column(name: str, cells: Cells, reading: ColumnReading) -> Column:
    """The column of numbers with marks; `have_marks` is true of its texts."""

    def number(text: str) -> float:
        found = marked_number(text, reading.decimal, reading.marks)
        assert found is not None
        return found[0]

    values = cells.by_text(np.ones(len(cells), dtype=bool), number)
    shown = next(text.strip() for text in cells.texts if cell_value(text, reading.decimal) is None)
    note = f"{name} has numbers with marks: {shown} is read as {number(shown):.15g}"
    comma = any("," in text for text in cells.texts)
    if comma and reading.decimal == "." and have_marks(cells.texts, ",", reading.marks):
        note += '; if the comma is the decimal sign, set decimal: ","'
    return Column(values, SourceColumn(name, form="marked"), notes=(note,))


def _labelled_column(
    name: str, cells: Cells, filled: Flags, places: Places, reading: ColumnReading
) -> Column:
    """The column whose labels are the texts of its cells. The arguments are as in `text_column`.

    Raises DataError for a control character, and if there are too many labels.
    """
    labels = cells.texts_in(filled)
    require_printable(name, cells, filled, places)
    total = int(filled.sum())
    scattered = len(labels) > MOST_LABELS and 2 * len(labels) > total and not reading.category
    if len(labels) > MOST_LABELS and not reading.category:
        require_no_mixture(name, cells, filled, places, reading)
    if not reading.target:
        if not reading.category and len(labels) > MOST_LABELS:
            _refuse_amounts(name, labels, places, reading.options)
        if scattered and not reading.kept and is_identifier_text(name, labels, total):
            reason = f"{like_an_identifier('text', len(labels), total)}, such as {labels[0]}"
            return Column(
                np.where(filled, cells.codes, np.nan), SourceColumn(name), left_out=reason
            )
        if reading.buckets and (scattered or len(labels) > MOST_HOT):
            return _hashed_column(name, cells, filled, labels, places, reading.buckets)
    if (scattered and not reading.kept) or (len(labels) > MOST_HOT and not reading.target):
        raise KindError(
            f"has {len(labels)} different texts in {total} rows, too many for categories",
            kind="text",
            where=f"{places.table} {name}",
            hint=f"choose another target; or read its texts as classes with "
            f"{reading.options.adding('categories', name)}"
            if reading.target
            else f"{reading.options.leaving_out(name)}; or hash its texts into at most 256 columns "
            "with hash: 256",
        )
    rank = {label: float(code) for code, label in enumerate(labels)}
    source = SourceColumn(name, tuple(labels), form="category")
    notes = _case_notes(name, labels)
    if not reading.target:
        notes += _word_notes(name, cells, filled, reading.options)
        if not reading.category and not reading.kept:
            notes += _rare_notes(name, cells, filled, reading.options)
    if not (reading.target or reading.category) and (written := amounts_written_as(labels)):
        what, example = written
        notes += (f"{name} has {what}, which are read as labels; as numbers, write {example}",)
    return Column(cells.by_text(filled, rank.__getitem__), source, notes=notes)


def amounts_written_as(labels: Sequence[str]) -> tuple[str, str] | None:
    """How labels that are no numbers write amounts, and an example of the number; or None.

    >>> amounts_written_as(["5:30", "17:05:00"]), amounts_written_as(["1/2", "3/4"])
    (('times without a date', '17.5 hours for 17:30'), ('fractions', '0.5 for 1/2'))
    """
    if all(TIME_OF_DAY.fullmatch(label) for label in labels):
        return "times without a date", "17.5 hours for 17:30"
    if all(_FRACTION.fullmatch(label) for label in labels):
        return "fractions", "0.5 for 1/2"
    return None


_FRACTION = re.compile(r"-?(\d+ )?\d+/\d+")


def _refuse_amounts(
    name: str, labels: Sequence[str], places: Places, options: ColumnOptions
) -> None:
    """Raise DataError if many labels are times without a date, or fractions: these are amounts."""
    written = amounts_written_as(labels)
    if written is None:
        return
    what, example = written
    raise KindError(
        f"has {len(labels)} different {what}, such as {labels[0]}, which are not read as numbers, "
        "and are too many for categories",
        kind="text",
        where=f"{places.table} {name}",
        hint=f"write them as numbers, such as {example}; or read them as labels with "
        f"{options.adding('categories', name)}; or {options.leaving_out(name)}",
    )


def _word_notes(name: str, cells: Cells, filled: Flags, options: ColumnOptions) -> tuple[str, ...]:
    """A sentence on a word that often means a missing value, but may be a category; or none.

    The user knows the words that the option missing_values lists, so that these do not count.
    filled (N,): False for a cell that is a missing value.
    """
    assumed = ~filled & ~cells.marked(options.listed_marks)
    words = cells.texts_in(assumed)
    marked = int(np.count_nonzero(assumed))
    if marked < OFTEN * len(filled):
        return ()
    shown = " or ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return (
        f"{name} has {shown} in {marked} of {len(filled)} cells, which are read as missing values; "
        f"if it is a category, set {options.without_marks(words)}",
    )


def _rare_notes(name: str, cells: Cells, filled: Flags, options: ColumnOptions) -> tuple[str, ...]:
    """A sentence on many texts of which most are in fewer than FEW rows each, or none.

    filled (N,): False for a cell that is a missing value.
    """
    times = np.bincount(cells.codes[filled])
    texts = int(np.count_nonzero(times))
    rare = int(np.count_nonzero((times > 0) & (times < FEW)))
    if texts <= MANY or 2 * rare <= texts:
        return ()
    return (
        f"{name} has {texts:,} different texts, {rare:,} of them in fewer than {FEW} rows each, "
        f"and becomes as many columns of 0 and 1; {options.leaving_out(name)}",
    )


MANY = 100
"""If a feature has more 0/1 columns than this, most of them for rare texts, a note says so."""

FEW = 5
"""A text in fewer rows than this is rare: a 0/1 column can learn little from so few rows."""


def _case_notes(name: str, labels: Sequence[str]) -> tuple[str, ...]:
    """A sentence on labels that differ only in upper and lower case, or none."""
    known: dict[str, str] = {}
    for label in labels:
        other = known.setdefault(label.casefold(), label)
        if other != label:
            return (f"{name} has labels that differ only in case, such as {other} and {label}",)
    return ()


def _hashed_column(
    name: str, cells: Cells, filled: Flags, texts: Sequence[str], places: Places, buckets: int
) -> Column:
    """The column whose texts are hashed into buckets; the buckets that are used are its labels."""
    used = sorted({bucket(text, buckets) for text in texts})
    rank = {number: float(code) for code, number in enumerate(used)}
    values = cells.by_text(filled, lambda text: rank[bucket(text, buckets)])
    if len(used) * len(values) > MOST_ENTRIES:
        raise KindError(
            f"its texts fill {len(used):,} of {buckets:,} buckets, too many columns for "
            f"{len(values):,} rows in memory",
            kind="text",
            where=f"{places.table} {name}",
            hint="use fewer buckets, such as hash: 256",
        )
    shared = len(texts) - len(used)
    note = (
        f"{name}: {len(texts):,} texts are hashed into {buckets:,} buckets, of which {len(used):,} "
        f"are used; {count(shared, 'collision')}"
    )
    source = SourceColumn(name, tuple(map(str, used)), form="category", buckets=buckets)
    return Column(values, source, notes=(note,))


MOST_ENTRIES = 2**28
"""The largest number of entries of the 0/1 columns of a hashed column: 2 GB of float64."""


def finite_column(name: str, numbers: Numbers, places: Places) -> Column:
    """The column of these numbers, NaN if missing. Raises DataError if one is infinite.

    places: the place of each row, for messages.
    """
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataError(
            counted_in_row(infinite, "infinite", places),
            where=places.cell(int(infinite.argmax()), name),
            hint="correct these cells; or leave them empty, and set missing: drop or mean",
        )
    return Column(numbers, SourceColumn(name))


def without_marked(numbers: Numbers, reading: ColumnReading) -> Numbers:
    """The numbers, with NaN for those that mean a missing value, such as -999.

    reading: how to read the column, with these numbers in `marks`.
    """
    if not reading.marks.numbers:
        return numbers
    return np.where(np.isin(numbers, sorted(reading.marks.numbers)), np.nan, numbers)
