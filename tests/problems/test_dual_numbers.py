"""Directional derivatives by dual arrays, against derivatives in closed form."""

import numpy as np
import pytest

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.dual_numbers import DualArray
from gdrun.problems.losses import LOSSES

X = np.array([0.3, 1.2, 2.5])

# Each function with its derivative, as in any table of derivatives.
CASES = {
    "sum": (lambda x: 3 + x + x, lambda x: 2 + 0 * x),
    "difference": (lambda x: 1 - x, lambda x: -1 + 0 * x),
    "product": (lambda x: x * x * 2, lambda x: 4 * x),
    "quotient": (lambda x: 1 / x, lambda x: -1 / x**2),
    "power": (lambda x: x**3, lambda x: 3 * x**2),
    "exp": (np.exp, np.exp),
    "expm1": (np.expm1, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "absolute": (lambda x: np.absolute(-x), lambda x: 1 + 0 * x),
    "maximum": (lambda x: np.maximum(x, 1) * x, lambda x: np.where(x > 1, 2 * x, 1)),
    "minimum": (lambda x: np.minimum(x, 1) * x, lambda x: np.where(x < 1, 2 * x, 1)),
    "where": (lambda x: np.where(x > 1, x * x, 5), lambda x: np.where(x > 1, 2 * x, 0)),
    "stack": (lambda x: np.stack([x, x * x]).sum(axis=0), lambda x: 1 + 2 * x),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    function, derivative = CASES[name]
    found = function(DualArray(X, np.full(3, 2.0)))
    np.testing.assert_allclose(found.value, function(X), rtol=1e-15)
    np.testing.assert_allclose(found.tangent, 2 * derivative(X), rtol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_of_every_activation_is_the_derivative_of_its_value(name):
    z = np.array([-3.0, -1.1, -0.2, 0.4, 1.7, 5.0])
    value, slope = ACTIVATIONS[name].bound(DualArray(z, np.ones(6)))
    written = slope.value if isinstance(slope, DualArray) else slope
    np.testing.assert_allclose(value.tangent, written, rtol=1e-12, atol=1e-15)


def test_smooth_equations_that_are_written_with_absolute_values():
    # σ'(0) = ¼ and log(1 + e⁻ˢ)'' = ¼ at s = 0, where |z| and min(m, 0) have their kinks; the
    # derivative of σ' is 0 there by symmetry.
    zero, one = np.zeros(1), np.ones(1)
    value, slope = ACTIVATIONS["sigmoid"].bound(DualArray(zero, one))
    assert (value.tangent[0], slope.tangent[0]) == (0.25, 0.0)
    for y in (-1.0, 1.0):
        _, slope = LOSSES["logistic"].bound(DualArray(zero[None], one[None]), np.array([y]))
        assert slope.tangent[0, 0] == 0.25


def test_writing_into_an_array_changes_value_and_tangent():
    # d/dx of (x²)·x at 2 in the direction 1 is 3x² = 12.
    x = DualArray(np.array([2.0]), np.array([1.0]))
    square = x * x
    view = square[:1]
    view *= x
    assert (square.value[0], square.tangent[0]) == (8.0, 12.0)


def test_a_product_of_matrices():
    # The derivative of A(x) B is A' B, whichever factor is the constant one.
    rng = np.random.default_rng(0)
    A, slope, B = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    dual = DualArray(A, slope)
    np.testing.assert_allclose((dual @ B).tangent, slope @ B)
    np.testing.assert_allclose((B @ dual).tangent, B @ slope)
    np.testing.assert_allclose((dual @ dual.swapaxes(0, 1)).tangent, slope @ A.T + A @ slope.T)


def test_an_unknown_function_is_refused():
    with pytest.raises(TypeError):
        np.arctan(DualArray(X, X))
    with pytest.raises(TypeError):
        np.sort(DualArray(X, X))
