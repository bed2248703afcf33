"""A part of the data, validation or test, whose rows are in a file of their own.

The columns of this file become features in the same way as those of new rows for a trained model.
The labels, the statistics and the classes are those of the training part, so the file never changes
the trained model.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.data.column_names import as_tuple
from gdrun.data.column_options import how_missing
from gdrun.data.columns import count
from gdrun.data.csv_layout import READING
from gdrun.data.encoding import Encoding
from gdrun.data.groups import Label, shared_groups
from gdrun.data.kept_columns import KeptColumns
from gdrun.data.sources import READERS, reader_of
from gdrun.data.table import DROPPED, Table
from gdrun.data.unreadable import expanded
from gdrun.errors import DataError

if TYPE_CHECKING:
    from gdrun.data.new_rows import RowEncoder, Unseen
    from gdrun.data.new_targets import Target


@dataclass(frozen=True)
class PartFile:
    """The file with the rows of a part.

    part: validation or test. path: the path of a file in any format. targets: the file with its
    targets, for NPY and IDX. unseen: how a category that training did not see is treated: `error`,
    or `ignore`, which sets all its 0/1 columns to 0. dataset: the options of the dataset section,
    which say how the training data are read.
    """

    part: str
    path: str
    targets: str | None = None
    unseen: Unseen = "error"
    dataset: Mapping[str, Any] = field(default_factory=dict)

    def read(
        self,
        trained: Table,
        encoding: Encoding,
        classes: tuple[str, ...],
        groups: tuple[str, frozenset[Label]] | None = None,
    ) -> Table:
        """The rows of the file as a table with the columns of the training data.

        trained: the table of the training data. encoding: the encoding of its features, with the
        values that replace missing values. classes: the labels of the classes; empty for a
        regression. groups: the name of the column of groups, and the groups of the training part;
        None if the rows are not split by group. A note counts the groups that are in both files.
        Rows without a target, or with a missing value in a column with `missing: drop`, are
        dropped, and a note counts them.
        Raises DataError if the file cannot be read, has no rows, lacks a column, or has a wrong
        cell, such as a category or a class that training did not see.
        """
        # The readers of new rows take time to import, and most runs do not need them.
        from gdrun.data.new_rows import RowEncoder
        from gdrun.data.new_targets import Target

        names = [column.name for column in encoding.columns]
        missing = self.dataset.get("missing", "error")
        gaps = frozenset(name for name in names if how_missing(missing, name) == "drop")
        ignoring = f"dataset.{self.part}.unseen=ignore"
        kept = KeptColumns([groups[0]] if groups else (), required=False)
        encoder = RowEncoder(encoding, self.unseen, gaps, ignoring, late=True, kept=kept)
        numbered = bool(classes) and not trained.classes
        may_lack = how_missing(missing, trained.target_name) != "error"
        target = Target(trained.target_name, classes, numbered, may_lack, trained.missing_marks)
        on_disk = isinstance(trained.X, np.memmap) and reader_of(self.path) is READERS[".npy"]
        X, y, used = self._rows(encoder, target, on_disk=on_disk)
        dropped = len(used) - len(y)
        encoder.extra = tuple(name for name in encoder.extra if name not in self._known(trained))
        notes = encoder.notes
        if dropped:
            why = "values are missing" if gaps else "the target is missing"
            notes.append(f"{DROPPED} {dropped} of {count(len(used), 'row')} because {why}")
        if groups:
            notes += _notes_on_groups(*groups, kept, used)
        if not len(y):
            raise DataError(
                "has no row without missing values" if dropped else "has no rows",
                where=self.path,
                hint="fill in missing values" if dropped else "add a row for each example",
            )
        return replace(
            trained,
            name=self.path,
            X=X,
            # The training table has the numbers of the target, not class codes.
            y=np.array([float(label) for label in classes])[y] if numbered else y,
            kept=None,
            wide=None,
            notes=tuple(f"{self.path}: {note}" for note in notes),
        )

    def _rows(
        self, encoder: RowEncoder, target: Target, *, on_disk: bool
    ) -> tuple[Numbers, Array, Flags]:
        """The features (n, d) before missing values are filled, the targets (n,), and whether each
        row of the file is used.

        on_disk: whether the features stay on disk, like the features of the training data. Their
        values are checked too, and none may be missing.
        """
        from gdrun.data.new_data import mapped_features, new_blocks

        reading = {name: self.dataset[name] for name in READING if name in self.dataset}
        blocks = new_blocks(
            self.path, encoder, target, labelled=True, targets=self.targets, reading=reading
        )
        features: list[Numbers] = [np.empty((0, encoder.encoding.features))]
        targets: list[Array] = []
        chosen: list[Flags] = [np.empty(0, bool)]
        with closing(blocks):
            for X, y in blocks:
                assert y is not None
                used = ~_unfilled(X, encoder.encoding)
                used &= target.known(y)
                encoder.require_seen(used)
                targets.append(y[used])
                chosen.append(used)
                if not on_disk:
                    features.append(X[used])
        found = np.concatenate(targets) if targets else np.empty(0, int)
        every = np.concatenate(chosen)
        if on_disk:
            return mapped_features(expanded(self.path), encoder, target), found, every
        return np.concatenate(features), found, every

    def _known(self, trained: Table) -> set[str]:
        """The names of the columns of the training file, also of those that are no features."""
        ignored = as_tuple(self.dataset.get("ignore") or ())
        return {*(report.name for report in trained.reports), *map(str, ignored)}


def part_files(dataset: Mapping[str, Any]) -> dict[str, PartFile]:
    """The file of each part whose rows are in a file of their own. dataset: the dataset section."""
    return {
        name: PartFile(name, **dict(dataset[name]), dataset=dataset)
        for name in ("validation", "test")
        if dataset.get(name) is not None
    }


def _unfilled(X: Numbers, encoding: Encoding) -> Flags:
    """Whether a row has a missing value that is not filled: (n,). X (n, d): the features."""
    fixed = np.ones(X.shape[1], bool) if encoding.fill is None else np.isnan(encoding.fill)
    unfilled: Flags = np.logical_or.reduce(np.isnan(X) & fixed, axis=1)
    return unfilled


def _notes_on_groups(
    column: str, trained: frozenset[Label], kept: KeptColumns, used: Flags
) -> list[str]:
    """A note on the groups that a file shares with the training part, or none.

    kept: has the cells of the column if the file has it. used: whether each row is used.
    """
    if column not in kept.cells:
        return [f"has no column {column}, so its groups cannot be compared with the training part"]
    said = shared_groups(column, np.array(kept.cells[column])[used], trained)
    return [said] if said else []


def joint_hash(trained: str, parts: Mapping[str, str]) -> str:
    """The hash of data in several files.

    trained: the hash of the table of the training data. parts: by name, the hash of the table of
    each part with a file of its own. Without such parts the result is `trained`.
    """
    if not parts:
        return trained
    text = " ".join([trained, *(f"{name} {parts[name]}" for name in sorted(parts))])
    return sha256(text.encode()).hexdigest()
