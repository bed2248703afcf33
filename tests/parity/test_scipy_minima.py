"""The minimum of convex objectives against the optimizers of SciPy."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from gdrun.insight.minimum import minimise
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("linear", {"loss": "huber", "delta": 0.7}, 0),
        ("logistic", {}, 2),
        ("softmax", {}, 3),
        ("svm", {"loss": "squared_hinge"}, 3),
    ],
)
def test_the_smooth_losses(name, options, classes, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 4))
    y = rng.integers(classes, size=60) if classes else rng.standard_t(2, size=60)
    model = MODELS[name].function(4, classes, **options)
    objective, X, y = Objective(model, 0.01), model.design(features), model.encode(y)
    start = np.zeros(model.layout.size)

    def value_and_gradient(w):
        value, gradient = objective.value_and_gradient(w[None], X, y)
        return value[0], gradient[0]

    expected = minimize(value_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    found = minimise(objective, start, X, y)
    assert found.value <= expected.fun + 1e-15
    assert found.value == pytest.approx(expected.fun, rel=1e-12)


def test_least_absolute_errors_against_a_linear_programme():
    # min Σ t/N with −t ≤ s − y ≤ t: weights and t are the variables.
    compare({"loss": "mae"}, (1.0, -1.0))


def test_a_quantile_against_a_linear_programme():
    # t ≥ 0.97 (s − y) and t ≥ 0.03 (y − s).
    compare({"loss": "pinball", "tau": 0.03}, (0.97, -0.03))


def compare(options, slopes):
    """Compare f* of a loss of s − y, linear on both sides of 0 with these slopes, with HiGHS."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(60, 4))
        y = rng.standard_t(2, size=60)
        model = MODELS["linear"].function(4, 0, **options)
        X = model.design(features)
        rows = [np.column_stack([slope * X, -np.eye(60)]) for slope in slopes]
        limits = [slope * y for slope in slopes]
        cost = np.concatenate([np.zeros(5), np.full(60, 1 / 60)])
        expected = programme(cost, np.vstack(rows), np.concatenate(limits), 65)
        found = minimise(Objective(model), np.zeros(5), X, model.encode(y))
        assert found.converged
        assert found.value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_hinge_against_a_linear_programme(classes):
    # t ≥ 0 and t ≥ 1 + sⱼ − s_y, one for each example and wrong class.
    rng = np.random.default_rng(classes)
    X, y = rng.normal(size=(40, 3)), rng.integers(classes, size=40)
    model = MODELS["svm"].function(3, classes)
    X = model.design(X)
    rows, count = [], 40 * (classes - 1)
    for x, own in zip(X, y, strict=True):
        for j in set(range(classes)) - {own}:
            margin = np.zeros((classes, 4))
            margin[j], margin[own] = x, -x
            rows.append(margin.ravel())
    cost = np.concatenate([np.zeros(4 * classes), np.full(count, 1 / 40)])
    matrix = np.column_stack([np.array(rows), -np.eye(count)])
    expected = programme(cost, matrix, np.full(count, -1.0), len(cost), free=4 * classes)
    found = minimise(Objective(model), np.zeros(4 * classes), X, model.encode(y))
    assert found.converged
    assert found.value == pytest.approx(expected, rel=1e-10)


def programme(cost, matrix, limits, size, free=None):
    """min costᵀx with matrix x ≤ limits, and x ≥ 0 but for the first `free` variables."""
    free = size if free is None else free
    bounds = [(None, None)] * free + [(0, None)] * (size - free)
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    return linprog(cost, matrix, limits, bounds=bounds, method="highs", options=options).fun
