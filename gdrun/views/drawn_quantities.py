"""The quantities that a chart can draw, by the names that a user gives them."""

from __future__ import annotations

from collections.abc import Iterable

from gdrun.config.names_elsewhere import KEYS_ELSEWHERE
from gdrun.errors import GdrunError, Parameter, suggestion
from gdrun.problems.metrics import name_of_heading
from gdrun.views.curves import X_AXES

PARTS = {"train_": "training", "validation_": "validation"}
"""For each prefix of the columns of evaluations, the name of the part of the data."""


def drawable(columns: Iterable[str]) -> list[str]:
    """The names of the quantities that are recorded in these columns.

    First those without a part of the data: `loss` means train_loss and validation_loss. Then
    the columns themselves. The columns of the x axes are left out.
    """
    known = [name for name in dict.fromkeys(columns) if name not in X_AXES]
    return list(dict.fromkeys([*map(without_part, known), *known]))


def without_part(column: str) -> str:
    """The name of a column of evaluations without the part of the data.

    >>> without_part("validation_loss"), without_part("grad_norm")
    ('loss', 'grad_norm')
    """
    prefix = next((prefix for prefix in PARTS if column.startswith(prefix)), "")
    return column.removeprefix(prefix)


def chosen_quantity(y: str, names: Iterable[str]) -> str:
    """The one of these names that the text y means: `val acc` is validation_accuracy.

    Raises GdrunError if there is none.
    """
    known, name = list(names), name_of_heading(y)
    for each in (y, name):
        if each in known:
            return each
    if name in X_AXES:
        what = f"{name} is an x axis, not a quantity"
        hint = f"choose a quantity to draw over it, such as {known[0]}"
        raise GdrunError(what, where=Parameter("y"), hint=hint)
    elsewhere = KEYS_ELSEWHERE.get(name.lower().replace("-", "_"), "").rpartition(".")[2]
    hint = f"the name in gdrun is {elsewhere}" if elsewhere in known else suggestion(y, known)
    raise GdrunError(f"{y!r} was not recorded", where=Parameter("y"), hint=hint)
