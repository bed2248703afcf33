"""Rows that occur more than once in a table, also in two parts of the split.

    h ← (h xor b_j) · M  mod 2⁶⁴,  h ← h xor (h ≫ 32),  for each column j

b_j is the bit pattern of the value in column j as float64; the multiplication by an odd M and the
shift are the steps of FNV-1a and of SplitMix64. Sorting N hashes is many times faster than sorting
N rows. Rows that differ in exactly one column never have the same hash. Rows that differ in several
columns have the same hash with a probability of about 2⁻⁶⁴. Among a million different rows, the
probability that some pair has the same hash is about 3e-8.

In most tables, few columns already tell all rows apart. So the rows of a table are first hashed by
FIRST_COLUMNS columns, and only those whose hash occurs again are hashed by all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gdrun.array_types import Array, Flags
from gdrun.data.columns import listed
from gdrun.data.splitting import SplitRows

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""M, the odd number next to 2⁶⁴ divided by the golden ratio, as in SplitMix64."""

FIRST_COLUMNS = 4
"""The number of columns, besides the target, by which the rows of a table are hashed first."""

MOST_LOOKED_UP = 1 / 16
"""If more than this share of the hashes is repeated, it is faster to hash all rows again."""

BLOCK_ROWS = 2**13
"""The number of rows that are hashed at once, so that their hashes stay in a cache of the core."""


@dataclass(frozen=True)
class RepeatedRows:
    """The numbers of rows that are equal to another one in all features and in the target.

    all: rows of the table that are equal to an earlier one. validation, test: rows of this part
    that the training part contains too.
    """

    all: int = 0
    validation: int = 0
    test: int = 0

    def notes(self, sizes: Mapping[str, int], left_out: Sequence[str] = ()) -> list[str]:
        """A sentence on the rows of held-out parts that the training part contains too, or none.

        sizes: the number of rows of the validation and the test part. left_out: the columns of the
        file that are neither features nor the target, and so are not compared.

        >>> for note in RepeatedRows(4, 1).notes({"validation": 15, "test": 15}, ["id"]):
        ...     print(*note.split(", "), sep="\\n")
        repeated rows: the training part also has 1 of 15 validation rows
        equal in the features and the target (not compared: id)
        """
        found = {"validation": self.validation, "test": self.test}
        counts = [
            f"{found[part]:,} of {sizes[part]:,} {part} rows" for part in found if found[part]
        ]
        if not counts:
            return []
        said = f"repeated rows: the training part also has {' and '.join(counts)}"
        said += ", equal in the features and the target"
        return [f"{said} (not compared: {listed(left_out)})" if left_out else said]


NONE = RepeatedRows()


def repeated_rows(
    hashes: Array, rows: SplitRows, files: Mapping[str, Array] = MappingProxyType({})
) -> RepeatedRows:
    """The numbers of repeated rows.

    hashes (N,): the hash of each row of the table. rows: the split of these rows into parts. files:
    the hashes of the rows of each part, validation or test, that is another table.
    """
    every = repeated(hashes)
    if not every and not files:
        return NONE
    trained = np.sort(hashes[rows.train])
    held_out = {"validation": hashes[rows.validation], "test": hashes[rows.test], **files}
    return RepeatedRows(every, **{name: known(each, trained) for name, each in held_out.items()})


def row_hashes(X: Array, y: Array) -> Array:
    """The hash of each row of X (N, d) with its target in y (N,): (N,), uint64.

    Values that are equal as float64 have equal hashes, also 0 and −0, and all missing values (NaN).
    """
    hashes = np.zeros(len(y), dtype=np.uint64)
    values, high = np.empty(BLOCK_ROWS), np.empty(BLOCK_ROWS, dtype=np.uint64)
    with np.errstate(all="ignore"):
        for start in range(0, len(y), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            found = hashes[part]
            column, shifted = values[: len(found)], high[: len(found)]
            for cells in (y[part], *X[part].T):
                np.add(cells, 0.0, out=column)  # −0 + 0 is 0
                if np.isnan(column.sum()):
                    np.copyto(column, np.nan, where=np.isnan(column))
                np.bitwise_xor(found, column.view(np.uint64), out=found)
                np.multiply(found, MULTIPLIER, out=found)
                np.right_shift(found, np.uint64(32), out=shifted)
                np.bitwise_xor(found, shifted, out=found)
    return hashes


def first_hashes(X: Array, y: Array) -> Array:
    """The hash of each row of X (N, d) by some columns and the target in y (N,): (N,), uint64.

    These are FIRST_COLUMNS columns, at equal distances.
    """
    # Columns at equal distances: the first pixels of an image are often all the same.
    places = sorted(set(np.linspace(0, X.shape[1] - 1, FIRST_COLUMNS).astype(int).tolist()))
    return row_hashes(X[:, places], y)


def complete_hashes(tables: Sequence[tuple[Array, Array, Array]]) -> bool:
    """Hash by all columns the rows whose hash by a few columns occurs more than once.

    tables: X (N, d), y (N,) and the first_hashes (N,) of each table. The hashes are changed in
    place. Afterwards equal rows have equal hashes, also in different tables. Returns whether rows
    may be equal: False if no hash occurred more than once.
    """
    ordered = np.sort(np.concatenate([hashes for _, _, hashes in tables]))
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(shared):
        return False
    for X, y, hashes in tables:
        rows = np.arange(len(y))
        if len(shared) < MOST_LOOKED_UP * len(ordered):
            found = np.minimum(np.searchsorted(shared, hashes), len(shared) - 1)
            rows = np.flatnonzero(shared[found] == hashes)
        for start in range(0, len(rows), BLOCK_ROWS):
            block = rows[start : start + BLOCK_ROWS]
            hashes[block] = row_hashes(X[block], y[block])
    return True


def repeated(hashes: Array) -> int:
    """The number of rows that are equal to an earlier one. hashes (N,): the hash of each row."""
    ordered = np.sort(hashes)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def known(hashes: Array, trained: Array) -> int:
    """How many rows are training rows too.

    hashes: the hash of each row. trained (n,): the hashes of the training rows, ascending.
    """
    found = np.searchsorted(trained, hashes)
    same: Flags = trained[np.minimum(found, len(trained) - 1)] == hashes
    return int(np.count_nonzero(same))
