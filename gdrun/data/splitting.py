"""The split of the rows into a training, a validation and a test part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Integers, Numbers
from gdrun.errors import DataError
from gdrun.methods.randomness import stream


@dataclass(frozen=True)
class SplitRows:
    """The row indices of each of the three parts, (n,), in ascending order."""

    train: Integers
    validation: Integers
    test: Integers


def split_rows(strata: Integers, *, validation: float, test: float, seed: int) -> SplitRows:
    """Divide the rows at random into the three parts, with nearly the same shares of each stratum.

    A stratum is a group of rows with the same code. strata: (N,), the code of each row: its class,
    or 0 for a regression. validation, test: the size of the part, a fraction of all rows (a float
    below 1) or a number of rows. A fraction above 0 gives at least one row. The training part gets
    at least one row of each stratum if possible. seed: the seed of the random order.
    Raises DataError if no training row is left.
    """
    total = len(strata)
    held_out = {"validation": part_size(validation, total), "test": part_size(test, total)}
    if sum(held_out.values()) >= total:
        raise DataError(
            f"no training rows are left: {held_out['validation']} of {total} rows are for "
            f"validation and {held_out['test']} for test",
            where="dataset.split",
            hint="use fewer rows for validation and test; 0 means no such part",
        )
    if not any(held_out.values()):
        nobody = np.array([], dtype=np.int64)
        return SplitRows(np.arange(total), nobody, nobody)
    counts = np.bincount(strata)
    tested = allocate(held_out["test"], counts)
    validated = allocate(held_out["validation"], counts - tested)

    grouped = _shuffled_by_stratum(strata, len(counts), seed)
    # Each stratum is one range of `grouped`: first its test rows, then its validation rows, then
    # its training rows.
    ends = np.cumsum(counts)
    cuts = np.stack([ends - counts, ends - counts + tested, ends - counts + tested + validated])
    first, second, third = cuts.tolist()
    return SplitRows(
        test=_joined_ranges(grouped, first, second),
        validation=_joined_ranges(grouped, second, third),
        train=_joined_ranges(grouped, third, ends.tolist()),
    )


def split_groups(groups: Integers, *, validation: float, test: float, seed: int) -> SplitRows:
    """Divide the rows at random into the three parts, with each group in a single part.

    groups (N,): the code of the group of each row. For each held-out part, the groups are
    tried in random order. A group is taken if it brings the number of rows nearer to the wanted
    size. If no group does, the smallest group is taken. Each part that follows, and the training
    part, keeps at least one group. validation, test: the size of the part, a
    fraction of all rows (a float below 1) or a number of rows. seed: the seed of the random order.
    Raises DataError if there are fewer groups than parts.
    """
    sizes = np.bincount(groups)
    wanted = {
        "test": part_size(test, len(groups)),
        "validation": part_size(validation, len(groups)),
    }
    parts = 1 + sum(size > 0 for size in wanted.values())
    if len(sizes) < parts:
        raise DataError(
            f"{_groups(len(sizes))} cannot be divided into {parts} parts",
            where="dataset.split.group",
            hint="choose a column with more different values, or set validation or test to 0",
        )
    free = stream(seed, "split").permutation(len(sizes)).tolist()
    chosen: dict[str, Integers] = {}
    later = parts - 1
    for name, size in wanted.items():
        if not size:
            chosen[name] = np.array([], dtype=np.int64)
            continue
        later -= 1
        taken: list[int] = []
        rows = 0
        for group in free:
            # Every part that follows, and training, needs at least one group.
            if len(free) - len(taken) == later + 1:
                break
            if abs(rows + sizes[group] - size) < abs(rows - size):
                taken.append(group)
                rows += int(sizes[group])
        taken = taken or [min(free, key=lambda group: int(sizes[group]))]
        free = [group for group in free if group not in set(taken)]
        chosen[name] = np.flatnonzero(np.isin(groups, taken))
    return SplitRows(np.flatnonzero(np.isin(groups, free)), chosen["validation"], chosen["test"])


def split_times(times: Numbers, *, validation: float, test: float) -> SplitRows:
    """Divide the rows by time: the test part is the last one, the validation part before it.

    times (N,): the time of each row. Rows of the same time are in the same part, so a part may
    differ from its wanted size. validation, test: this size, a fraction of all rows (a float below
    1) or a number of rows. Raises DataError if there are fewer different times than parts.
    """
    total = len(times)
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    # A part may begin where the time changes.
    begins = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    sizes = [part_size(test, total), part_size(validation, total)]
    cuts, end, left = [], total, sum(size > 0 for size in sizes)
    for size in sizes:
        if not size:
            cuts.append(end)
            continue
        left -= 1
        possible = begins[(begins < end)][left:]
        if not len(possible):
            raise DataError(
                f"{_different(len(begins) + 1)} cannot be divided into "
                f"{1 + sum(size > 0 for size in sizes)} parts",
                where="dataset.split.time",
                hint="choose another column, or set validation or test to 0",
            )
        end = int(possible[np.argmin(np.abs(possible - (end - size)))])
        cuts.append(end)
    tested, validated = cuts
    return SplitRows(
        *(np.sort(part) for part in (order[:validated], order[validated:tested], order[tested:]))
    )


def _groups(number: int) -> str:
    return f"{number} group{'s' if number != 1 else ''}"


def _different(number: int) -> str:
    return "a single time" if number == 1 else f"{number} different times"


def _shuffled_by_stratum(strata: Integers, kinds: int, seed: int) -> Integers:
    """Return all row indices, (N,), grouped by stratum, and in random order within each stratum.

    strata: (N,), the code of each row. kinds: the number of codes.
    """
    shuffled = stream(seed, "split").permutation(len(strata))
    if kinds == 1:
        return shuffled
    # NumPy sorts small integer types with a radix sort, which is fast and needs little memory.
    codes = strata.astype(np.min_scalar_type(kinds))[shuffled]
    return shuffled[np.argsort(codes, kind="stable")]


def _joined_ranges(rows: Integers, starts: list[int], ends: list[int]) -> Integers:
    """Return the elements of `rows` in several ranges, in ascending order.

    starts, ends: the positions where each range begins and ends.
    """
    chosen = [rows[start:end] for start, end in zip(starts, ends, strict=True)]
    joined = np.concatenate(chosen)
    joined.sort()
    return joined


def part_size(share: float, total: int) -> int:
    """Return the number of rows of a part of the data.

    share: a fraction of the rows (a float below 1), or a number of rows. total: the number of all
    rows.

    >>> part_size(0.1, 150), part_size(0.1, 4), part_size(30, 150), part_size(0, 150)
    (15, 1, 30, 0)
    """
    if 0 < share < 1:
        return max(1, int(share * total + 0.5))
    return int(share)


def allocate(size: int, counts: Integers) -> Integers:
    """Return how many rows to take from each of C strata, by the largest remainder method: (C,).

        quota_c = size · n_c / N

    A stratum is a group of rows, such as a class. Stratum c gives ⌊quota_c⌋ rows, and the strata
    with the largest remainders give one more. size: the number of rows to take in total. counts:
    n_c, the number of rows of each stratum. The last row of a stratum is taken only if all strata
    have no other row left. If two remainders are equal, the earlier stratum is first.

    >>> allocate(15, np.array([59, 71, 48]))
    array([5, 6, 4])
    """
    # Integer arithmetic: a quota in floating point may be rounded to just below a whole number.
    shares, remainders = np.divmod(size * counts, max(1, counts.sum()))
    spare = np.maximum(counts - 1, 0)
    shares = np.minimum(shares, spare)
    ranking = np.argsort(-remainders, kind="stable")
    for limit in (spare, counts):
        while (missing := size - shares.sum()) > 0:
            available = [stratum for stratum in ranking if shares[stratum] < limit[stratum]]
            if not available:
                break
            shares[available[:missing]] += 1
    return np.asarray(shares, dtype=np.int64)
