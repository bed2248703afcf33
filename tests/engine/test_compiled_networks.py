"""The C steps of a plain network, compared with the NumPy engine, step by step."""

import numpy as np
import pytest
from compiled_cases import ELEMENTWISE, FIELDS, agree, engine_of, lanes_of, network_cohort, walked

from gdrun.engine.batches import Batches
from gdrun.engine.compiled import networks
from gdrun.engine.compiled.networks import NetworkEngine, NetworkStepper
from gdrun.engine.compiled.updates import UpdateEngine
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.engine.state import State
from gdrun.errors import ConfigError

pytestmark = pytest.mark.slow


def both_agree(cohort, rel, steps=60, beta=None):
    """Both engines over the same steps; the momentum falls from beta."""
    endless = np.full(cohort.lanes, np.inf)
    chunks = [
        walked(cohort, make(lanes_of(cohort), Batches(cohort), endless), steps, beta)
        for make in (NumpyStepper, NetworkStepper)
    ]
    agree(chunks, rel, (*FIELDS, "before"))


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    """The number of threads that share each step, even if it is small."""
    monkeypatch.setattr(networks, "thread_count", lambda: request.param)
    monkeypatch.setattr(networks, "SHARED_WORK", 0)
    monkeypatch.setattr("gdrun.threads.thread_count", lambda: 3)


@pytest.mark.parametrize("hidden", [[], [6], [4, 7], [5, 8, 3]])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "mae", "huber"])
def test_networks_of_any_depth_take_the_numpy_engines_steps(hidden, loss, threads):
    both_agree(network_cohort(model={"hidden": hidden, "loss": loss}), 1e-9)


@pytest.mark.parametrize("optimizer", ELEMENTWISE)
def test_every_elementwise_rule(optimizer, threads):
    # The signs that rprop and lion follow turn on rounding once a step is as small as it.
    both_agree(network_cohort(optimizer={"name": optimizer, "lr": 0.002}), 1e-9, steps=24)


LANES = [
    {"seed": seed, "optimizer": {"lr": lr}, "model": {"l2": l2}}
    for seed, lr, l2 in [(0, 0.003, 0.0), (0, 0.01, 0.1), (1, 0.003, 0.01), (4, 0.002, 0.0)]
]
CLIPS = [{}, {"norm": 0.2}, {"value": 0.05}, {"norm": 0.4, "value": 0.1}]


@pytest.mark.parametrize("clip", CLIPS)
def test_lanes_with_numbers_and_seeds_of_their_own(clip, threads):
    both_agree(network_cohort(LANES, clip=clip), 1e-9)


@pytest.mark.parametrize("clip", CLIPS)
def test_lanes_without_a_penalty(clip, threads):
    both_agree(network_cohort(model={"l2": 0.0}, clip=clip), 1e-9)


@pytest.mark.parametrize("size", [1, 2, 7, 89])
def test_a_last_batch_with_fewer_rows_than_threads(size, threads):
    # 90 rows: the last batch of 89 is one example, which one thread has and the others have not.
    both_agree(network_cohort(variant={"batch_size": size}), 1e-9)


@pytest.mark.parametrize("clip", CLIPS)
def test_single_precision(clip, threads):
    # A few sums of 2⁻²⁴ each, over 60 steps.
    both_agree(network_cohort(LANES, clip=clip, dtype="float32"), 1e-4)


def test_momentum_that_a_schedule_cycles(threads):
    both_agree(network_cohort(LANES, optimizer={"name": "momentum"}), 1e-9, beta=0.95)


@pytest.mark.parametrize(
    ("optimizer", "average", "more"),
    [
        ("adam", {"name": "polyak", "start": 9}, {"clip": {"norm": 0.2}}),
        ("adam", "ema", {}),
        ("vanilla", "ema", {"dtype": "float32"}),
    ],
)
def test_averages_of_the_path(optimizer, average, more, threads):
    cohort = network_cohort(optimizer={"name": optimizer, "average": average}, **more)
    both_agree(cohort, 1e-4 if "dtype" in more else 1e-9)


def ends_at(cohort, make):
    """The step at which a lane diverges, and the diverged quantity of each such lane."""
    lanes, state = lanes_of(cohort), State.start(cohort)
    stepper = make(lanes, Batches(cohort), np.full(len(lanes.index), 1e6))
    W, slots, step, bad = state.W, state.slots, 0, {}
    while not bad:
        rates = np.broadcast_to(lanes.numbers.lr, (8 - step, len(lanes.index)))
        measures = stepper.advance(W, slots, step, Place(0, step), rates)
        W, slots, bad, step = measures.W, measures.slots, measures.bad, step + measures.steps
    return step, {lane: failure.quantity for lane, failure in bad.items()}


def diverging_cohort(lanes):
    return network_cohort(
        [lane | {"optimizer": {"lr": 40.0}} for lane in lanes],
        model={"loss": "mse"},
        optimizer={"name": "vanilla"},
    )


@pytest.mark.parametrize("lanes", [LANES[:1], LANES])
def test_divergence_ends_at_the_same_step(lanes, threads):
    cohort = diverging_cohort(lanes)
    assert ends_at(cohort, NumpyStepper) == ends_at(cohort, NetworkStepper)


def test_the_first_step_that_diverges_ends_the_kernels_chunk(threads):
    # The NumPy engine takes the step that fails: the kernel returns how many came before it.
    cohort = diverging_cohort(LANES)
    failed_at, _ = ends_at(cohort, NumpyStepper)
    lanes, state = lanes_of(cohort), State.start(cohort)
    stepper = NetworkStepper(lanes, Batches(cohort), np.full(len(LANES), 1e6))
    rates = np.broadcast_to(lanes.numbers.lr, (8, len(LANES)))
    _, finite = stepper._run_chunk(state.W, state.slots, 0, Place(0, 0), rates, None)
    assert 0 < finite < 8
    assert finite == failed_at - 1


def test_the_engine_is_had_by_name():
    assert isinstance(engine_of(network_cohort()), NetworkEngine)
    # Without a kernel of its own, the update alone is compiled.
    assert isinstance(engine_of(network_cohort(model={"batch_norm": True})), UpdateEngine)
    with pytest.raises(ConfigError):
        engine_of(network_cohort(optimizer={"name": "lamb"}))
