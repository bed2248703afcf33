"""Hessians of every model, against central differences of the gradient and closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.curvature import (
    dense_hessian,
    differenced_function,
    extreme_curvatures,
    gradient_and_product,
    hessian_product,
)
from gdrun.problems.lanczos import extreme_eigenvalues
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective
from gdrun.problems.surfaces import SURFACES

ROWS, FEATURES = 20, 3

LINEAR = {
    "mse": ("linear", {}, 0),
    "huber": ("linear", {"loss": "huber"}, 0),
    "logistic": ("logistic", {}, 2),
    "softmax": ("softmax", {}, 4),
    "squared_hinge": ("svm", {"loss": "squared_hinge"}, 4),
    "hinge": ("svm", {}, 3),
    "no bias": ("softmax", {"bias": False}, 3),
}


def problem(name, options, classes, seed=0):
    """Objective, examples and random weights (P,)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, FEATURES))
    y = rng.integers(classes, size=ROWS) if classes else rng.normal(size=ROWS)
    model = MODELS[name].function(FEATURES, classes, **options)
    w = 0.5 * rng.normal(size=model.layout.size)
    return Objective(model, 0.1), model.design(X), model.encode(y), w


def by_differences(objective, X, y, w, h=1e-5):
    """The Hessian (P, P) from central differences of the exact gradient."""

    def gradient(at):
        return objective.value_and_gradient(at[None], X, y)[1][0]

    steps = np.eye(len(w)) * h
    return np.array([(gradient(w + step) - gradient(w - step)) / (2 * h) for step in steps])


@pytest.mark.parametrize("case", LINEAR)
def test_the_whole_hessian_of_a_linear_model(case):
    objective, X, y, w = problem(*LINEAR[case])
    expected = by_differences(objective, X, y, w)
    np.testing.assert_allclose(dense_hessian(objective, w, X, y), expected, atol=1e-7)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("loss", [*(name for name in LOSSES if not LOSSES[name].margin)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_products_for_every_network(activation, loss, batch_norm, residual):
    if LOSSES[loss].targets == "sign":
        loss = "mse"  # a network has no loss of signs; its two classes are two scores
    options = {"activation": activation, "loss": loss, "hidden": (4, 3, 3)}
    classes = 3 if LOSSES[loss].targets == "code" else 0
    objective, X, y, w = problem(
        "mlp", {**options, "batch_norm": batch_norm, "residual": residual}, classes
    )
    direction = np.random.default_rng(1).normal(size=len(w))

    def gradient(at):
        return objective.value_and_gradient(at[None], X, y)[1][0]

    h = 1e-6
    expected = (gradient(w + h * direction) - gradient(w - h * direction)) / (2 * h)
    slope, found = gradient_and_product(objective, w, X, y, direction)
    np.testing.assert_allclose(slope, gradient(w), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces(name):
    model = SURFACES[name].model(**{n: o.default for n, o in SURFACES[name].options.items()})
    objective, X, y = Objective(model), np.zeros((2, 2)), np.zeros(2)
    w = np.array(SURFACES[name].start) + 0.1
    found = np.array([hessian_product(objective, w, X, y, v) for v in np.eye(2)])
    np.testing.assert_allclose(found, by_differences(objective, X, y, w), rtol=1e-6, atol=1e-7)


def test_the_bowl_by_hand():
    # f = ½ (x² + 7 y²) has the Hessian diag(1, 7) everywhere.
    objective = Objective(SURFACES["bowl"].model(condition=7.0))
    w, X, y = np.array([0.3, -2.0]), np.zeros((1, 2)), np.zeros(1)
    assert hessian_product(objective, w, X, y, np.array([2.0, 3.0])).tolist() == [2.0, 21.0]


def test_a_hessian_is_symmetric():
    objective, X, y, w = problem("mlp", {"activation": "tanh", "hidden": (5,)}, 3)
    u, v = np.random.default_rng(2).normal(size=(2, len(w)))
    left = u @ hessian_product(objective, w, X, y, v)
    assert left == pytest.approx(v @ hessian_product(objective, w, X, y, u), rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_extreme_curvatures_of_a_network(activation):
    objective, X, y, w = problem("mlp", {"activation": activation, "hidden": (6, 4)}, 3)
    expected = np.linalg.eigvalsh(by_differences(objective, X, y, w))
    found = extreme_curvatures(objective, w, X, y, tolerance=1e-8)
    assert found.largest == pytest.approx(expected[-1], rel=1e-6)
    assert found.smallest == pytest.approx(expected[0], rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_lanczos_finds_the_extremes_within_its_error(seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(120, 120))
    A = A + A.T
    values = np.linalg.eigvalsh(A)
    found = extreme_eigenvalues(lambda v: A @ v, 120, tolerance=1e-6)
    assert abs(found.largest - values[-1]) <= found.largest_error + 1e-9
    assert abs(found.smallest - values[0]) <= found.smallest_error + 1e-9
    assert found.products < 120


def test_lanczos_of_a_multiple_of_the_identity_needs_one_product():
    found = extreme_eigenvalues(lambda v: 3.0 * v, 50)
    assert found.products == 1
    assert (found.smallest, found.largest) == pytest.approx((3.0, 3.0))


def test_a_function_without_a_known_derivative_is_differenced():
    """The Hessian is that of the exact code, up to the error of a central difference."""

    def with_nan_to_num(function):
        def equation(scores, y):
            values, slopes = function(scores, y)
            return values, np.nan_to_num(slopes)

        return equation

    for case in ("logistic", "softmax"):
        objective, X, y, w = problem(*LINEAR[case])
        exact = dense_hessian(objective, w, X, y)
        assert differenced_function(objective, w, X, y) is None
        loss = replace(
            objective.model.loss, function=with_nan_to_num(objective.model.loss.function)
        )
        model = replace(objective.model, loss=loss)
        other = Objective(model, 0.1)
        assert differenced_function(other, w, X, y) == "nan_to_num"
        np.testing.assert_allclose(dense_hessian(other, w, X, y), exact, rtol=1e-8, atol=1e-10)
        v = np.linspace(-1, 2, len(w))
        gradient, product = gradient_and_product(other, w, X, y, v)
        expected = objective.value_and_gradient(w[None], X, y)[1][0]
        np.testing.assert_array_equal(gradient, expected)
        np.testing.assert_allclose(product, exact @ v, rtol=1e-8, atol=1e-10)
        assert not hessian_product(other, w, X, y, 0 * v).any()
