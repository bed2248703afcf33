"""A plain network's fused steps against the NumPy engine, step by step."""

import numpy as np
import pytest
from compiled_cases import engine_of, lanes_of, network_cohort
from numba import njit

from gdrun.engine.batches import Batches
from gdrun.engine.compiled import network_kernels, networks
from gdrun.engine.compiled.kernels import kernels
from gdrun.engine.compiled.network_kernels import network_text
from gdrun.engine.compiled.networks import NetworkEngine, NetworkStepper
from gdrun.engine.compiled.sources import NotCompilableError
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.engine.state import State
from gdrun.errors import ConfigError
from gdrun.problems.activations import ACTIVATIONS

FIELDS = ("batch_loss", "grad_norm", "update_norm", "weight_norm", "W", "before")


def chunks(cohort, make, steps=60):
    """The measures of an engine's steps, an epoch a chunk."""
    lanes, state = lanes_of(cohort), State.start(cohort)
    stepper = make(lanes, Batches(cohort), np.full(len(lanes.index), np.inf))
    W, slots, step, epoch, found = state.W, state.slots, 0, 0, []
    while step < steps:
        count = cohort.batching.steps_per_epoch
        rates = np.broadcast_to(lanes.numbers.lr, (count, len(W)))
        measures = stepper.advance(
            W, slots, step, Place(epoch, 0), rates, None, state.running_stats
        )
        W, slots, step, epoch = measures.W, measures.slots, step + count, epoch + 1
        found.append(measures)
    return found


def agree(cohort, rel):
    for numpy, compiled in zip(
        chunks(cohort, NumpyStepper), chunks(cohort, NetworkStepper), strict=True
    ):
        pairs = [(getattr(numpy, name), getattr(compiled, name)) for name in FIELDS]
        for expected, got in [*pairs, *zip(numpy.slots, compiled.slots, strict=True)]:
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=rel, atol=rel * np.abs(expected).max())
        assert np.array_equal(numpy.clipped, compiled.clipped)


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    """However many threads there are, every step is shared by so many."""
    monkeypatch.setattr(networks, "thread_count", lambda: request.param)
    monkeypatch.setattr(networks, "SHARED_WORK", 0)
    monkeypatch.setattr("gdrun.engine.threads.thread_count", lambda: 3)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [[], [6], [4, 7], [5, 8, 3]])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "huber"])
def test_networks_of_any_depth_take_the_numpy_engines_steps(hidden, loss, threads):
    agree(network_cohort(model={"hidden": hidden, "loss": loss}), 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, dtype):
    cohort = network_cohort(model={"activation": name}, dtype=dtype)
    activate = kernels(network_text(cohort)).activate
    z = np.linspace(-9, 9, 301).astype(dtype).reshape(7, 43)
    values, slopes = ACTIVATIONS[name].function(z)
    left, turned, given = np.zeros((43, 8), dtype), np.zeros((8, 43), dtype), z.copy()
    extra = np.zeros(0)
    njit(lambda *arrays: activate(*arrays), error_model="numpy")(given, left, turned, extra)
    # A few roundings; the tails of float32 are rounded by NumPy in single precision.
    close = {"rtol": 1e-13, "atol": 1e-15} if dtype == "float64" else {"rtol": 2e-5, "atol": 1e-6}
    np.testing.assert_allclose(turned[:7], values, **close)
    np.testing.assert_allclose(given, slopes, **close)
    assert (turned[7] == 1).all()
    assert np.array_equal(left, turned.T)


LANES = [
    {"seed": seed, "optimizer": {"lr": lr}, "model": {"l2": l2}}
    for seed, lr, l2 in [(0, 0.003, 0.0), (0, 0.01, 0.1), (1, 0.003, 0.01), (4, 0.002, 0.0)]
]


@pytest.mark.slow
@pytest.mark.parametrize("clip", [{}, {"norm": 0.2}, {"value": 0.05}, {"norm": 0.4, "value": 0.1}])
def test_lanes_with_numbers_and_seeds_of_their_own(clip, threads):
    agree(network_cohort(LANES, clip=clip), 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 7, 89])
def test_a_last_batch_with_fewer_rows_than_threads(size, threads):
    # 90 rows: the last batch of 89 is one example, which one thread has and the others have not.
    agree(network_cohort(variant={"batch_size": size}), 1e-9)


@pytest.mark.slow
def test_single_precision(threads):
    # A few sums of 2⁻²⁴ each, over 60 steps.
    agree(network_cohort(dtype="float32"), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("clip", [{}, {"norm": 0.5, "value": 0.02}])
def test_without_a_penalty_and_in_many_blocks(clip, threads, monkeypatch):
    monkeypatch.setitem(network_kernels.CONSTANTS, "BLOCK_MOVED", 16)
    agree(network_cohort(model={"l2": 0.0}, clip=clip), 1e-9)


@pytest.mark.slow
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
    agree(cohort, 1e-4 if "dtype" in more else 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [LANES[:1], LANES])
def test_divergence_is_the_numpy_engines_word(lanes, threads):
    ends = []
    for make in (NumpyStepper, NetworkStepper):
        cohort = network_cohort(
            [lane | {"optimizer": {"lr": 40.0}} for lane in lanes],
            model={"loss": "mse"},
            optimizer={"name": "vanilla"},
        )
        lanes_, state = lanes_of(cohort), State.start(cohort)
        stepper = make(lanes_, Batches(cohort), np.full(len(lanes), 1e6))
        W, slots, step, bad = state.W, state.slots, 0, {}
        while not bad:
            rates = np.broadcast_to(lanes_.numbers.lr, (8 - step, len(lanes)))
            measures = stepper.advance(W, slots, step, Place(0, step), rates)
            W, slots, bad, step = measures.W, measures.slots, measures.bad, step + measures.steps
        ends.append((step, {lane: failure.quantity for lane, failure in bad.items()}))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"batch_norm": True}},
        {"model": {"residual": True}},
        {"model": {"dropout": 0.2}},
        {"lanes": [{}, {"model": {"dropout": 0.2}}]},
        {"variant": {"name": "bgd"}},
        {"optimizer": {"name": "lamb"}},
    ],
)
def test_what_has_no_loops_says_so(changes):
    cohort = network_cohort(**changes)
    with pytest.raises(NotCompilableError):
        network_text(cohort)


@pytest.mark.slow
def test_the_engine_is_had_by_name():
    assert isinstance(engine_of(network_cohort()), NetworkEngine)
    # Without loops of its own, the update alone is compiled.
    assert engine_of(network_cohort(model={"batch_norm": True})).name == "compiled"
    with pytest.raises(ConfigError):
        engine_of(network_cohort(optimizer={"name": "lamb"}))
