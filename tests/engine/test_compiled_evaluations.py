"""Losses and accuracies by a network's kernel, against a slow forward pass and the NumPy engine."""

import ctypes
import sys

import numpy as np
import pytest
from compiled_cases import engine_of, lanes_of, network_cohort

import gdrun
from gdrun.engine.compiled import network_objective
from gdrun.engine.compiled.network_kernel import NetworkKernel
from gdrun.engine.compiled.network_objective import NetworkObjective, block_rows
from gdrun.engine.compiled.units import StepForm, network_text
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.problems.rows import MappedRows

pytestmark = pytest.mark.slow

DTYPES = ("float64", "float32")
FEATURES = 5


def network_of(loss="cross_entropy", activation="tanh", hidden=(7, 4), features=FEATURES):
    loss, activation = LOSSES[loss], ACTIVATIONS[activation]
    outputs = 3 if loss.targets == "code" else 1
    # Options off their defaults: one that is read from another's place would be seen.
    loss, activation = (
        each.with_options({name: 0.7 * value for name, value in each.defaults.items()})
        for each in (loss, activation)
    )
    return Network(features, hidden, outputs, activation, loss)


def objective_of(network, dtype):
    form = StepForm(OPTIMIZERS["vanilla"], {}, np.dtype(dtype), decays=False, clips=False)
    text = network_text(network.loss, network.activation, form)
    return NetworkObjective(network, kernel=NetworkKernel(text, np.dtype(dtype)))


def point(network, rows, lanes=1, dtype="float64"):
    """W (L, P), X (N, d) and encoded targets (N,)."""
    draw = np.random.default_rng(rows)
    W = 0.7 * draw.normal(size=(lanes, network.layout.size))
    X = draw.normal(size=(rows, network.features))
    targets = {
        "number": draw.normal(size=rows),
        "sign": draw.choice([-1.0, 1.0], rows),
        "code": draw.integers(0, network.outputs, rows),
    }[network.loss.targets]
    return W.astype(dtype), X.astype(dtype), targets


def slow_scores(network, row, x):
    """The scores of one example under one lane's parameters, layer by layer."""
    h, at = x, 0
    widths = [network.features, *network.hidden, network.outputs]
    for k in range(len(widths) - 1):
        matrix = row[at : at + widths[k + 1] * (widths[k] + 1)].reshape(widths[k + 1], -1)
        at += matrix.size
        h = np.array([sum(w * v for w, v in zip(m, h, strict=False)) + m[-1] for m in matrix])
        if k < len(network.hidden):
            h, _ = network.activation.bound(h)
    return h


def slow_loss_and_accuracy(network, W, X, y):
    """The means over examples, one at a time, in double precision."""
    losses, rights = np.zeros((2, len(W)))
    for lane, row in enumerate(W.astype(float)):
        for x, target in zip(X.astype(float), y, strict=True):
            scores = slow_scores(network, row, x)
            given = scores[None, None] if network.by_class else scores[None]
            losses[lane] += network.loss.bound(given.copy(), np.array([target]))[0].item()
            chosen = scores.argmax() if network.by_class else 2 * (scores[0] > 0) - 1
            rights[lane] += chosen == target
    return losses / len(X), rights / len(X) if network.classifies else np.full(len(W), np.nan)


def check(network, dtype, rows, lanes=1):
    W, X, y = point(network, rows, lanes, dtype)
    loss, accuracy = objective_of(network, dtype).loss_and_accuracy(W, X, y)
    expected, right = slow_loss_and_accuracy(network, W, X, y)
    # In single precision, some roundings of 2⁻²⁴ in each score.
    np.testing.assert_allclose(loss, expected, rtol=1e-13 if dtype == "float64" else 3e-6)
    np.testing.assert_array_equal(accuracy, right)
    assert loss.dtype == accuracy.dtype == np.float64


@pytest.fixture
def small_blocks(monkeypatch):
    """Of 64 rows."""
    monkeypatch.setattr(network_objective, "BLOCK_BYTES", 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss, dtype, small_blocks):
    check(network_of(loss), dtype, 150, lanes=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, dtype):
    check(network_of(activation=activation), dtype, 70)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", [(), (1,), (6,), (33,), (5, 8, 3), (4,) * 9])
def test_any_depth(hidden, dtype):
    check(network_of(hidden=hidden), dtype, 40, lanes=3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 2, 7, 31, 32, 33, 63, 64, 65, 127, 129, 200])
def test_any_number_of_rows(rows, dtype, small_blocks):
    check(network_of(), dtype, rows)
    check(network_of("mse"), dtype, rows)


def at_the_end_of_a_page(array):
    """A copy behind which begins a page that nobody may read."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *3 * [ctypes.c_int], ctypes.c_long]
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    pages = -(-array.nbytes // 4096)
    begin = libc.mmap(None, (pages + 1) * 4096, 3, 0x22, -1, 0)
    end = begin + pages * 4096
    assert libc.mprotect(end, 4096, 0) == 0
    memory = (ctypes.c_char * array.nbytes).from_address(end - array.nbytes)
    copy = np.frombuffer(memory, array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.skipif(sys.platform != "linux", reason="fences memory as Linux does")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("features", [1, 2, 7, 8, 9, 16, 17, 33])
def test_nothing_behind_an_array_is_read(features, dtype, small_blocks):
    network = network_of(features=features, hidden=(features,))
    objective = objective_of(network, dtype)
    for rows in (1, 3, 65, 70):
        given = point(network, rows, 3, dtype)
        fenced = objective.loss_and_accuracy(*map(at_the_end_of_a_page, given))
        np.testing.assert_array_equal(fenced, objective.loss_and_accuracy(*given))


def agree_where_weights_are_not_finite(network, dtype):
    """Every parameter is NaN, infinite and minus infinity, each in a lane of its own."""
    W, X, y = point(network, 70, 3 * network.layout.size, dtype)
    for lane, value in enumerate(np.repeat([np.nan, np.inf, -np.inf], len(W) // 3)):
        W[lane, lane % network.layout.size] = value
    with np.errstate(all="ignore"):
        expected, right = Objective(network).loss_and_accuracy(W, X, y)
    loss, accuracy = objective_of(network, dtype).loss_and_accuracy(W, X, y)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(loss, expected, rtol=1e-12 if dtype == "float64" else 1e-5)
    np.testing.assert_array_equal(accuracy, right)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_that_are_not_finite_under_every_loss(loss, dtype):
    for hidden in ((), (7, 4)):
        agree_where_weights_are_not_finite(network_of(loss, hidden=hidden), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_weights_that_are_not_finite_under_every_activation(activation, dtype):
    agree_where_weights_are_not_finite(network_of(activation=activation), dtype)


@pytest.mark.parametrize("scale", [1e300, 1e308, 1e-320])
def test_scores_near_the_ends_of_the_number_type(scale):
    network = network_of(hidden=())
    W, X, y = point(network, 50)
    with np.errstate(all="ignore"):
        W *= scale
        expected = Objective(network).loss_and_accuracy(W, X, y)
    found = objective_of(network, "float64").loss_and_accuracy(W, X, y)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_depend_on_neither_threads_nor_lanes_nor_calls(dtype, small_blocks, monkeypatch):
    network = network_of()
    objective = objective_of(network, dtype)
    W, X, y = point(network, 1_000, 5, dtype)
    expected = objective.loss_and_accuracy(W, X, y)
    for lane in range(5):
        alone = objective.loss_and_accuracy(W[lane : lane + 1], X, y)
        np.testing.assert_array_equal(np.ravel(alone), np.array(expected)[:, lane])
    monkeypatch.setattr(network_objective, "SHARED_WORK", 0)
    monkeypatch.setattr("gdrun.threads.thread_count", lambda: 3)
    for count, work in [(1, 2**28), (2, 2**28), (1, 1), (3, 1), (3, 10**5), (40, 1)]:
        monkeypatch.setattr(network_objective, "thread_count", lambda count=count: count)
        monkeypatch.setattr(network_objective, "CALL_WORK", work)
        np.testing.assert_array_equal(objective.loss_and_accuracy(W, X, y), expected)


def test_losses_of_single_precision_are_summed_in_double():
    # A sum of 2²¹ such losses in single precision would lose digits with each term.
    network = network_of("mse", hidden=(), features=1)
    X, y = np.zeros((2**21, 1), np.float32), np.full(2**21, 3.1, np.float32)
    W = np.zeros((1, 2), np.float32)
    loss, _ = objective_of(network, "float32").loss_and_accuracy(W, X, y)
    # The square of each is rounded to single precision, and the sum rounds nothing more.
    assert loss[0] == pytest.approx(float(np.float32(3.1) ** 2), rel=1e-12)


def test_rows_in_another_order_of_memory_or_on_disk():
    network = network_of()
    objective = objective_of(network, "float64")
    W, X, y = point(network, 90, 2)
    expected = objective.loss_and_accuracy(W, X, y)
    strided = objective.loss_and_accuracy(
        np.asfortranarray(W), np.asfortranarray(X), np.repeat(y, 2)[::2]
    )
    np.testing.assert_array_equal(strided, expected)
    mapped = MappedRows(X, np.arange(len(X)), X.dtype)
    np.testing.assert_allclose(objective.loss_and_accuracy(W, mapped, y), expected, rtol=1e-13)


@pytest.mark.parametrize("rows, wanted", [(1, 32), (32, 32), (33, 64), (900, 928), (10**6, 1024)])
def test_blocks_are_whole_tiles_and_no_longer_than_the_rows(rows, wanted):
    assert block_rows(network_of(), np.dtype("float64"), rows) == wanted
    wide = network_of(features=100_000)
    assert block_rows(wide, np.dtype("float64"), rows) == min(wanted, 64)


def test_gradients_of_an_evaluation_are_numpys():
    cohort = network_cohort()
    plain = lanes_of(cohort).objective
    given = engine_of(cohort).objective(plain)
    assert isinstance(given, NetworkObjective)
    point = (cohort.initial_weights(), cohort.train.X, cohort.train.y)
    for expected, found in zip(
        plain.value_and_gradient(*point), given.value_and_gradient(*point), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_a_run_evaluates_each_part_as_the_numpy_engine_does():
    draw = np.random.default_rng(5)
    X = draw.normal(size=(700, 6))
    data = (X, np.digitize(X @ draw.normal(size=6), [-1, 1]))
    config = {
        "model": {"name": "mlp", "hidden": [9], "l2": 0.01},
        "variant": {"name": "mbgd", "batch_size": 32},
        "stopping": {"epochs": 4, "grad_norm": 1e-9},
    }
    numpy, compiled = (
        gdrun.train(config | {"engine": name}, data=data) for name in ("numpy", "compiled")
    )
    for part in ("train", "validation"):
        for kind, rel in (("loss", 1e-10), ("accuracy", 0)):
            name = f"{part}_{kind}"
            np.testing.assert_allclose(compiled.evals[name], numpy.evals[name], rtol=rel)
    for name in ("test_loss", "test_accuracy"):
        assert compiled.summary[name] == pytest.approx(numpy.summary[name], rel=1e-10)
