"""The compiled engine around its steps: which engine runs, passes over all data, the cache."""

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from compiled_cases import MODELS, both, cohort_of, engine_of, lanes_of, table_of

import gdrun
from gdrun.data import table_from_arrays
from gdrun.engine import engines
from gdrun.engine.cohort import Design
from gdrun.engine.compiled import compiler, problem
from gdrun.engine.compiled import engine as compiled_engine
from gdrun.engine.compiled.units import BLOCK_LOSSES, StepForm, step_text
from gdrun.engine.engines import NumpyEngine, engine_maker
from gdrun.errors import ConfigError, GdrunError, MissingExtraError
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.losses import LOSSES
from gdrun.problems.rows import MappedRows
from gdrun.views.experiment_panel import experiment_lines

COMPILED = {"engine": "compiled"}
BY_CLASS = [name for name, loss in LOSSES.items() if loss.targets == "code"]


@pytest.fixture
def everything_large(monkeypatch):
    """Make every part of the data count as large: its sums use all threads and several blocks."""
    for module in (problem, compiled_engine):
        monkeypatch.setattr(module, "SMALL_ENTRIES", 0)
    monkeypatch.setattr(problem, "BLOCK_BYTES", 800)
    monkeypatch.setattr(problem, "BLOCK_SCORES", 16)


def test_every_loss_has_a_form_in_c():
    assert set(BY_CLASS) <= set(BLOCK_LOSSES) <= set(LOSSES)
    assert all(loss.equation for loss in LOSSES.values() if loss.targets != "code")


@pytest.fixture
def fresh_compiler():
    """The compiler is looked for again in this test, and in the next one."""
    compiler.compiler.cache_clear()
    yield
    compiler.compiler.cache_clear()


def test_without_a_compiler_numpy_runs_and_what_is_missing_is_named(monkeypatch, fresh_compiler):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    long = cohort_of("mse", "vanilla", stopping={"steps": 10**8})
    engine = engine_of(long, "auto")
    assert engine.name == "numpy"
    how = 'install gcc or clang, or run: python -m pip install "gdrun[compiler]"'
    reason = "no program named cc, gcc or clang is installed"
    assert engine.note == f"faster with a C compiler, but {reason}: {how}"
    assert engine_of(cohort_of("mse", "vanilla"), "auto").note is None
    with pytest.raises(MissingExtraError) as caught:
        engine_of(long)
    assert str(caught.value) == (
        f"error: the compiled engine needs a C compiler, but {reason}\nhint: {how}"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ("engine", "use engine: numpy or auto"),
        ("GDRUN_ENGINE", "unset GDRUN_ENGINE, or set it to numpy or auto"),
    ],
)
def test_another_compiler_is_no_remedy_for_a_wrong_variable(
    monkeypatch, fresh_compiler, place, other
):
    monkeypatch.setenv("CC", "no-such-compiler")
    reason = "the variable CC names no-such-compiler, which is not installed"
    how = "unset CC, or set it to an installed compiler"
    long = cohort_of("mse", "vanilla", stopping={"steps": 10**8})
    assert engine_of(long, "auto").note == f"faster with a C compiler, but {reason}: {how}"
    if place == "GDRUN_ENGINE":
        monkeypatch.setenv("GDRUN_ENGINE", "compiled")
    with pytest.raises(ConfigError) as caught:
        engine_of(long)
    assert str(caught.value) == (
        f"error: {place}: the compiled engine cannot run this: {reason}\nhint: {how}; or {other}"
    )


@pytest.mark.parametrize("optimizer", ["lars", "lamb"])
def test_a_rule_without_loops_runs_on_numpy_unless_told_not_to(optimizer):
    long = {"stopping": {"steps": 10**8}}
    assert engine_of(cohort_of("mse", optimizer, **long), "auto").name == "numpy"
    with pytest.raises(ConfigError, match="norm of each weight matrix"):
        engine_of(cohort_of("mse", optimizer))


@pytest.mark.slow
def test_auto_weighs_compilation_against_the_steps():
    assert engine_of(cohort_of("mse", "vanilla"), "auto").name == "numpy"
    long = cohort_of("mse", "vanilla", stopping={"steps": 10**8})
    assert engine_of(long, "auto").name == "compiled"


@pytest.mark.parametrize("variant", ["sgd", "mbgd"])
def test_auto_compiles_a_run_of_a_second_whatever_is_in_the_cache(monkeypatch, variant):
    def chosen(seconds):
        """The engine that is chosen if NumPy needs this time; nothing is compiled."""
        step = engines._saved_by_loops(cohort_of("logistic", "adam", variant))
        steps = {"steps": round(seconds / step)}
        cohort = cohort_of("logistic", "adam", variant, stopping=steps)
        return "numpy" if engine_maker(cohort, "auto") is NumpyEngine else "compiled"

    monkeypatch.setattr(compiler, "find", None)  # the choice must not look for compiled kernels
    assert [chosen(seconds) for seconds in (0.2, 0.4, 1, 2)] == [*2 * ["numpy"], *2 * ["compiled"]]


@pytest.mark.longer
@pytest.mark.skipif(sys.platform == "win32", reason="a compiler that is a shell script")
def test_a_compiler_that_fails_is_a_note(monkeypatch, tmp_path):
    broken = tmp_path / "cc"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo cc 1 && exit; echo "error: no" >&2; exit 1\n'
    )
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    compiler.compiler.cache_clear()
    try:
        budget = {"stopping": {"steps": 200_000, "seconds": 0.1}}
        run = gdrun.train({"dataset": "iris", "model": "softmax", "variant": "sgd"} | budget)
        assert run.record["engine"] == "numpy"
        assert run.record["engine_note"] == "not compiled: cc failed: error: no"
        text = dict(experiment_lines(run.config, run.record))["run"]
        assert text == "seed 0, float64, numpy engine; not compiled: cc failed: error: no"
        with pytest.raises(ConfigError, match="cc failed: error: no"):
            engine_of(cohort_of("mse", "vanilla"))
    finally:
        compiler.compiler.cache_clear()


@pytest.mark.slow
def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("GDRUN_ENGINE", "compiled")
    assert engine_of(cohort_of("mse", "vanilla"), "numpy").name == "compiled"
    monkeypatch.setenv("GDRUN_ENGINE", "fortran")
    with pytest.raises(GdrunError, match="fortran"):
        engine_of(cohort_of("mse", "vanilla"), "numpy")


def test_an_engine_that_cannot_run_is_blamed_on_what_names_it(monkeypatch):
    cohort = cohort_of("mse", "lamb")
    with pytest.raises(ConfigError, match=r"error: engine: .*\nhint: use engine: numpy or auto"):
        engine_of(cohort)
    monkeypatch.setenv("GDRUN_ENGINE", "compiled")
    with pytest.raises(ConfigError, match=r"error: GDRUN_ENGINE: .*\nhint: unset GDRUN_ENGINE"):
        engine_of(cohort, "auto")


@pytest.mark.slow
def test_a_run_says_which_engine_ran():
    config = {
        "model": "linear",
        "variant": "bgd",
        "dataset": {"name": "linear", "n": 200, "d": 3},
        "stopping": {"epochs": 50},
    }
    run = gdrun.train(config | COMPILED)
    assert (run.record["engine"], run.record["compression"]) == ("compiled", "qr")
    assert run.config["engine"] == "compiled"
    assert run.record["versions"]["compiler"] == compiler.compiler().version
    plain = gdrun.train(config | {"engine": "numpy"})
    assert (plain.record["engine"], plain.record["compression"]) == ("numpy", None)
    assert "compiler" not in plain.record["versions"]
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        np.testing.assert_allclose(run.steps[name], plain.steps[name], rtol=1e-9)
    np.testing.assert_allclose(run.evals["train_loss"], plain.evals["train_loss"], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("rows", [96, 91, 7])  # for each thread blocks that are full, or not
def test_passes_over_all_rows_are_the_objective(loss, lanes, rows, everything_large):
    changes = [{"optimizer": {"lr": 0.01 * (k + 1)}} for k in range(lanes)]
    for variant in ("bgd", "sgd"):
        cohort = cohort_of(loss, "momentum", variant, rows=rows, lanes=changes)
        W = np.random.default_rng(lanes).normal(size=(lanes, cohort.model.layout.size))
        plain = lanes_of(cohort).objective
        given = engine_of(cohort).objective(plain)
        X, y = cohort.train.X, cohort.train.y
        for name in ("loss_and_accuracy", "value_and_gradient"):
            for expected, got in zip(
                getattr(plain, name)(W, X, y), getattr(given, name)(W, X, y), strict=True
            ):
                np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["logistic", "cross_entropy"])
def test_full_batches_by_passes_are_the_numpy_engines(loss, everything_large):
    for numpy, compiled in zip(*both(cohort_of(loss, "momentum", "bgd"), 100), strict=True):
        for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm", "W"):
            np.testing.assert_allclose(
                getattr(compiled, name), getattr(numpy, name), rtol=1e-9, atol=1e-12
            )


@pytest.fixture
def passes(everything_large, monkeypatch):
    """An entry for each pass over all rows, every one of which takes a fiftieth of a second."""
    passes, counted = [], problem.CompiledProblem._add

    def slow(self, *given):
        passes.append(1)
        time.sleep(0.02)
        return counted(self, *given)

    monkeypatch.setattr(problem, "thread_count", lambda: 1)
    monkeypatch.setattr(problem.CompiledProblem, "_add", slow)
    return passes


@pytest.mark.slow
def test_an_evaluation_takes_its_loss_and_its_gradient_from_one_pass(passes):
    config = {
        "model": "logistic",
        "variant": {"name": "mbgd", "batch_size": 8},
        "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}},
        "stopping": {"epochs": 3, "grad_norm": 1e-12},
    }
    table = table_of("logistic", 60)
    compiled, numpy = (
        gdrun.train(config | {"engine": name}, data=(table.X, table.y))
        for name in ("compiled", "numpy")
    )
    # At epochs 0 to 3.
    assert len(passes) == 4
    for name in ("train_loss", "train_accuracy", "full_grad_norm"):
        assert compiled.evals[name] == pytest.approx(numpy.evals[name], rel=1e-9)


@pytest.mark.slow
def test_an_evaluation_and_the_next_step_share_one_pass(passes):
    config = {
        "model": "logistic",
        "variant": "bgd",
        "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}},
        "stopping": {"epochs": 7},
    }
    table = table_of("logistic", 60)
    run = gdrun.train(config | COMPILED, data=(table.X, table.y))
    # Evaluations at steps 0 to 7; each of 7 steps takes over the sums of the one before it.
    assert len(passes) == 8
    # The seven are the steps' time, and the last is all that evaluations spent of it.
    timing = run.record["timing"]
    assert timing["updates"] >= 7 * 0.02
    assert 0.02 <= timing["evaluations"] < timing["total"] - 7 * 0.02


def test_a_kernel_is_named_by_all_it_computes():
    def text(loss, rule, kernel="rows", dtype="float64", decays=False, clips=False, **fixed):
        form = StepForm(OPTIMIZERS[rule], fixed, np.dtype(dtype), decays, clips)
        return step_text(kernel, LOSSES[loss], form)

    texts = [
        text("mse", "vanilla"),
        text("mse", "vanilla", "examples"),
        text("mse", "vanilla", dtype="float32"),
        text("mse", "vanilla", decays=True),
        text("mse", "vanilla", clips=True),
        text("mae", "vanilla"),
        text("mse", "momentum"),
        text("mse", "rmsprop", centered=True, momentum=0.0),
        text("mse", "rmsprop", centered=False, momentum=0.0),
    ]
    assert len({compiler.library_key(each) for each in texts}) == len(texts)


@pytest.mark.slow
@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("lanes", [1, 2])
def test_single_precision_keeps_its_digits_over_many_rows(lanes, on_disk):
    # Addends of one sign: a running sum in single precision would be off by 1e-5 of itself.
    draw = np.random.default_rng(5)
    X = draw.uniform(1, 2, (300_000, 3))
    more = {"dtype": "float32", "lanes": [{"optimizer": {"lr": lr}} for lr in (1e-3, 2e-3)[:lanes]]}
    cohort = cohort_of("mse", "vanilla", "bgd", table=table_from_arrays(X, X @ [1, 2, 3]), **more)
    W = np.full((lanes, 4), 0.25, np.float32)
    part = cohort.train
    if on_disk:
        part = Design(MappedRows(X, np.arange(len(X)), part.X.dtype, ones=True), part.y)
    found = problem.CompiledProblem(cohort, part).sums(W)
    design = np.column_stack([X, np.ones(len(X))]).astype(np.float32).astype(float)
    slopes = 2 * (design @ W[0] - cohort.train.y)
    assert found.gradients.dtype == np.float32
    np.testing.assert_allclose(found.gradients, [slopes @ design] * lanes, rtol=2e-6)


SECOND_PROCESS = """
import gdrun
config = {"dataset": "iris", "model": "softmax", "engine": "compiled", "stopping": {"epochs": 3}}
print(gdrun.train(config).summary["train_loss"])
"""


@pytest.mark.slow
def test_a_second_process_does_not_compile_again(tmp_path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    root = str(Path(gdrun.__file__).parent.parent)

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", SECOND_PROCESS],
            env=environment,
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kept():
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path: path.stat().st_mtime_ns for path in files}

    # Two at once find nothing, and both leave the same library.
    at_once = [start(), start()]
    first, second = (process.communicate()[0] for process in at_once)
    assert first == second
    assert float(first) > 0
    libraries = kept()
    assert libraries
    assert start().communicate()[0] == first
    assert kept() == libraries


def test_every_model_of_these_tests_exists():
    assert set(MODELS) == set(LOSSES)


@pytest.mark.parametrize(("lanes", "epochs", "parts"), [(1, 10, 0), (40, 10_000, 1)])
def test_small_data_are_evaluated_by_a_kernel_where_their_scores_are_many(lanes, epochs, parts):
    changes = [{"optimizer": {"lr": 0.01 * (k + 1)}} for k in range(lanes)]
    cohort = cohort_of("logistic", "vanilla", lanes=changes, stopping={"epochs": epochs})
    assert len(engine_of(cohort).objective(lanes_of(cohort).objective).passes) == parts
