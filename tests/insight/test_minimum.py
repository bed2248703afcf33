"""The minimum of convex objectives, against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.insight import kinked_minimum, minimum
from gdrun.insight.minimum import minimise
from gdrun.insight.problem import analysed
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective


def problem(name, options, classes, l2, rows=60, features=4, seed=0):
    """Objective, design matrix, encoded targets and zero weights, with noisy targets."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, features))
    y = rng.integers(classes, size=rows) if classes else rng.normal(size=rows)
    model = MODELS[name].function(features, classes, **options)
    return Objective(model, l2), model.design(X), model.encode(y), np.zeros(model.layout.size)


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_least_squares_in_closed_form(l2):
    # ∇f = 2 Xᵀ(Xw − y)/N + l2 (w without bias) = 0.
    objective, X, y, start = problem("linear", {}, 0, l2)
    D = np.diag([l2] * 4 + [0.0])
    w = np.linalg.solve(2 * X.T @ X / len(X) + D, 2 * X.T @ y / len(X))
    expected = ((X @ w - y) ** 2).mean() + l2 / 2 * (w[:4] ** 2).sum()
    found = minimise(objective, start, X, y)
    assert found.converged
    assert found.value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(found.weights, w, rtol=1e-10)


@pytest.mark.parametrize("most", [1500, 1])
def test_more_columns_than_rows_need_few_steps(most, monkeypatch):
    # Some weights fit every row, so that f* is 0: rounding errors of the scores are all that is
    # left, and no step can lower them.
    steps = []
    solve = minimum._newton_step

    def counted(*args):
        steps.append(1)
        return solve(*args)

    monkeypatch.setattr(minimum, "_newton_step", counted)
    monkeypatch.setattr(minimum, "MOST_PARAMETERS", most)
    objective, X, y, start = problem("linear", {}, 0, 0.0, rows=300, features=400)
    found = minimise(objective, start, X, 1e3 * y)
    assert found.converged
    assert found.value < 1e-20
    assert len(steps) <= 5


def test_steps_far_from_the_minimum_are_not_exact(monkeypatch):
    # With a residual of 1e-10 of the gradient in each step, there are 660 products.
    products = []
    multiply = minimum.hessian_product

    def counted(*args):
        products.append(1)
        return multiply(*args)

    monkeypatch.setattr(minimum, "hessian_product", counted)
    config = {"dataset": "breast-cancer", "model": {"name": "logistic", "l2": 1e-4}}
    given = analysed(resolve(config))
    exact = minimise(given.objective, given.start, given.X, given.y)
    assert not products
    monkeypatch.setattr(minimum, "MOST_PARAMETERS", 1)
    found = minimise(given.objective, given.start, given.X, given.y)
    assert found.converged
    assert found.value == pytest.approx(exact.value, rel=1e-14)
    assert 0 < len(products) < 250


def test_the_nearest_of_many_minima():
    # x₁ = x₂ in every row: w₁ + w₂ = 2 is optimal, and (2, 0) is nearest to the start (1, −1).
    model = MODELS["linear"].function(2, 0, bias=False)
    X = np.array([[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0]])
    found = minimise(Objective(model), np.array([1.0, -1.0]), X, 2 * X[:, 0])
    assert found.value == pytest.approx(0, abs=1e-20)
    np.testing.assert_allclose(found.weights, [2.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("name", ["logistic", "softmax"])
def test_separable_classes_have_no_minimum(name):
    model = MODELS[name].function(1, 2)
    X = model.design(np.array([[-2.0], [-1.0], [1.0], [3.0]]))
    y = model.encode(np.array([0, 0, 1, 1]))
    found = minimise(Objective(model), np.zeros(model.layout.size), X, y)
    assert (found.value, found.weights) == (0.0, None)
    # The penalty bounds the weights, so that there is a minimum above 0.
    assert minimise(Objective(model, 0.1), np.zeros(model.layout.size), X, y).value > 0


def test_the_median_and_a_quantile():
    # Without features the weight is the bias, and the minimum is at the τ-quantile of the targets:
    # of 1, 2, 4, 8, 100 it is 4 for τ = ½, with the errors 3, 2, 0, 4, 96; and 100 for τ = 0.9,
    # with the errors 99, 98, 96, 92 below it, each times 0.1.
    X, y = np.ones((5, 1)), np.array([8.0, 1.0, 100.0, 2.0, 4.0])
    for options, place, value in (
        ({"loss": "mae"}, 4.0, (3 + 2 + 4 + 96) / 5),
        ({"loss": "pinball", "tau": 0.9}, 100.0, 0.1 * (99 + 98 + 96 + 92) / 5),
    ):
        model = MODELS["linear"].function(1, 0, bias=False, **options)
        found = minimise(Objective(model), np.zeros(1), X, y)
        assert found.converged
        assert found.value == pytest.approx(value, rel=1e-12)
        assert found.weights == pytest.approx([place], rel=1e-9)


def test_a_penalised_kink_by_hand():
    # f(w) = |w − 3| + ½ l2 w²: for w < 3 the slope is −1 + l2 w, so w* = min(3, 1/l2).
    model = MODELS["linear"].function(1, 0, bias=False, loss="mae")
    X, y = np.ones((1, 1)), np.array([3.0])
    for l2, place, value in ((0.5, 2.0, 1 + 0.25 * 4), (0.1, 3.0, 0.05 * 9)):
        found = minimise(Objective(model, l2), np.zeros(1), X, y)
        assert found.weights == pytest.approx([place], rel=1e-6)
        assert found.value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("svm", {}, 3),
        ("linear", {"loss": "mae"}, 0),
        ("linear", {"loss": "pinball", "tau": 0.2}, 0),
    ],
)
def test_no_weights_are_better_than_a_minimum_with_kinks(name, options, classes, l2):
    # A convex function with no lower value in any direction nearby is at its minimum.
    objective, X, y, start = problem(name, options, classes, l2)
    found = minimise(objective, start, X, y)
    assert found.converged
    assert found.error < 1e-9 * found.value
    rng = np.random.default_rng(1)
    for size in (1e-6, 1e-3, 1.0):
        others = found.weights + size * rng.normal(size=(200, len(start)))
        values, _ = objective.value_and_gradient(others, X, y)
        assert values.min() >= found.value * (1 - 1e-12)


def test_the_units_of_features_do_not_matter():
    # Weights can undo every scale of a column, and a column of zeros changes nothing.
    objective, X, y, start = problem("linear", {"loss": "mae"}, 0, 0.0)
    expected = minimise(objective, start, X, y).value
    scaled = X * [1e8, 1e-8, 1.0, 1e3, 1.0]
    assert minimise(objective, start, scaled, y).value == pytest.approx(expected, rel=1e-9)
    X[:, :4] = 0
    found = minimise(objective, start, X, y)
    assert found.converged
    assert found.value == pytest.approx(np.abs(y - np.median(y)).mean(), rel=1e-9)


def test_separable_classes_have_a_hinge_of_0():
    X, y = np.array([[-2.0], [-1.0], [1.0], [3.0]]), np.array([0, 0, 1, 1])
    model = MODELS["svm"].function(1, 2)
    found = minimise(Objective(model), np.zeros(4), model.design(X), model.encode(y))
    assert found.converged
    assert found.value == pytest.approx(0, abs=1e-12)


def test_a_kink_of_an_unknown_form_is_not_minimised(monkeypatch):
    objective, X, y, start = problem("linear", {"loss": "mae"}, 0, 0.1)
    other = replace(objective.model, loss=replace(objective.model.loss, slopes=None))
    assert minimise(Objective(other, 0.1), start, X, y) is None
    monkeypatch.setattr(kinked_minimum, "MOST_NUMBERS", 100)
    assert minimise(objective, start, X, y) is None


@pytest.mark.parametrize("most", [1500, 1])
@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("linear", {"loss": "huber", "delta": 0.7}, 0),
        ("logistic", {}, 2),
        ("softmax", {}, 3),
        ("svm", {"loss": "squared_hinge"}, 3),
    ],
)
def test_the_gradient_vanishes_at_the_minimum(name, options, classes, most, monkeypatch):
    # A convex function is minimal where its gradient is 0. most = 1: by conjugate gradients.
    monkeypatch.setattr(minimum, "MOST_PARAMETERS", most)
    objective, X, y, start = problem(name, options, classes, 0.01)
    found = minimise(objective, start, X, y)
    value, gradient = objective.value_and_gradient(found.weights[None], X, y)
    assert found.converged
    assert found.value == pytest.approx(value[0], rel=1e-15)
    assert np.abs(gradient).max() < 1e-9
