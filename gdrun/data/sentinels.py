"""Numbers and words that perhaps mean a missing value: -999, far from the other values; unknown.

gdrun does not replace them, because only the user knows what they mean. A note names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from gdrun.data.column_options import ColumnOptions
from gdrun.data.columns import Column, count, listed

SENTINELS = tuple(sign * (10**digits - 1) for sign in (-1, 1) for digits in range(1, 6))
"""Numbers that stand for a missing value in many files: -9, -99, …, 9, 99, …."""

WORDS = frozenset(
    {
        *("unknown", "not known", "unspecified", "not specified", "undefined", "missing"),
        *("not available", "n.a.", "n/k", "unbekannt", "k.a.", "keine angabe", "inconnu"),
        *("desconocido", "--", "---", ".", ".."),
    }
)
"""Labels, in lower case, that often mean a missing value, and may be a category."""

OFTEN = 0.02
"""If a word for a missing value is in at least this share of the cells, a note names the word."""

SAMPLE_ROWS = 2**16
"""The number of rows that are searched."""

FEWEST = 2
"""The fewest cells with such a number, since one may be a typing error, and the fewest others."""


def note_on_sentinel(column: Column, options: ColumnOptions) -> tuple[str, ...]:
    """A sentence on a number that perhaps means a missing value, or none.

    The number m is one of SENTINELS, is in at least FEWEST cells, and is the smallest or the
    largest number in the first SAMPLE_ROWS rows. These rows have at least FEWEST other numbers,
    from low to high. The distance of m from them is more than twice their range: low − m > 2 (high
    − low) for m < low. options: those with which the columns were read.
    """
    known = column.values[:SAMPLE_ROWS]
    known = known[~np.isnan(known)]
    if not column.source.is_number or not len(known):
        return ()
    for extreme in (float(known.min()), float(known.max())):
        if extreme not in SENTINELS:
            continue
        others = np.unique(known[known != extreme])
        if len(others) < FEWEST:
            continue
        low, high = float(others[0]), float(others[-1])
        times = int(np.count_nonzero(column.values == extreme))
        if times >= FEWEST and max(low - extreme, extreme - high) > 2 * (high - low):
            return (
                f"{column.name} has {extreme:.0f} in {count(times, 'cell')}, far from its other "
                f"values ({low:g} to {high:g}); if it means a missing value, set "
                f"{options.adding('missing_values', int(extreme))}",
            )
    return ()


def notes_on_words(columns: Iterable[Column], options: ColumnOptions) -> tuple[str, ...]:
    """A sentence on labels that are in WORDS, such as unknown, and perhaps mean a missing value.

    A label counts if at least the share OFTEN of a column's cells have it. Empty if no label
    counts. options: those with which the columns were read.
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        for code, label in enumerate(column.labels):
            if label.lower() not in WORDS or column.source.buckets:
                continue
            if np.count_nonzero(column.values == code) >= OFTEN * len(column.values):
                found.setdefault(label, []).append(column.name)
    if not found:
        return ()
    shown = ", ".join(
        f"{json.dumps(label, ensure_ascii=False)} in {listed(names)}"
        for label, names in found.items()
    )
    added = options.adding("missing_values", *found)
    if len(found) == 1:
        return (f"read as a label: {shown}; if it means a missing value, set {added}",)
    return (f"read as labels: {shown}; if they mean missing values, set {added}",)
