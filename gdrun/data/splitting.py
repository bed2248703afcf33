"""Which rows train, which validate, which test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Counts
from gdrun.errors import DataError
from gdrun.methods.randomness import stream


@dataclass(frozen=True)
class SplitRows:
    """Row numbers of the three parts, each in the table's own order."""

    train: Counts
    validation: Counts
    test: Counts


def split_rows(strata: Counts, *, validation: float, test: float, seed: int) -> SplitRows:
    """Divide rows at random, every stratum in the same proportions as nearly as whole rows allow.

    strata (N,): a code for each row (its class; all zero for regression). A part is a fraction of
    all rows if it is a float below 1, else a count; a fraction above 0 is never less than one row.
    A stratum keeps one training row if it can. Raises DataError if no training row is left.
    """
    total = len(strata)
    held_out = {"validation": part_size(validation, total), "test": part_size(test, total)}
    if sum(held_out.values()) >= total:
        raise DataError(
            f"of {total} rows, {held_out['validation']} for validation and {held_out['test']} "
            "for test leave none to train on",
            where="dataset.split",
            hint="hold out fewer rows; 0 switches a part off",
        )
    counts = np.bincount(strata)
    tested = allocate(held_out["test"], counts)
    validated = allocate(held_out["validation"], counts - tested)

    grouped = _shuffled_by_stratum(strata, len(counts), seed)
    # Every stratum is one stretch of `grouped`: first its test rows, then those for validation.
    ends = np.cumsum(counts)
    cuts = np.stack([ends - counts, ends - counts + tested, ends - counts + tested + validated])
    first, second, third = cuts.tolist()
    return SplitRows(
        test=_stretches(grouped, first, second),
        validation=_stretches(grouped, second, third),
        train=_stretches(grouped, third, ends.tolist()),
    )


def _shuffled_by_stratum(strata: Counts, kinds: int, seed: int) -> Counts:
    """Row numbers in random order, those of a stratum side by side: (N,)."""
    shuffled = stream(seed, "split").permutation(len(strata))
    if kinds == 1:
        return shuffled
    # Small codes sort in one pass over them, and with little memory beside the row numbers.
    codes = strata.astype(np.min_scalar_type(kinds))[shuffled]
    return shuffled[np.argsort(codes, kind="stable")]


def _stretches(rows: Counts, starts: list[int], ends: list[int]) -> Counts:
    """The rows of these stretches, in the order of the table."""
    chosen = [rows[start:end] for start, end in zip(starts, ends, strict=True)]
    joined = np.concatenate(chosen)
    joined.sort()
    return joined


def part_size(share: float, total: int) -> int:
    """The rows that a fraction (a float below 1) or a count asks for.

    >>> part_size(0.1, 150), part_size(0.1, 4), part_size(30, 150), part_size(0, 150)
    (15, 1, 30, 0)
    """
    if 0 < share < 1:
        return max(1, int(share * total + 0.5))
    return int(share)


def allocate(size: int, counts: Counts) -> Counts:
    """Divide `size` over strata in proportion to `counts`, by largest remainders.

        quota_c = size · n_c / N;  each gets ⌊quota⌋, and the largest remainders one more

    A stratum gives its last row only when there is no other way. Ties go to the earlier stratum.

    >>> allocate(15, np.array([59, 71, 48]))
    array([5, 6, 4])
    """
    # Whole numbers throughout: a quota in floating point can fall just below the integer it is.
    shares, remainders = np.divmod(size * counts, max(1, counts.sum()))
    spare = np.maximum(counts - 1, 0)
    shares = np.minimum(shares, spare)
    ranking = np.argsort(-remainders, kind="stable")
    for limit in (spare, counts):
        while (missing := size - shares.sum()) > 0:
            willing = [stratum for stratum in ranking if shares[stratum] < limit[stratum]]
            if not willing:
                break
            shares[willing[:missing]] += 1
    return np.asarray(shares, dtype=np.int64)
