"""Every schedule of the registry: values at chosen times, its form, warm-up, and its companions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gdrun.methods.schedules import SCHEDULES, Memory, betas, needs_length, rates

NAMES = list(SCHEDULES)


def lr_at(
    name, times, *, lr=1.0, length=100.0, drops=0, warmup=0.0, warmup_start="zero", **options
):
    """The rates of one lane at these times, as a list."""
    entry = SCHEDULES[name]
    found = rates(
        entry,
        np.array(times, dtype=float),
        np.array([lr]),
        length=length,
        options=entry.defaults | options,
        warmup=warmup,
        warmup_start=warmup_start,
        drops=np.array([drops]),
    )
    return found[:, 0].tolist()


def test_the_table_of_the_specification_is_complete():
    table = (
        "constant step exponential polynomial cosine multistep linear inverse_time inverse_sqrt "
        "cosine_restarts cyclic one_cycle plateau"
    )
    assert set(table.split()) <= set(SCHEDULES)


def test_constant():
    assert lr_at("constant", [0, 5, 99], lr=0.3) == [0.3, 0.3, 0.3]


def test_step_drops_at_the_first_epoch_that_drop_every_lie_behind():
    assert lr_at("step", [0, 9, 10, 19, 20, 25]) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert lr_at("step", [2, 3, 6], gamma=0.1, drop_every=3.0) == pytest.approx([1, 0.1, 0.01])


def test_multistep_drops_at_each_milestone():
    found = lr_at("multistep", [0, 29, 30, 59, 60, 90], gamma=0.5)
    assert found == [1, 1, 0.5, 0.5, 0.25, 0.125]
    assert lr_at("multistep", [0, 100], milestones=()) == [1, 1]


def test_exponential_halves_every_ln_2_over_its_decay():
    halves = [0, math.log(2) / 0.2, math.log(4) / 0.2]
    assert lr_at("exponential", halves, decay=0.2) == pytest.approx([1, 0.5, 0.25], rel=1e-14)


def test_polynomial():
    # (1 − 25/100)² = 9/16; after T it stays at 0.
    found = lr_at("polynomial", [0, 25, 50, 100, 150], power=2.0)
    assert found == [1, 9 / 16, 1 / 4, 0, 0]


def test_linear():
    # From a half to two: ½ + (2 − ½) t/T.
    found = lr_at("linear", [0, 50, 100, 120], start=0.5, end=2.0)
    assert found == [0.5, 1.25, 2, 2]


def test_cosine():
    # cos 60° = ½ at a third of the way: 0.2 + ½·0.8·(1 + ½) = 0.8.
    found = lr_at("cosine", [0, 100 / 3, 50, 100, 130], lr_min=0.2)
    assert found == pytest.approx([1, 0.8, 0.6, 0.2, 0.2], rel=1e-14)


def test_inverse_time():
    assert lr_at("inverse_time", [0, 5, 10], decay=0.2) == [1, 0.5, 1 / 3]
    # (1 + 3)^−½ = ½.
    assert lr_at("inverse_time", [3], decay=1.0, power=0.5) == [0.5]


def test_inverse_sqrt_after_a_warm_up_of_its_timescale_is_the_transformers():
    # With warm-up n = τ: lr₀ t/n up to n, then lr₀ √(n/t), both 1 at t = n.
    found = lr_at("inverse_sqrt", [2, 4, 16, 64], timescale=4.0, warmup=4.0)
    assert found == [0.5, 1, 0.5, 0.25]


def test_cosine_restarts_start_anew_when_a_cycle_is_over():
    # Cycles of 3, 6, 12, 24: they start at 0, 3, 9, 21. In the third, a half of it is at 9 + 6.
    found = lr_at("cosine_restarts", [0, 3, 9, 21, 15], period=3.0, growth=2)
    assert found == [1, 1, 1, 1, 0.5]
    # One unit before a restart, cos(π (1 − 1/P)) with P = 6: ½ (1 − cos 30°).
    found = lr_at("cosine_restarts", [8], period=3.0, growth=2)
    assert found == pytest.approx([0.5 * (1 - math.cos(math.pi / 6))], rel=1e-13)


@pytest.mark.parametrize("growth", [1, 2, 3, 7])
def test_every_restart_is_at_the_peak_however_many_cycles_lie_behind(growth):
    starts, length = [0], 5
    while starts[-1] + length < 10**6 and len(starts) < 500:
        starts.append(starts[-1] + length)
        length *= growth
    found = lr_at("cosine_restarts", starts, period=5.0, growth=growth)
    assert found == [1.0] * len(starts)
    before = lr_at(
        "cosine_restarts", [start - 1 for start in starts[1:]], period=5.0, growth=growth
    )
    # The last epoch of a cycle of 5 is at ½ (1 + cos(4π/5)) = 0.0955; longer ones end lower.
    assert max(before) <= 0.5 * (1 + math.cos(0.8 * math.pi)) + 1e-12


def test_cyclic_triangles():
    # From 1/4 up to 1 in four epochs and down again: a quarter of 3/4 more each epoch.
    up = [0.25, 0.4375, 0.625, 0.8125, 1.0]
    found = lr_at("cyclic", range(17))
    assert found == up + up[-2::-1] + up[1:] + up[-2::-1]


def test_cyclic_triangular2_halves_the_height_after_each_cycle():
    # Peaks at 4, 12, 20: 1/4 + 3/4 · (1, ½, ¼); the feet stay at 1/4.
    found = lr_at("cyclic", [4, 8, 12, 16, 20], mode="triangular2")
    assert found == [1, 0.25, 0.625, 0.25, 0.4375]


def test_cyclic_exp_range_shrinks_the_height_with_time():
    found = lr_at("cyclic", [4, 12], mode="exp_range", gamma=0.5)
    assert found == [0.25 + 0.75 / 16, 0.25 + 0.75 / 4096]


def test_one_cycle():
    # From 1/25 up to 1 at 30, halfway at 15; down to 1/(25·10⁴) at 100, halfway at 65.
    found = lr_at("one_cycle", [0, 15, 30, 65, 100, 120])
    end = 1 / 25 / 1e4
    wanted = [1 / 25, (1 / 25 + 1) / 2, 1, (1 + end) / 2, end, end]
    assert found == pytest.approx(wanted, rel=1e-12)


def test_one_cycle_in_straight_lines():
    # A tenth of the way up at 3, a tenth of the way down at 37.
    found = lr_at("one_cycle", [3, 37], anneal="linear", div=10.0, final_div=10.0)
    assert found == pytest.approx([0.1 + 0.09, 1 - 0.099], rel=1e-12)


def test_the_one_cycles_momentum_runs_the_other_way():
    entry = SCHEDULES["one_cycle"]
    times = np.array([0.0, 15, 30, 65, 100])
    found = betas(entry, times, length=100.0, options=entry.defaults)
    wanted = [0.95, 0.9, 0.85, 0.9, 0.95]
    np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-14)
    # Ten epochs of warm-up: it waits at its first value, then has what is left to run in.
    found = betas(
        entry, np.array([0.0, 10, 37, 100]), length=100.0, options=entry.defaults, warmup=10.0
    )
    np.testing.assert_allclose(np.ravel(found), [0.95, 0.95, 0.85, 0.95], rtol=1e-14)
    off = entry.defaults | {"cycle_momentum": False}
    assert betas(entry, times, length=100.0, options=off) is None


def test_only_the_one_cycle_touches_the_momentum():
    times = np.arange(3.0)
    moved = {
        name
        for name, entry in SCHEDULES.items()
        if betas(entry, times, length=3.0, options=entry.defaults) is not None
    }
    assert moved == {"one_cycle"}


def test_plateau_drops_by_its_factor_down_to_its_floor():
    found = [lr_at("plateau", [0], drops=n, factor=0.1, lr_min=0.005)[0] for n in range(4)]
    assert found == pytest.approx([1, 0.1, 0.01, 0.005], rel=1e-14)
    # A rate that starts below the floor is not raised to it.
    assert lr_at("plateau", [0], lr=0.001, drops=0, lr_min=0.005) == [0.001]


def watched(losses, **options):
    """The number of drops after each of these losses, in one lane."""
    entry = SCHEDULES["plateau"]
    memory, drops = Memory.start(1), []
    for loss in losses:
        memory = entry.watched(memory, np.array([loss]), entry.defaults | options)
        drops.append(int(memory.drops[0]))
    return drops


def test_plateau_waits_for_more_than_patience_evaluations_without_a_better_loss():
    # 5 is the best; 5, 6, 7 do not improve on it: the third exceeds a patience of two, so the rate
    # drops. The count starts again: after three more the rate drops again. 4 is an improvement, so
    # the last two cause no drop.
    losses = [5, 5, 6, 7, 5, 5, 5, 4, 4, 4]
    assert watched(losses, patience=2) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_plateau_asks_for_a_loss_that_is_lower_by_a_share():
    # Below 0.9 · 10 = 9 counts as better, 9 itself does not; then below 0.9 · 8.9 = 8.01.
    losses = [10, 9, 8.9, 8.01]
    assert watched(losses, patience=0, threshold=0.1) == [0, 1, 1, 2]


def test_plateau_rests_after_a_drop():
    # With a patience of none the second evaluation drops. The next two do not count; the fifth is
    # stale and drops.
    losses = [1, 1, 1, 1, 1, 1, 1]
    assert watched(losses, patience=0, cooldown=2) == [0, 1, 1, 1, 2, 2, 2]


def test_plateau_takes_a_nan_for_no_improvement():
    assert watched([1.0, math.nan, math.nan], patience=1) == [0, 0, 1]


def test_plateau_remembers_each_lane_for_itself():
    entry = SCHEDULES["plateau"]
    memory = Memory.start(3)
    before = memory
    for losses in ([3.0, 3.0, 3.0], [2.0, 3.0, 4.0]):
        memory = entry.watched(memory, np.array(losses), entry.defaults | {"patience": 0})
    assert memory.drops.tolist() == [0, 1, 1]
    assert memory.best.tolist() == [2, 3, 3]
    assert memory.keep(np.array([True, False, True])).drops.tolist() == [0, 1]
    assert before.best.tolist() == [np.inf] * 3 and before.drops.tolist() == [0] * 3


class Part:
    """A part of a join, as a resolved section holds it."""

    def __init__(self, name, **options):
        self.name, self.options = name, SCHEDULES[name].defaults | options


def test_join_gives_each_part_a_time_and_a_length_of_its_own():
    parts = (Part("linear", start=0.0, end=1.0), "constant", Part("polynomial"))
    found = lr_at("join", [0, 5, 10, 29, 30, 65, 99], parts=parts, at=(10.0, 30.0))
    # 0 to 1 over ten; 1 for twenty; then down over the seventy that are left: 35/70, 1/70.
    assert found == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 1 / 70], rel=1e-12)


def test_a_part_of_join_may_continue_the_time_of_the_part_before():
    found = lr_at(
        "join",
        [2, 3, 4, 5, 7],
        parts=("linear", "linear", "linear"),
        at=(3.0, 5.0),
        lengths=(0.0, 10.0, 0.0),
    )
    # 1 − t/3; from 3 on 1 − t/10; from 5 on a line over the 95 that are left.
    assert found == pytest.approx([1 / 3, 0.7, 0.6, 1, 1 - 2 / 95], rel=1e-12)


def test_join_scales_the_rate_of_each_part():
    found = lr_at("join", [0, 10], parts=("constant", "constant"), at=(10.0,), scales=(1.0, 0.1))
    assert found == [1, 0.1]


def test_join_after_a_warm_up_counts_its_times_from_there():
    parts = ("constant", "constant")
    found = lr_at("join", [1, 2, 11, 12], parts=parts, at=(10.0,), scales=(1.0, 0.5), warmup=2.0)
    assert found == [0.5, 1, 1, 0.5]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"at": ()}, ["at"]),
        ({"at": (5.0, 5.0), "parts": ("constant",) * 3}, ["at"]),
        ({"scales": (1.0,)}, ["scales"]),
        ({"lengths": (0.0,)}, ["lengths"]),
        ({"lengths": (1.0, 0.0)}, ["lengths"]),
        ({"parts": ("constant", "plateau")}, ["parts"]),
        ({"parts": ("join", "constant")}, ["parts"]),
        ({}, []),
    ],
)
def test_join_says_which_option_does_not_fit_the_others(options, wrong):
    entry = SCHEDULES["join"]
    assert [option for option, _ in entry.check(entry.defaults | options)] == wrong


def test_warm_up_from_zero_and_from_one():
    # lr₀ t/n, and lr₀ (t + 1)/n, then the schedule from its own start: γ^⌊(t − 4)/2⌋.
    later = [1, 1, 0.5, 0.5]
    times, step = range(8), {"drop_every": 2.0}
    assert lr_at("step", times, warmup=4.0, **step) == [0, 0.25, 0.5, 0.75, *later]
    assert lr_at("step", times, warmup=4.0, warmup_start="one", **step) == [
        0.25,
        0.5,
        0.75,
        1,
        *later,
    ]


def test_the_length_is_what_the_warm_up_leaves():
    # 20 of 100 are warm-up, so the line falls over 80: half of it at 60, nothing left at 100.
    assert lr_at("linear", [20, 60, 100], warmup=20.0) == [1, 0.5, 0]


def test_a_fraction_of_an_epoch_is_a_warm_up_too():
    assert lr_at("constant", [0, 1], warmup=0.5) == [0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_lane_is_the_schedule_alone(name):
    entry, times = SCHEDULES[name], np.arange(0.0, 40.0)
    lr, drops = np.array([0.1, 0.4, 0.7]), np.array([0, 1, 2])
    options = {
        option.name: option.default * np.array([1, 0.9, 0.8]) if option.varies else option.default
        for option in entry.options.values()
    }
    together = rates(entry, times, lr, length=40.0, options=options, warmup=3.0, drops=drops)
    assert together.shape == (40, 3)
    for k in range(3):
        own = {
            name: value[k] if isinstance(value, np.ndarray) else value
            for name, value in options.items()
        }
        alone = rates(
            entry,
            times,
            lr[k : k + 1],
            length=40.0,
            options=own,
            warmup=3.0,
            drops=drops[k : k + 1],
        )
        np.testing.assert_allclose(together[:, k], alone[:, 0], rtol=1e-13)
        for t in (0, 7, 39):
            one = rates(
                entry, times[t : t + 1], lr, length=40.0, options=options, warmup=3.0, drops=drops
            )
            np.testing.assert_allclose(one[0], together[t], rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_finite_and_never_negative_and_in_proportion_to_the_first(name):
    times = np.arange(0.0, 120.0)
    found = np.array([lr_at(name, times, lr=lr, drops=1) for lr in (0.5, 1.0)])
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found.max() <= 1
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_is_handed_in_is_changed(name):
    entry = SCHEDULES[name]
    times, lr, drops = np.arange(5.0), np.ones(2), np.array([0, 1])
    for array in (times, lr, drops):
        array.flags.writeable = False
    rates(entry, times, lr, length=5.0, options=entry.defaults, drops=drops)
    assert times.tolist() == [0, 1, 2, 3, 4] and lr.tolist() == [1, 1] and drops.tolist() == [0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_its_sentence_equation_and_source(name):
    doc = SCHEDULES[name].doc
    assert doc.summary.endswith(".")
    assert "lr(t) = " in doc.equation
    assert doc.source.endswith(".")
    assert name == "constant" or doc.extra["Elsewhere"]
    for option in SCHEDULES[name].options:
        assert option in doc.notes + doc.equation, f"{option} is not explained"


def test_which_schedules_need_to_know_the_length_of_the_run():
    ended = {name for name, entry in SCHEDULES.items() if needs_length(entry)}
    assert ended == {"polynomial", "linear", "cosine", "one_cycle", "join"}


def test_a_momentum_that_takes_the_length_needs_it_too():
    entry = replace(SCHEDULES["constant"], beta=lambda t, T: t / T)
    assert needs_length(entry)


def test_a_schedule_with_an_end_asks_for_the_length():
    entry = SCHEDULES["cosine"]
    with pytest.raises(ValueError, match="cosine needs a value for T"):
        rates(entry, np.zeros(1), np.ones(1), options=entry.defaults)


def test_a_schedule_of_drops_asks_for_them():
    entry = SCHEDULES["plateau"]
    with pytest.raises(ValueError, match="plateau needs a value for drops"):
        rates(entry, np.zeros(1), np.ones(1), options=entry.defaults)
