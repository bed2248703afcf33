"""The compiled engine against the NumPy engine, step by step: long runs, averages, lanes, clipping.

Every rule under every loss is in test_compiled_kernels.py.
"""

import itertools

import numpy as np
import pytest
from compiled_cases import ELEMENTWISE, VARIANTS, agree, both, cohort_of, lanes_of, steppers

from gdrun.engine.plan import Place
from gdrun.problems.losses import LOSSES

STEPS = 200


def averaged(average, **optimizer):
    """A lane with this average of its path."""
    return {"optimizer": {"average": average} | optimizer}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["vanilla", "nesterov", "adam"])
@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_whole_steps_of_a_rule_compiled(optimizer, l2):
    for variant in VARIANTS:
        cohort = cohort_of("mse", optimizer, variant, lanes=[{"model": {"l2": l2}}])
        agree(both(cohort, STEPS), 1e-9)


AVERAGES = ["polyak", {"name": "polyak", "start": 30}, "ema"]


@pytest.mark.usefixtures("unoptimized")
@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ELEMENTWISE)
def test_every_rule_averaged(optimizer):
    for average, variant in itertools.product(AVERAGES, ("sgd", "mbgd")):
        cohort = cohort_of("mse", optimizer, variant, rows=20, lanes=[averaged(average)])
        assert cohort.rule.slots[-1] == "average"
        agree(both(cohort, 2 * cohort.batching.steps_per_epoch), 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("average", AVERAGES, ids=str)
def test_averages_compiled(average):
    lanes = [averaged(average, lr=lr) for lr in (0.01, 0.02)]
    for variant in VARIANTS:
        agree(both(cohort_of("mse", "adam", variant, lanes=lanes), STEPS), 1e-9)
    # A few roundings of 2⁻²⁴ a step, over fewer steps; the bound on the norm is often met.
    single = cohort_of(
        "mse", "adam", lanes=lanes, dtype="float32", clip={"norm": 0.5}, stopping={"steps": 20}
    )
    agree(both(single, 20), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_compiled(loss):
    for variant in VARIANTS:
        agree(both(cohort_of(loss, "momentum", variant), STEPS), 1e-9)


LANES = [
    {"seed": seed, "optimizer": {"lr": lr, "beta": beta}, "model": {"l2": l2}}
    for seed, lr, beta, l2 in [
        *((0, 0.01, 0.9, 0.0), (0, 0.02, 0.5, 0.1), (0, 0.03, 0.0, 1.0)),
        *((1, 0.01, 0.9, 0.0), (4, 0.05, 0.9, 0.3), (4, 0.02, 0.2, 0.0)),
    ]
]


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("clip", [{}, {"norm": 0.5}, {"value": 0.1}, {"norm": 0.8, "value": 0.2}])
@pytest.mark.parametrize("loss", ["logistic", "cross_entropy"])
@pytest.mark.parametrize("lanes", [2, 6])
def test_lanes_with_numbers_and_seeds_of_their_own(lanes, loss, clip, variant):
    # Two lanes go four rows at a time, six of three classes through matrix products.
    chunks = both(cohort_of(loss, "momentum", variant, lanes=LANES[-lanes:], clip=clip), STEPS)
    assert len(chunks[0]) > 1
    agree(chunks, 1e-9)
    assert any(measures.clipped.any() for measures in chunks[1]) == bool(clip)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("loss", ["logistic", "cross_entropy"])
@pytest.mark.parametrize("lanes", [1, 3])
def test_single_precision(lanes, loss, variant):
    # Each step may differ by the rounding of a few sums, 2⁻²⁴ each, and 200 of them add up.
    cohort = cohort_of(loss, "momentum", variant, lanes=LANES[:lanes], dtype="float32")
    agree(both(cohort, STEPS), 1e-4)


@pytest.mark.slow
def test_a_momentum_that_is_cycled():
    cohort = cohort_of("logistic", "adam", "mbgd")
    rates = np.linspace(0.01, 0.03, 8)[:, None]
    betas = np.linspace(0.5, 0.95, 8)[:, None]
    numpy, compiled = (
        stepper.advance(W, slots, 0, Place(0, 0), rates, betas)
        for stepper, W, slots in steppers(cohort)
    )
    agree(([numpy, numpy], [compiled, compiled]), 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["sgd", "mbgd", "bgd"])
@pytest.mark.parametrize("lanes", [1, 3])
def test_divergence_is_the_numpy_engines_word(lanes, variant):
    # Rates far above 2/L, the loss limit 1e4 times the first loss: both engines end every chunk at
    # the same step, with the same lanes and the same sentence.
    changes = [{"optimizer": {"lr": lr}} for lr in (3.0, 0.001, 5.0)][:lanes]
    cohort = cohort_of("mse", "vanilla", variant, lanes=changes)
    for limit in (1e4, np.inf):
        ends = []
        for stepper, W, slots in steppers(cohort, np.full(lanes, limit)):
            step, bad = 0, {}
            while not bad:
                position = step % cohort.batching.steps_per_epoch
                count = min(20, cohort.batching.steps_per_epoch - position)
                place = Place(step // cohort.batching.steps_per_epoch, position)
                rates = np.broadcast_to(lanes_of(cohort).numbers.lr, (count, lanes))
                measures = stepper.advance(W, slots, step, place, rates)
                W, slots, bad = measures.W, measures.slots, measures.bad
                step += measures.steps
            ends.append((step, {lane: (f.quantity, f.layer) for lane, f in bad.items()}))
        assert ends[0] == ends[1]
        assert 1 not in ends[0][1]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1e60, 1e120])
def test_the_first_unsound_step_of_a_long_chunk_is_found(limit):
    # One epoch in one chunk: the losses of single examples are worked out 64 steps at a time, and
    # this one leaves the limit behind in a later block than the first.
    cohort = cohort_of("mse", "vanilla", "sgd", rows=300, lanes=[{"optimizer": {"lr": 0.8}}])
    rates = np.full((300, 1), 0.8)
    steps = []
    for stepper, W, slots in steppers(cohort, np.array([limit])):
        step, bad = 0, {}
        while not bad:
            measures = stepper.advance(W, slots, step, Place(0, step), rates[step:])
            W, slots, bad, step = measures.W, measures.slots, measures.bad, step + measures.steps
        steps.append(step)
    assert steps[0] == steps[1] > 64


@pytest.mark.slow
def test_the_state_before_a_chunk_is_not_written_to():
    cohort = cohort_of("logistic", "momentum", "mbgd", lanes=LANES[:3])
    _, (stepper, W, slots) = steppers(cohort)
    before = [array.copy() for array in (W, *slots)]
    stepper.advance(W, slots, 0, Place(0, 0), np.full((5, 3), 0.1))
    assert all(np.array_equal(old, new) for old, new in zip(before, (W, *slots), strict=True))
