"""The noise of batch gradients, against exact enumeration and per-example loops."""

import itertools
import tracemalloc

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.errors import ConfigError, RecordError
from gdrun.insight import gradient_noise as gradient_noise_module
from gdrun.insight.gradient_noise import gradient_noise
from gdrun.insight.problem import analysed

MODELS = [
    ("diabetes", {"name": "linear", "l2": 0.3}),
    ("iris", {"name": "softmax", "l2": 0.1}),
    ("iris", {"name": "mlp", "hidden": [4]}),
    ("iris", {"name": "svm"}),
]


def by_examples(problem):
    """The gradient of each example, by itself, with the penalty: (N, P)."""
    return np.array(
        [
            problem.objective.value_and_gradient(
                problem.start[None], problem.X[row : row + 1], problem.y[row : row + 1]
            )[1][0]
            for row in range(problem.rows)
        ]
    )


@pytest.mark.parametrize(
    ("weight", "what"), [(1e200, "are too large to square"), (np.inf, "are not finite")]
)
def test_the_end_of_a_run_that_diverged_is_refused(weight, what):
    problem = analysed(resolve({"dataset": "diabetes", "model": "linear"}))
    with pytest.raises(RecordError, match=what):
        gradient_noise(problem, np.full(problem.start.size, weight))


@pytest.mark.longer
@pytest.mark.parametrize(("dataset", "model"), MODELS)
def test_every_model(dataset, model):
    problem = analysed(resolve({"dataset": dataset, "model": model}))
    noise = gradient_noise(problem)
    own = by_examples(problem)
    mean = own.mean(axis=0)
    spread = ((own - mean) ** 2).sum(axis=1).mean()
    assert noise.spread == pytest.approx(spread, rel=1e-10)
    assert noise.signal == pytest.approx(mean @ mean, rel=1e-10)
    assert noise.noise_scale == pytest.approx(spread / (mean @ mean), rel=1e-10)
    assert noise.exponent == pytest.approx(-1, abs=0.1)
    assert noise.exponent_without == pytest.approx(-1, abs=0.1)
    for each in (*noise.replacement, *noise.without):
        assert each.unbiased
        error = 5 * each.variance_error + 1e-10 * spread
        assert each.variance == pytest.approx(each.predicted, abs=error)
    # Every batch of one example is known.
    for each in (noise.replacement[0], noise.without[0]):
        assert (each.size, each.variance_error) == (1, 0)
        assert each.variance == pytest.approx(spread, rel=1e-10)
    assert noise.without[-1].size == problem.rows
    assert noise.without[-1].variance == pytest.approx(0, abs=1e-20)


def test_the_standard_error_is_the_spread_of_repeated_measurements(monkeypatch):
    monkeypatch.setattr(gradient_noise_module, "BATCHES", 100)
    config = {"surface": {"name": "bowl", "noise": 1.0, "examples": 30}, "variant": "sgd"}
    found = [gradient_noise(analysed(resolve(config | {"seed": seed}))) for seed in range(25)]
    for place, size in enumerate(each.size for each in found[0].replacement):
        for way in ("replacement", "without"):
            measured = [getattr(noise, way)[place] for noise in found]
            observed = np.std([each.variance for each in measured], ddof=1)
            said = np.mean([each.variance_error for each in measured])
            # The standard deviation of 25 values has a relative error of 1/√48, 14 %.
            assert said == pytest.approx(observed, rel=0.5, abs=1e-12), (size, way)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_predictions_are_the_exact_expectations(size):
    # All 5^B sequences with replacement, and all subsets of B of 5 numbers without.
    numbers = np.array([1.0, 2.0, 4.0, -3.0, 7.0])
    spread = numbers.var()
    drawn = [np.mean(each) for each in itertools.product(numbers, repeat=size)]
    assert np.var(drawn) == pytest.approx(spread / size)
    drawn = [np.mean(each) for each in itertools.combinations(numbers, size)]
    assert np.var(drawn) == pytest.approx(spread / size * (5 - size) / 4, abs=1e-12)
    problem = analysed(
        resolve({"surface": {"name": "bowl", "noise": 1.0, "examples": 5}, "variant": "sgd"})
    )
    noise = gradient_noise(problem)
    assert noise.spread == pytest.approx((problem.X**2).sum(axis=1).mean())
    for each in noise.without:
        assert each.predicted == pytest.approx(
            noise.spread / each.size * (5 - each.size) / 4, abs=1e-12
        )


def test_gradients_are_never_all_held_at_once(monkeypatch):
    # Those of 120 examples, with 4,003 weights each, are 3.8 MB.
    problem = analysed(resolve({"dataset": "iris", "model": {"name": "mlp", "hidden": [500]}}))
    assert problem.rows * problem.start.nbytes > 3.8e6
    monkeypatch.setattr(gradient_noise_module, "BATCHES", 10)
    monkeypatch.setattr(gradient_noise_module, "CHUNK_NUMBERS", 2**14)
    tracemalloc.start()
    gradient_noise(problem)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6


def test_a_surface_without_noise():
    problem = analysed(resolve({"surface": "bowl"}))
    # Far away, rounding errors of the gradient are large.
    for w in (problem.start, np.array([1e20, 1e22])):
        noise = gradient_noise(problem, w)
        assert noise.spread == 0
        assert noise.batch_size == 1
        assert all(each.unbiased and each.variance == 0 for each in noise.replacement)


def test_a_batch_of_all_rows_has_no_bias_far_from_the_minimum():
    problem = analysed(resolve({"dataset": "diabetes", "model": "linear"}))
    noise = gradient_noise(problem, 1e9 * np.ones(len(problem.start)))
    assert noise.spread > 0
    assert all(each.unbiased for each in (*noise.replacement, *noise.without))
    assert noise.without[-1].variance == 0


def test_batch_norm_is_refused():
    model = {"name": "mlp", "batch_norm": True}
    with pytest.raises(ConfigError, match="no gradient of its own"):
        gradient_noise(analysed(resolve({"dataset": "iris", "model": model})))
