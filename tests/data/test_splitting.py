"""Splits: a partition, stratified as nearly as whole rows allow, and the same for the same seed."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrun.data.splitting import allocate, part_size, split_rows
from gdrun.errors import DataError

drawn = settings(max_examples=150)


@st.composite
def strata_and_counts(draw, fewest=1):
    """Codes of up to 8 strata, and counts of held-out rows that leave at least one."""
    sizes = draw(st.lists(st.integers(fewest, 40), min_size=1, max_size=8))
    strata = np.repeat(np.arange(len(sizes)), sizes)
    np.random.default_rng(draw(st.integers(0, 9))).shuffle(strata)
    total = len(strata)
    validation = draw(st.integers(0, total - 1))
    return strata, validation, draw(st.integers(0, total - 1 - validation))


@pytest.mark.slow
@drawn
@given(strata_and_counts(), st.integers(0, 2**32))
def test_the_parts_are_a_partition(drawing, seed):
    strata, validation, test = drawing
    split = split_rows(strata, validation=validation, test=test, seed=seed)
    assert [len(split.validation), len(split.test)] == [validation, test]
    rows = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(strata)))
    for part in (split.train, split.validation, split.test):
        assert (np.diff(part) > 0).all()


@pytest.mark.longer
@drawn
@given(strata_and_counts(fewest=2))
def test_a_stratum_gives_its_share_to_within_one_row(drawing):
    """Half of the rows or fewer, in one part, and no stratum of a single row.

    Then no stratum is asked for its last row, and a share of largest remainders is its quota
    rounded down or up.
    """
    strata, size, _ = drawing
    size = min(size, len(strata) // 2)
    counts = np.bincount(strata)
    for held_out in ("validation", "test"):
        sizes = {"validation": 0, "test": 0, held_out: size}
        part = getattr(split_rows(strata, **sizes, seed=0), held_out)
        given_up = np.bincount(strata[part], minlength=len(counts))
        assert (np.abs(given_up - size * counts / len(strata)) < 1).all()


@pytest.mark.parametrize("seed", range(5))
def test_wine_in_tenths(seed):
    # 59, 71, 48 of 178 rows; a tenth is 17.8, so 18 rows. Quotas of the test part 18·59/178 =
    # 5.97, 7.18, 4.85: 6, 7, 5. Of the validation part, from 53, 64, 43 of 160 rows: 5.96, 7.2,
    # 4.84: 6, 7, 5.
    strata = np.repeat([0, 1, 2], [59, 71, 48])
    split = split_rows(strata, validation=0.1, test=0.1, seed=seed)
    assert np.bincount(strata[split.test]).tolist() == [6, 7, 5]
    assert np.bincount(strata[split.validation]).tolist() == [6, 7, 5]
    assert np.bincount(strata[split.train]).tolist() == [47, 57, 38]


@pytest.mark.longer
@drawn
@given(strata_and_counts())
def test_a_stratum_keeps_a_training_row_if_it_can(drawing):
    strata, validation, test = drawing
    split = split_rows(strata, validation=validation, test=test, seed=0)
    kept = np.bincount(strata[split.train], minlength=strata.max() + 1)
    # The training rows suffice for all strata only if there are as many of them.
    if len(split.train) >= len(kept):
        assert kept.min() >= 1
    else:
        assert kept.max() == 1


@pytest.mark.parametrize("counts", [[3, 2, 4], [1, 1, 5], [2, 2, 2, 2], [6], [1, 3, 1, 2]])
def test_allocation_is_the_nearest_of_all(counts):
    """Against every way to share: the least Σ (share − quota)², no last row taken."""
    counts = np.array(counts)
    for size in range(int(np.maximum(counts - 1, 0).sum()) + 1):
        quota = size * counts / counts.sum()
        ways = product(*(range(count) for count in counts))
        best = min(np.sum((way - quota) ** 2) for way in ways if sum(way) == size)
        share = allocate(size, counts)
        assert share.sum() == size
        assert (share < counts).all()
        assert np.sum((share - quota) ** 2) == pytest.approx(best)


def test_last_rows_are_given_only_when_nothing_else_is_left():
    # 3 + 2 rows have 2 + 1 to spare; the fourth row empties the stratum that comes first among
    # those with the larger remainder: quotas 2.4 and 1.6, so the second.
    assert allocate(3, np.array([3, 2])).tolist() == [2, 1]
    assert allocate(4, np.array([3, 2])).tolist() == [2, 2]
    assert allocate(5, np.array([3, 2])).tolist() == [3, 2]


def test_ties_go_to_the_earlier_stratum():
    assert allocate(2, np.array([4, 4, 4])).tolist() == [1, 1, 0]


def test_a_quota_that_is_whole_is_met():
    # 0.1 · 30 is 3.0000000000000004 in floating point; counts are exact.
    assert allocate(9, np.array([30, 30, 30])).tolist() == [3, 3, 3]
    assert allocate(29, np.array([100, 190])).tolist() == [10, 19]


@pytest.mark.parametrize(
    ("share", "total", "rows"),
    [
        (0, 10, 0),
        (0.0, 10, 0),
        (3, 10, 3),
        (1, 10, 1),
        (0.25, 10, 3),  # 2.5, half a row is up
        (0.1, 4, 1),  # 0.4, but never none
        (0.001, 10, 1),
        (0.9999, 10, 10),
        (0.29, 100, 29),  # 28.999999999999996 in floating point
    ],
)
def test_part_sizes(share, total, rows):
    assert part_size(share, total) == rows


def test_a_seed_decides_the_split():
    strata = np.repeat([0, 1], 50)
    splits = [split_rows(strata, validation=0.2, test=0.1, seed=seed) for seed in (4, 4, 5)]
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(splits[0], part), getattr(splits[1], part))
        assert set(getattr(splits[0], part)) != set(getattr(splits[2], part))


def test_every_row_is_as_likely_as_another():
    # Each of 10 rows is tested with probability 0.2: in 500 seeds 100 times, sd √(500·0.16) = 8.9.
    hits = np.zeros(10)
    for seed in range(500):
        hits[split_rows(np.zeros(10, int), validation=0, test=2, seed=seed).test] += 1
    assert np.abs(hits - 100).max() < 5 * 8.95


def test_the_test_part_leaves_the_validation_size_alone():
    strata = np.zeros(100, dtype=int)
    with_test = split_rows(strata, validation=0.2, test=0.3, seed=0)
    without = split_rows(strata, validation=0.2, test=0, seed=0)
    assert len(with_test.validation) == len(without.validation) == 20
    assert (len(with_test.train), len(without.train)) == (50, 80)
    assert len(without.test) == 0


@pytest.mark.parametrize(
    ("total", "validation", "test", "said"),
    [
        (10, 5, 5, "5 of 10 rows are for validation and 5 for test"),
        (10, 0.5, 8, "5 of 10 rows are for validation and 8 for test"),
        (2, 0.1, 0.1, "1 of 2 rows are for validation and 1 for test"),
        (1, 0, 1, "0 of 1 rows are for validation and 1 for test"),
    ],
)
def test_no_training_row_is_an_error(total, validation, test, said):
    with pytest.raises(DataError) as caught:
        split_rows(np.zeros(total, dtype=int), validation=validation, test=test, seed=0)
    assert str(caught.value) == (
        f"error: dataset.split: no training rows are left: {said}\n"
        "hint: use fewer rows for validation and test; 0 means no such part"
    )


def test_without_held_out_parts_all_rows_are_trained_in_order():
    split = split_rows(np.array([1, 0, 1, 1]), validation=0, test=0, seed=3)
    assert split.train.tolist() == [0, 1, 2, 3]
    assert len(split.validation) == len(split.test) == 0
