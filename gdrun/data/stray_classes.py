"""Classes that are probably mistakes, such as `maybe` in one row among no and yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers
from gdrun.data.column_options import ColumnOptions, how_missing
from gdrun.data.columns import Column, listed
from gdrun.data.places import Places

SINGLE = "a single row has the class"
"""The first words of a note on a class of one row; the name of its file may precede them."""

FREQUENT = 10
"""The fewest rows of every other class that make a class of few rows conspicuous."""

FEW = 3
"""The most rows of a class that is conspicuous."""

MOST_CLASSES = 20
"""Values of a target with more different ones than this are not looked at."""

MOST_NAMED = 6
"""The most classes that a message names, besides those that are probably mistakes."""


@dataclass(frozen=True)
class Stray:
    """A class that is probably a mistake.

    place: the words for the place of its first row. advice: what to do about it.
    """

    place: str
    advice: str


def strays_in(
    target: Column, kept: Integers | None, places: Places, options: ColumnOptions
) -> dict[str, Stray]:
    """The classes of a target that are probably mistakes, by their label.

    kept (N,): the row of the file of each row; None if these are the same. places: the place of
    each row of the file. options: those with which the columns were read.
    """
    y, labels = target.values, target.labels
    if not labels and len(set(y[:1000].tolist())) > MOST_CLASSES:
        return {}
    values = np.arange(len(labels)) if labels else np.unique(y)
    codes = y.astype(np.int64) if labels else np.searchsorted(values, y)
    counts = np.bincount(codes, minlength=len(values)).tolist()
    if not 2 < len(values) <= MOST_CLASSES:
        return {}
    names = list(labels) or [f"{value:.15g}" for value in values.tolist()]
    equal = same_but_for_case(names, counts)
    found = {}
    for name in dict.fromkeys([*few_rows(names, counts), *equal]):
        code = names.index(name)
        row = int((codes == code).argmax())
        row = row if kept is None else int(kept[row])
        one = counts[code] == 1
        advice = f"correct the cell{'' if one else 's'} with {name}"
        # A mark of missing values counts in all columns, and in upper and lower case.
        if name in equal:
            advice = f"write {equal[name]} instead of {name}"
        elif labels:
            sets = options.adding("missing_values", name)
            if how_missing(options.missing, target.name) == "error":
                sets += f" and {options.filling('drop')}"
            advice += f", or leave out the row{'' if one else 's'} with {sets}"
        found[name] = Stray(places.at(row), advice)
    return found


def few_rows(names: Sequence[str], counts: Sequence[int], most: int = FEW) -> list[str]:
    """The classes of at most `most` rows; none unless there are two others or more.

    Each of the others must have at least FREQUENT rows. names, counts: the classes and how many
    rows each has.
    """
    few = [name for name, rows in zip(names, counts, strict=True) if 0 < rows <= most]
    others = [rows for rows in counts if rows > most]
    return few if len(others) >= 2 and min(others) >= FREQUENT else []


def same_but_for_case(names: Sequence[str], counts: Sequence[int]) -> dict[str, str]:
    """The classes that equal a more frequent one but for case, with the latter.

    >>> same_but_for_case(["No", "no", "yes"], [1, 90, 30])
    {'No': 'no'}
    """
    known: dict[str, str] = {}
    found = {}
    for _, name in sorted(zip(counts, names, strict=True), key=lambda each: (-each[0], each[1])):
        other = known.setdefault(name.casefold(), name)
        if other != name:
            found[name] = other
    return found


def note_on_single_rows(
    y: Integers, classes: Sequence[str], strays: Mapping[str, Stray]
) -> list[str]:
    """A note on classes that have one row each, while all others are frequent; or no note.

    y (N,): the class code of each row. classes: the label of each code. strays: the
    classes that are probably mistakes, by label; the note has the place of their first row.
    """
    counts = np.bincount(y, minlength=len(classes)).tolist() if classes else []
    single = few_rows(classes, counts, 1)
    if not single:
        return []
    named = [f"{name} ({strays[name].place})" if name in strays else name for name in single]
    left = f"without {'it' if len(single) == 1 else 'them'}"
    others = len(classes) - len(single)
    return [f"{SINGLE} {listed(named, MOST_NAMED)}; {left} the target has {others} classes"]


def classes_with_rows(y: Integers, classes: Sequence[str], strays: Mapping[str, Stray]) -> str:
    """The classes, the most frequent first, with their numbers of rows, as words.

    y (N,): the code of each row. strays: the classes that are named with the place of a row.
    """
    rows_of = np.bincount(y, minlength=len(classes)).tolist()
    sizes = Counter(dict(zip(classes, rows_of, strict=True)))
    ordered = [name for name, _ in sizes.most_common()]
    shown = [name for k, name in enumerate(ordered) if k < MOST_NAMED or name in strays]
    words = []
    for name in shown:
        size = f"{sizes[name]:,} row{'s' if sizes[name] != 1 else ''}"
        if name in strays:
            size += f", {'' if sizes[name] == 1 else 'the first in '}{strays[name].place}"
        words.append(f"{name} ({size})")
    more = len(ordered) - len(shown)
    return ", ".join(words) + (f" and {more} more" if more else "")
