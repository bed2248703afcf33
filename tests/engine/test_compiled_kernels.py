"""The C kernels against the NumPy engine, step by step, and the memory that they may touch."""

import ctypes
import itertools
import subprocess
import sys

import numpy as np
import pytest
from compiled_cases import (
    AS_GIVEN,
    ELEMENTWISE,
    VARIANTS,
    agree,
    cohort_of,
    experiments_of,
    lanes_of,
    network_cohort,
    walked,
)

from gdrun.data import table_from_arrays
from gdrun.engine import build
from gdrun.engine.batches import Batches
from gdrun.engine.compiled import arguments, compiler, problem
from gdrun.engine.compiled.linear_kernels import LinearKernels, step_kernels
from gdrun.engine.compiled.network_kernel import NetworkKernel
from gdrun.engine.compiled.networks import NetworkStepper
from gdrun.engine.compiled.problem import CompiledProblem
from gdrun.engine.compiled.stepper import CompiledStepper
from gdrun.engine.compiled.updates import FusedUpdate
from gdrun.engine.contract import NotCompilableError
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES
from gdrun.problems.network import Network
from gdrun.runs.experiment_data import experiment_data


def stepper_of(cohort, compiled):
    lanes, endless = lanes_of(cohort), np.full(cohort.lanes, np.inf)
    if not compiled:
        return NumpyStepper(lanes, Batches(cohort), endless)
    if isinstance(cohort.model, Network):
        return NetworkStepper(lanes, Batches(cohort), endless)
    return CompiledStepper(lanes, Batches(cohort), endless, CompiledProblem(cohort, cohort.train))


def both_agree(cohort, steps, rel):
    """Both engines over the same steps."""
    agree([walked(cohort, stepper_of(cohort, which), steps) for which in (False, True)], rel)


@pytest.mark.usefixtures("unoptimized")
@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", ELEMENTWISE)
def test_every_rule_under_every_loss_in_every_variant(optimizer, loss):
    for variant in VARIANTS:
        cohort = cohort_of(loss, optimizer, variant, rows=20, lanes=[{"model": {"l2": 0.01}}])
        both_agree(cohort, 2 * cohort.batching.steps_per_epoch, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["sgd", "mbgd"])
@pytest.mark.parametrize(
    ("optimizer", "loss"),
    [*((rule, "mse") for rule in ELEMENTWISE), *(("vanilla", loss) for loss in LOSSES)],
)
def test_kernels_without_an_l2_term(optimizer, loss, variant):
    # The term is a line of its own in a kernel: not every pair of rule and loss is compiled again.
    cohort = cohort_of(loss, optimizer, variant, rows=20, lanes=[{"model": {"l2": 0.0}}])
    both_agree(cohort, 2 * cohort.batching.steps_per_epoch, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, dtype):
    cohort = network_cohort(model={"activation": activation}, dtype=dtype)
    both_agree(cohort, 24, 1e-9 if dtype == "float64" else 1e-4)


# Below a vector, one vector, and their neighbours, for both number types.
SIZES = (1, 2, 3, 7, 8, 15, 16, 17, 33)


def cohort_of_size(model, variant, features, lanes, dtype, clip):
    draw = np.random.default_rng(features)
    X = draw.normal(size=(23, features))
    score = X @ draw.normal(size=features)
    targets = {"linear": score, "logistic": (score > 0) * 1}.get(model["name"], np.arange(23) % 3)
    base = {
        "engine": "numpy",
        "dataset": AS_GIVEN,
        "model": {"l2": 0.1} | model,
        "variant": variant,
        "optimizer": {"name": "momentum", "lr": 0.01},
        "stopping": {"steps": 10},
        "dtype": dtype,
        "clip": clip,
    }
    changes = [{"optimizer": {"lr": 0.01 * (k + 1)}} for k in range(lanes)]
    experiments = experiments_of(base, changes)
    table = table_from_arrays(X, targets)
    return build.cohort_of(experiments, experiment_data(experiments[0], table))


@pytest.fixture
def fenced(monkeypatch):
    """Put each array of a kernel directly before a memory page that cannot be read."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *3 * [ctypes.c_int], ctypes.c_long]
    libc.mprotect.argtypes = libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    copies = {}

    def address(array):
        if array is None:
            return None
        if id(array) not in copies:
            pages = -(-array.nbytes // 4096) + 1
            begin = libc.mmap(None, pages * 4096, 3, 0x22, -1, 0)
            end = begin + (pages - 1) * 4096
            assert libc.mprotect(end, 4096, 0) == 0
            ctypes.memmove(end - array.nbytes, array.ctypes.data, array.nbytes)
            copies[id(array)] = (array, end - array.nbytes, begin, pages * 4096)
        return copies[id(array)][1]

    def forget():
        """Copy what the kernels wrote back into the arrays."""
        for array, place, begin, size in copies.values():
            if array.flags.writeable:
                ctypes.memmove(array.ctypes.data, place, array.nbytes)
            libc.munmap(begin, size, 0)
        copies.clear()

    monkeypatch.setattr(arguments, "address", address)
    for kind in (CompiledStepper, NetworkStepper):
        read = kind._measures
        monkeypatch.setattr(
            kind, "_measures", lambda self, *given, read=read: (forget(), read(self, *given))[1]
        )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="fences memory as Linux does")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "model",
    [
        {"name": "linear"},
        {"name": "softmax"},
        {"name": "logistic", "bias": False},
        {"name": "mlp", "hidden": [], "loss": "cross_entropy"},
        {"name": "mlp", "hidden": [9, 4], "loss": "cross_entropy"},
    ],
    ids=str,
)
def test_kernels_of_any_size_keep_to_their_arrays(model, dtype, fenced, monkeypatch):
    sizes = [{"name": "mbgd", "batch_size": size} for size in (5, 16)]
    variants = [{"name": "sgd"}, *sizes, *([] if model["name"] == "mlp" else [{"name": "bgd"}])]
    for features, lanes, variant in itertools.product(SIZES, (1, 3, 5), variants):
        monkeypatch.setattr(problem, "BLOCK_BYTES", 300 if features == 7 else 2**17)
        for clip in [{}, {"norm": 0.3, "value": 0.1}] if features in (3, 16) else [{}]:
            cohort = cohort_of_size(model, variant, features, lanes, dtype, clip)
            both_agree(
                cohort, min(cohort.batching.steps_per_epoch, 7), 1e-9 if "64" in dtype else 2e-4
            )


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_update_alone(name, dtype):
    rule, draw = OPTIMIZERS[name], np.random.default_rng(4)
    options = {key: value for key, value in rule.defaults.items() if key != "lr"}
    update = FusedUpdate(rule, options, np.dtype(dtype))
    W = draw.standard_normal((2, 5001)).astype(dtype)
    rate = np.array([[0.01], [0.03]], dtype)
    slots = rule.start(W, options | {"lr": rate})
    fused, kept = W.copy(), np.stack(slots, axis=1) if slots else np.empty((2, 0, 5001), dtype)
    moves, sizes = np.empty((2, 2))
    for t in range(1, 6):
        g, before = draw.standard_normal(W.shape).astype(dtype), W
        W, slots = rule.advance(W, g, slots, float(t), options | {"lr": rate})
        update(fused, g, kept, float(t), {"lr": rate}, moves, sizes)
        close = 1e-13 if dtype == np.float64 else 1e-5
        np.testing.assert_allclose(fused, W, rtol=0, atol=close)
        np.testing.assert_allclose(moves, np.linalg.norm(W - before, axis=1), rtol=10 * close)
        np.testing.assert_allclose(sizes, np.linalg.norm(W, axis=1), rtol=close)


def test_kernels_follow_from_what_the_steps_are():
    def names(loss, variant, **more):
        cohort = cohort_of(loss, "adam", variant, **more)
        return step_kernels(cohort, LinearKernels.of(cohort))

    assert names("logistic", "sgd") == ["examples"]
    assert names("logistic", "mbgd") == names("logistic", "bgd") == ["rows"]
    assert names("cross_entropy", "sgd") == names("mse", "sgd", clip={"norm": 1.0}) == ["rows"]
    grows = {"name": "mbgd", "batch_size": 1, "batch_growth": {"factor": 2, "every": 1}}
    cohort = cohort_of("mse", "adam", lanes=[{"variant": grows}])
    assert step_kernels(cohort, LinearKernels.of(cohort)) == ["examples", "rows"]


def test_a_text_says_all_about_its_kernel():
    def text(loss, rule, l2=0.0, options=(), **more):
        changes = {"model": {"l2": l2}, "optimizer": dict(options)}
        cohort = cohort_of(loss, rule, lanes=[changes], **more)
        return LinearKernels.of(cohort).step_text("rows")

    texts = [
        text("mse", "vanilla"),
        text("mse", "vanilla", l2=0.1),
        text("mse", "vanilla", clip={"norm": 1.0}),
        text("mse", "vanilla", dtype="float32"),
        text("mae", "vanilla"),
        text("mse", "momentum"),
        text("mse", "rmsprop"),
        text("mse", "rmsprop", options={"centered": True}),
        text("mse", "momentum", options={"average": "ema"}),
    ]
    assert len(set(texts)) == len(texts)


@pytest.mark.longer
@pytest.mark.parametrize("variant", ["sgd", "mbgd"])
def test_rows_are_prefetched(variant, tmp_path):
    # A compiler may remove the call of a function that does nothing else.
    cohort = cohort_of("logistic", "adam", variant)
    kernels = LinearKernels.of(cohort)
    (name,) = step_kernels(cohort, kernels)
    source, assembly = tmp_path / "unit.c", tmp_path / "unit.s"
    source.write_text(kernels.step_text(name), encoding="utf-8")
    given = [*compiler.FLAGS, "-S", f"-I{compiler.SOURCES}", str(source), "-o", str(assembly)]
    subprocess.run([*compiler.compiler().command, *given], check=True)
    assert any(word in assembly.read_text() for word in ("prefetch", "prfm"))


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
def test_what_has_no_kernel_says_so(changes):
    with pytest.raises(NotCompilableError):
        NetworkKernel.of(network_cohort(**changes))


def sums_of(loss, W, table, **model):
    """Σ ℓ and Σ ∇ℓ over all rows of a table, in one pass at W (P,)."""
    cohort = cohort_of(loss, "vanilla", "bgd", table=table, lanes=[{"model": model}])
    found = CompiledProblem(cohort, cohort.train).sums(W[None])
    return cohort.train, found.values[0], found.gradients[0]


@pytest.mark.parametrize("loss", [name for name, each in LOSSES.items() if each.targets == "code"])
@pytest.mark.parametrize("seed", range(4))
def test_a_loss_for_a_block_of_examples_is_its_twin(loss, seed):
    # With the identity as weights and no bias, the features are the scores.
    draw = np.random.default_rng(seed)
    scores = draw.normal(scale=3, size=(21, 5))
    table = table_from_arrays(scores, np.arange(21) % 5)
    train, total, gradient = sums_of(loss, np.eye(5).ravel(), table, bias=False)
    values, slopes = LOSSES[loss].function(train.X[:, None, :].copy(), train.y)
    assert total == pytest.approx(values.sum(), rel=1e-13)
    np.testing.assert_allclose(
        gradient.reshape(5, 5), slopes[:, 0].T @ train.X, rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("rows", [7, 8, 9, 64, 1000, 9000])
@pytest.mark.parametrize("scale", [1e-9, 3, 300])
def test_logistic_losses_of_a_block_are_its_twins(rows, scale):
    draw = np.random.default_rng(rows)
    table = table_from_arrays(draw.normal(scale=scale, size=(rows, 1)), np.arange(rows) % 2)
    train, total, gradient = sums_of("logistic", np.ones(1), table, bias=False)
    values, slopes = LOSSES["logistic"].function(train.X, train.y)
    assert total == pytest.approx(values.sum(), rel=1e-13)
    terms = slopes[:, 0] * train.X[:, 0]
    assert gradient[0] == pytest.approx(terms.sum(), abs=1e-13 * np.abs(terms).sum())


@pytest.mark.parametrize("margin", [1, 30, 300, 700])
def test_tiny_logistic_losses_of_a_block_keep_their_accuracy(margin):
    # Every example is right by at least the margin: ℓ = log(1 + e^(−m)), down to e^(−701).
    margins, labels = margin + np.arange(34) / 34, np.arange(34) % 2
    table = table_from_arrays(np.where(labels, margins, -margins)[:, None], labels)
    train, total, _ = sums_of("logistic", np.ones(1), table, bias=False)
    expected = np.log1p(np.exp(-np.abs(train.X[:, 0]))).sum()
    assert total == pytest.approx(expected, rel=1e-14, abs=0)
