"""The columns of a trace by name; a wrong name is an error that names the right one."""

from __future__ import annotations

from typing import NoReturn

from gdrun.array_types import Array
from gdrun.errors import suggestion
from gdrun.problems.metrics import name_of_heading


class NamedColumns(dict[str, Array]):
    """The columns of a trace by name.

    >>> NamedColumns(train_loss=[1.0], validation_loss=[2.0])["val_loss"]
    Traceback (most recent call last):
        ...
    KeyError: "no column is called 'val_loss': did you mean validation_loss?"
    """

    def __missing__(self, name: str) -> NoReturn:
        full = name_of_heading(name) if isinstance(name, str) else name
        hint = f"did you mean {full}?" if full in self else suggestion(name, self)
        raise KeyError(f"no column is called {name!r}: {hint}")
