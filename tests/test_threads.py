"""Products use one BLAS thread in a training; long sums share their blocks between threads."""

import threading

import numpy as np
import pytest

import gdrun
from gdrun import threads
from gdrun.config.resolving import resolve
from gdrun.engine.build import build
from gdrun.engine.step_gradients import StepGradients
from gdrun.engine.trainer import Trainer
from gdrun.runs.experiment_data import experiment_data
from gdrun.threads import one_behind


def blas_threads():
    """The threads that NumPy's BLAS would use now."""
    return {e["num_threads"] for e in threads._blas().info() if e["user_api"] == "blas"}


@pytest.mark.parametrize("model", [{"name": "mlp", "hidden": [10]}, {"name": "softmax"}])
def test_a_step_uses_one_thread_of_blas_and_leaves_it_as_it_was(model, monkeypatch):
    before, seen = blas_threads(), []
    of = StepGradients.of

    def watched(self, *given):
        seen.append(blas_threads())
        return of(self, *given)

    monkeypatch.setattr(StepGradients, "of", watched)
    chosen = resolve(
        {
            "engine": "numpy",
            "dataset": "iris",
            "model": model,
            "variant": {"name": "mbgd", "batch_size": 40},
            "stopping": {"steps": 1},
        }
    )
    Trainer(*build([chosen], experiment_data(chosen))).run()
    assert seen == [{1}]
    assert blas_threads() == before


def test_results_come_in_order_whatever_thread_computed_them(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 3)
    names, together = set(), threading.Barrier(3, timeout=10)

    def square(number):
        if number < 3:
            together.wait()  # three threads are inside at once, or the barrier breaks
        names.add(threading.current_thread().name)
        return number**2

    assert list(threads.in_order(square, range(40))) == [k**2 for k in range(40)]
    assert len(names) == 3


def test_threads_ignore_what_the_caller_ignores(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    with np.errstate(all="ignore"):
        assert list(threads.in_order(lambda k: np.float64(k) / 0, range(1, 9))) == [np.inf] * 8


@pytest.mark.longer
@pytest.mark.parametrize("model", ["linear", {"name": "mlp", "hidden": [8], "loss": "mse"}])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_bits_are_the_same_for_any_number_of_threads(model, dtype, monkeypatch):
    # 5,000 rows in blocks of 64: some 60 blocks.
    monkeypatch.setattr("gdrun.problems.objective.BLOCK_ENTRIES", 64 * 7)
    monkeypatch.setattr("gdrun.problems.network.BLOCK_ENTRIES", 64 * 8)
    draw = np.random.default_rng(3)
    X = draw.normal(size=(5_000, 6))
    data = (X, X @ draw.normal(size=6) + draw.normal(size=5_000))
    config = {"engine": "numpy", "model": model, "variant": "bgd", "dtype": dtype}
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        found.append(gdrun.train(config, "lr=0.05", "epochs=5", data=data))
    one, three = found
    for name in one.weights:
        np.testing.assert_array_equal(one.weights[name], three.weights[name])
    for name in ("train_loss", "validation_loss"):
        np.testing.assert_array_equal(one.evals[name], three.evals[name])


@pytest.mark.parametrize("given, count", [("3", 3), ("1", 1), ("0", None), ("many", None)])
def test_the_number_of_threads_can_be_set(given, count, monkeypatch):
    threads.thread_count.cache_clear()
    usual = threads.thread_count()
    threads.thread_count.cache_clear()
    monkeypatch.setenv("GDRUN_NUM_THREADS", given)
    assert threads.thread_count() == (usual if count is None else count)
    threads.thread_count.cache_clear()


def test_one_behind_calls_in_order_on_another_thread():
    made, called, threads = [], [], set()

    def items():
        for item in range(5):
            made.append(item)
            yield item

    def call(item):
        threads.add(threading.get_ident())
        called.append((item, len(made)))

    one_behind(call, items())
    assert [item for item, _ in called] == made == list(range(5))
    assert threads and threading.get_ident() not in threads
    # An item is made at most one ahead of the call.
    assert all(ahead <= item + 2 for item, ahead in called)


def test_one_behind_raises_what_the_function_or_an_item_raises():
    called = []

    def items():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        one_behind(called.append, items())
    assert called == [1]
    with pytest.raises(ZeroDivisionError):
        one_behind(lambda item: 1 / item, iter([1, 0, 2]))
