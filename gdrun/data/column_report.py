"""The report on a column: its kind, and what it becomes. Reports are shown and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gdrun.array_types import Numbers
from gdrun.data.booleans import boolean_codes
from gdrun.data.columns import Column, count
from gdrun.data.encoding import SourceColumn

Kind = Literal["number", "boolean", "category", "date", "text", "identifier", "constant"]

LEFT_OUT = "left out: "
"""The first words on a column that is no feature, before the reason."""

MOST_NAMED = 3
"""The largest number of labels that a sentence names; the others are counted."""


UNUSABLE = "cannot be used"
"""What a column with an error becomes, in words."""


@dataclass(frozen=True)
class ColumnReport:
    """What one column of the data is, and what it becomes.

    missing: the number of missing values. becomes: what the column becomes, in words. features: the
    names of its features; empty for the target and for a column that is left out. different: the
    number of different values of an identifier; 0 for any other column.
    """

    name: str
    kind: Kind
    missing: int
    becomes: str
    features: tuple[str, ...] = ()
    different: int = 0


def report_on(column: Column, *, target: bool = False, left_out: str = "") -> ColumnReport:
    """The report on a column that was read.

    target: whether it is the target. left_out: why it is no feature, in words; empty for a feature.
    """
    missing = column.missing
    identifier = bool(left_out) and missing < len(column.values)
    kind = _kind(column, target=target, identifier=identifier)
    if target:
        return ColumnReport(column.name, kind, missing, "the target")
    if left_out:
        different = different_values(column.values) if identifier else 0
        return ColumnReport(
            column.name, kind, missing, f"{LEFT_OUT}{left_out}", different=different
        )
    features = column.source.feature_names
    return ColumnReport(column.name, kind, missing, _becomes(column, kind), features)


def _kind(column: Column, *, target: bool, identifier: bool) -> Kind:
    if identifier:
        return "identifier"
    source = column.source
    if _constant(column):
        return "constant"
    if source.buckets:
        return "text"
    if source.labels:
        return "boolean" if target and boolean_codes(source.labels) else "category"
    if source.parts:
        return "date"
    return "boolean" if source.form == "boolean" else "number"


def _constant(column: Column) -> bool:
    """Whether all values of the column are equal; missing values do not count."""
    if not column.missing:
        return not _differ(column.values[:1000]) and not _differ(column.values)
    return not _differ(column.values[~column.gaps])


def _differ(values: Numbers) -> bool:
    return bool((values != values[:1]).any())


def _becomes(column: Column, kind: Kind) -> str:
    source = column.source
    if column.empty:
        return "nothing: it is empty"
    words = _form_in_words(source)
    if kind == "constant":
        words += ", always the same"
    return f"{words}; also a column of 0 and 1 for missing" if source.indicator else words


def _form_in_words(source: SourceColumn) -> str:
    if source.buckets:
        return f"{count(len(source.labels), 'column')} of 0 and 1, for {source.buckets:,} buckets"
    if source.labels:
        shown = ", ".join(source.labels[:MOST_NAMED])
        more = ", …" if len(source.labels) > MOST_NAMED else ""
        return f"{count(len(source.labels), 'column')} of 0 and 1: {shown}{more}"
    if source.parts:
        return ", ".join(source.parts)
    words = {
        "boolean": "0 or 1",
        "marked": "a number, without %, currency and thousands separators",
    }
    return words.get(source.form, "a number")


def different_values(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> int:
    """The number of different values in an array (N,), without missing ones (NaN)."""
    return len(np.unique(values[~np.isnan(values)]))
