"""The variants as index streams: the examples of an epoch, its batches, and their randomness."""

import numpy as np
import pytest

from gdrun.errors import DataError
from gdrun.methods.sampling import VARIANTS, BatchGrowth, Batching, bgd, mbgd, sgd


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
def test_a_shuffled_epoch_holds_each_example_once(rows):
    batching = mbgd(rows, batch_size=1)
    for epoch in range(5):
        assert sorted(batching.order(3, epoch).tolist()) == list(range(rows))


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    batching = mbgd(50, batch_size=5)
    orders = {
        tuple(batching.order(seed, epoch).tolist()) for seed in range(4) for epoch in range(5)
    }
    assert len(orders) == 20


def test_an_epoch_needs_no_earlier_one():
    forward = [mbgd(20, batch_size=4).order(1, epoch) for epoch in range(6)]
    again = mbgd(20, batch_size=4).order(1, 5)
    assert forward[5].tolist() == again.tolist()


def test_the_order_is_the_same_however_it_is_cut():
    # So contenders of one seed see the same examples in the same order, whatever their batch size.
    one = sgd(40).order(7, 2).tolist()
    assert one == mbgd(40, batch_size=8).order(7, 2).tolist()


def test_every_place_is_as_likely_for_every_example():
    # Over 3000 epochs of 5, each example is first 600 times on average, with a standard deviation
    # of √(3000 · 0.2 · 0.8) ≈ 22; five of these are 110.
    batching = sgd(5)
    first = np.bincount([batching.order(0, epoch)[0] for epoch in range(3000)], minlength=5)
    assert np.abs(first - 600).max() < 110


def test_replacement_draws_every_example_equally_often_and_some_not_at_all():
    batching = sgd(200, sampling="replacement")
    orders = [batching.order(0, epoch) for epoch in range(200)]
    # 40,000 draws: each example 200 times on average, with a standard deviation of √200 ≈ 14.1;
    # the largest of 200 deviations stays below five of them, 71.
    counts = np.bincount(np.concatenate(orders), minlength=200)
    assert np.abs(counts - 200).max() < 71
    # An epoch leaves out (1 − 1/200)²⁰⁰ = 0.367 of the examples; the share varies by less than
    # √(0.367 · 0.633 / 200) = 0.034, so its mean over 200 epochs by 0.0024: three of these.
    missed = np.mean([1 - len(np.unique(order)) / 200 for order in orders])
    assert missed == pytest.approx(0.367, abs=0.0075)


def test_sequential_sampling_is_the_order_of_the_file_for_every_seed():
    batching = mbgd(6, batch_size=2, sampling="sequential")
    assert batching.order(0, 0).tolist() == batching.order(9, 4).tolist() == [0, 1, 2, 3, 4, 5]
    assert not batching.draws
    assert mbgd(6, batch_size=2).draws and sgd(6, sampling="replacement").draws


def test_batch_gradient_descent_never_depends_on_an_order():
    batching = bgd(12)
    assert batching.whole and not batching.draws
    assert (batching.steps_per_epoch, batching.gradients_per_epoch) == (1, 12)
    assert batching.order(0, 0).tolist() == batching.order(5, 3).tolist()


def test_stochastic_gradient_descent_takes_a_step_for_each_example():
    batching = sgd(12)
    assert (batching.batch_size, batching.steps_per_epoch, batching.gradients_per_epoch) == (
        1,
        12,
        12,
    )


@pytest.mark.parametrize(
    ("rows", "size", "kept", "dropped"),
    [
        # (steps, gradients) with the last short batch, and without it.
        (10, 3, (4, 10), (3, 9)),
        (12, 3, (4, 12), (4, 12)),
        (5, 5, (1, 5), (1, 5)),
        (9, 5, (2, 9), (1, 5)),
    ],
)
def test_the_last_short_batch_is_kept_or_dropped(rows, size, kept, dropped):
    for drop_last, wanted in ((False, kept), (True, dropped)):
        batching = mbgd(rows, batch_size=size, drop_last=drop_last)
        assert (batching.steps_per_epoch, batching.gradients_per_epoch) == wanted


def test_a_batch_above_the_number_of_examples_is_refused():
    with pytest.raises(DataError) as caught:
        mbgd(10, batch_size=11)
    assert str(caught.value) == (
        "error: variant.batch_size: batch_size is 11, but there are 10 training examples\n"
        "hint: use at most 10, or variant: bgd to use every example in each step"
    )
    with pytest.raises(DataError, match="batch_size is 64, but there is 1 training example\n"):
        mbgd(1, batch_size=64)


def test_the_batch_grows_by_its_factor_up_to_all_examples():
    # 8, doubled every three epochs: 8 8 8 16 16 16 32 32 32 64 …, and no more than 50.
    batching = mbgd(50, batch_size=8, batch_growth=BatchGrowth(factor=2.0, every=3))
    sizes = [batching.at(epoch).batch_size for epoch in range(13)]
    assert sizes == [8] * 3 + [16] * 3 + [32] * 3 + [50] * 4
    # ⌈50/8⌉, ⌈50/16⌉, ⌈50/32⌉ and one.
    assert [batching.at(epoch).steps_per_epoch for epoch in (0, 3, 6, 9)] == [7, 4, 2, 1]


def test_a_factor_that_is_no_whole_number_rounds_the_size():
    # 10 · 1.5 = 15, 10 · 2.25 = 22.5 and 10 · 3.375 = 33.75: half goes to the even one.
    batching = mbgd(100, batch_size=10, batch_growth=BatchGrowth(factor=1.5, every=1))
    assert [batching.at(epoch).batch_size for epoch in range(4)] == [10, 15, 22, 34]


def test_a_growth_beyond_every_float_is_all_examples():
    batching = mbgd(100, batch_size=10, batch_growth=BatchGrowth(factor=1e10, every=1))
    assert batching.at(10**6).batch_size == 100


def test_growth_keeps_everything_else():
    growth = BatchGrowth(factor=2.0, every=1)
    batching = mbgd(50, batch_size=8, drop_last=True, sampling="replacement", batch_growth=growth)
    assert batching.at(1) == Batching(50, 16, "replacement", drop_last=True)
    assert mbgd(50, batch_size=8).at(7) == mbgd(50, batch_size=8)


@pytest.mark.parametrize("entry", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_tells_its_equation(entry):
    assert "g = " in entry.doc.equation
    assert entry.doc.summary.endswith(".")


@pytest.mark.longer
@pytest.mark.parametrize("factor", [1.01, 1.3, 2.0, 2.5, 7.0])
@pytest.mark.parametrize("every", [1, 3])
def test_a_last_batch_of_one_is_foreseen(factor, every):
    """Compared with the batches of every epoch, until one batch has all rows."""

    def dealt(rows, size):
        epoch, seen = 0, 0
        while seen < rows:
            seen = min(rows, round(size * factor ** (epoch // every)))
            left = rows
            while left > seen:
                left -= seen
            if left == 1:
                return epoch, seen
            epoch += 1
        return None

    for rows in range(2, 40):
        for size in range(2, rows + 1):
            growth = BatchGrowth(factor=factor, every=every)
            growing = mbgd(rows, batch_size=size, batch_growth=growth)
            assert growing.ending_in_one() == dealt(rows, size), (rows, size)
            dropping = mbgd(rows, batch_size=size, batch_growth=growth, drop_last=True)
            assert dropping.ending_in_one() is None
            constant = mbgd(rows, batch_size=size).ending_in_one()
            assert constant == ((0, size) if rows % size == 1 else None)


def test_a_last_batch_of_one_is_foreseen_however_slowly_batches_grow():
    # 10⁶ + 1 rows: 10⁶ = 500 · 2000. Batches of 1999 grow by 5·10⁻⁸ of themselves an epoch, and
    # are rounded up from 1999.5 on: ln(1999.5 / 1999) = 2.5009e-4, so after some 5,002 epochs.
    growth = BatchGrowth(factor=1 + 5e-8, every=1)
    epoch, size = mbgd(10**6 + 1, batch_size=1999, batch_growth=growth).ending_in_one()
    assert size == 2000
    assert epoch == pytest.approx(5002, abs=1)
