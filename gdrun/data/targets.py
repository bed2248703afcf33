"""The target of a table: which task suits it, and its classes or numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.data.booleans import boolean_codes, boolean_word
from gdrun.data.stray_classes import classes_with_rows
from gdrun.data.table import Table, Task
from gdrun.errors import DataError
from gdrun.quantities import told_apart

MOST_CLASS_NUMBERS = 20
"""Up to this number of different values, whole-number targets can always be classes."""

TARGET_NAMES = ("target", "label", "class", "y", "outcome")
"""Names of columns that are probably the target."""


def likely_target(names: Iterable[str]) -> str | None:
    """The column that is probably the target by its name, or None.

    >>> likely_target(["Label", "size", "price"]), likely_target(["size", "price"])
    ('Label', None)
    """
    found = {name.lower(): name for name in names}
    return next((found[name] for name in TARGET_NAMES if name in found), None)


def suitable_task(table: Table) -> Task:
    """Return the task that suits the target: classification or regression.

    It is classification for labels, and for whole numbers with at most 20 different values that
    occur at least twice on average. For other numbers it is regression.
    """
    if table.classes:
        return "classification"
    values = _different(table.y)
    whole = bool((values == np.round(values)).all())
    few = len(values) <= MOST_CLASS_NUMBERS and 2 * len(values) <= len(table.y)
    return "classification" if whole and few else "regression"


def _different(y: Array) -> Array:
    """Return the different values of y in ascending order, as np.unique does.

    np.unique would import numpy.ma, which takes longer than the preparation of a small dataset.
    """
    ordered = np.sort(y)
    is_new = np.append(True, ordered[1:] != ordered[:-1])
    different: Array = ordered[is_new]
    return different


def real_targets(table: Table) -> Numbers:
    """Return the targets as float64 (N,), for a regression. Raises DataError if they are labels."""
    if table.classes:
        model = "logistic" if len(table.classes) == 2 else "softmax"
        raise DataError(
            f"the target has {len(table.classes)} class labels, such as "
            f"{table.classes[0]!r}, but a regression needs numbers",
            where=f"{table.name} {table.target_name}",
            hint=f"use model: {model} to predict a class, or choose a target with numbers",
        )
    return table.y.astype(np.float64)


def class_codes(table: Table, *, declared: bool = False) -> tuple[Integers, tuple[str, ...]]:
    """Return the targets as class codes 0 … C−1, (N,), and the label of each code.

    Targets that are whole numbers become classes in ascending order. declared: whether the user
    says that they are classes; then any number of classes is allowed. Raises DataError if the
    targets are numbers that cannot be classes, or if all rows have the same class.
    """
    where = f"{table.name} {table.target_name}"
    if table.classes:
        codes, labels = table.y.astype(np.int64), table.classes
        present = int(np.count_nonzero(np.bincount(codes, minlength=len(labels))))
    else:
        values = _different(table.y)
        codes = np.searchsorted(values, table.y)
        _require_class_numbers(values, len(codes), where, declared)
        labels, present = tuple(str(int(value)) for value in values), len(values)
    if present < 2:
        raise DataError(
            f"all rows have the same target, {labels[codes[0]]}",
            where=where,
            hint="choose a target column with at least two classes",
        )
    return codes.astype(np.int64, copy=False), labels


def positive_last(
    codes: Array, labels: tuple[str, ...], positive: str | None
) -> tuple[Array, tuple[str, ...]]:
    """Return the class codes (n,) and the labels, with the positive class as the second of two.

    Everything that distinguishes the two classes, such as F1 or a threshold, means the second one.
    labels: the label of each code; empty for a regression. positive: the label of the positive
    class; None keeps the order of the labels. Raises DataError if it is not one of two labels.

    >>> positive_last(np.array([0, 1, 1]), ("no", "yes"), "no")
    (array([1, 0, 0]), ('yes', 'no'))
    """
    if positive is None or positive_code(labels, positive) == 1:
        return codes, labels
    return 1 - codes, labels[::-1]


def require_two_classes(table: Table, codes: Integers, labels: tuple[str, ...]) -> None:
    """Raise DataError if a positive class is given, but the target has more than two classes.

    The error names the classes with their numbers of rows, and says what to do about those that are
    probably mistakes. codes (N,): the class of each row. labels: the label of each code; empty for
    a regression.
    """
    if len(labels) <= 2:
        return
    named = classes_with_rows(codes, labels, table.strays)
    what = f"chooses one of two classes, but {table.name} has {len(labels)}: {named}"
    ways = [stray.advice for label, stray in table.strays.items() if label in labels]
    raise DataError(what, where=POSITIVE, hint="; or ".join(ways) or "remove this key")


POSITIVE = "dataset.positive"
"""The key that chooses the positive class."""


def positive_code(labels: tuple[str, ...], positive: str) -> int:
    """Return the code of the positive class, 0 or 1.

    labels: the label of each code. positive: the label of the positive class. A boolean in another
    spelling is found too: YAML has one word, true, for True, TRUE and true. Raises DataError if
    there are not two labels, or if `positive` is none of them.
    """
    if len(labels) != 2:
        has = f"{len(labels)} classes" if labels else "numbers to predict"
        what = f"chooses one of two classes, but the target has {has}"
        raise DataError(what, where=POSITIVE, hint="remove this key")
    if positive in labels:
        return labels.index(positive)
    value, values = boolean_word(positive), boolean_codes(labels)
    if value is None or values is None:
        what = f"the target has no class {positive!r}"
        raise DataError(what, where=POSITIVE, hint=f"its classes are {labels[0]} and {labels[1]}")
    return [values[label] for label in labels].index(value)


def codes_of(y: Array, table: Table, classes: tuple[str, ...]) -> Array:
    """The targets y (n,) of rows from another file as class codes, or unchanged for a regression.

    table: the training table. classes: the label of each code; empty for a regression. y: if the
    targets of the table are texts, the reader of the other file has returned codes, which are
    returned as they are. If the classes are numbers, y has these numbers, each one of `classes`.
    """
    if table.classes or not classes:
        return y
    return np.searchsorted(np.array(classes, dtype=np.float64), y)


def _require_class_numbers(values: Numbers, rows: int, where: str, declared: bool) -> None:
    """Raise DataError if numeric targets cannot be classes: not whole, or too many different ones.

    values: the different targets. rows: the number of rows. where: the place for the error message.
    declared: as for class_codes.
    """
    broken = values[values != np.round(values)]
    if len(broken):
        shown, _ = told_apart((broken[0], np.round(broken[0])), 6)
        raise DataError(
            f"the target has numbers that are not whole, such as {shown}, "
            "so they cannot be classes",
            where=where,
            hint="use model: linear to predict a number, or choose another target",
        )
    if not declared and len(values) > MOST_CLASS_NUMBERS and 3 * len(values) > rows:
        raise DataError(
            f"the target has {len(values)} different values in {rows} rows, too many to be classes",
            where=where,
            hint="use model: linear to predict a number; if they are classes, set "
            "dataset.task=classification",
        )
