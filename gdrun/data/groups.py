"""The groups by which rows are split, and the groups that a file shares with the training part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gdrun.array_types import Array, Integers
from gdrun.data.cells import cell_value
from gdrun.data.columns import count

Label: TypeAlias = float | str
"""The value of a column of groups: a number or a text."""


@dataclass(frozen=True)
class Groups:
    """The groups of N rows.

    column: the name of the column of groups. codes (N,): the code of each row's group, from 0.
    labels: the value of the column in each group, by code.
    """

    column: str
    codes: Integers
    labels: Sequence[Label]

    def labels_of(self, rows: Integers) -> frozenset[Label]:
        """The labels of the groups of some rows. rows: their indices."""
        return frozenset(self.labels[code] for code in np.unique(self.codes[rows]).tolist())


def shared_groups(column: str, cells: Array, trained: Collection[Label]) -> str:
    """A sentence on the groups of a file that are in the training part too; empty without any.

    column: the name of the column of groups. cells (n,): the texts of the column in the file.
    trained: the labels of the groups of the training part.

    >>> shared_groups("patient", np.array(["1", "1.0", "7", ""]), {1.0, 2.0})
    '1 of its 2 groups by patient is in the training part too, with 2 of 4 rows'
    """
    different, rows = np.unique(cells, return_counts=True)
    found: dict[Label, int] = {}
    for text, number in zip(different.tolist(), rows.tolist(), strict=True):
        value = cell_value(text)
        if value is None or value == value:  # not a missing value
            label = text.strip() if value is None else value
            found[label] = found.get(label, 0) + number
    shared = [label for label in found if label in trained]
    if not shared:
        return ""
    verb = "is" if len(shared) == 1 else "are"
    return (
        f"{len(shared)} of its {count(len(found), 'group')} by {column} {verb} in the training "
        f"part too, with {sum(found[label] for label in shared)} of {count(len(cells), 'row')}"
    )
