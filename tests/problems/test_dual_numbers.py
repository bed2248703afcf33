"""Directional derivatives by dual arrays, against derivatives in closed form."""

import numpy as np
import pytest

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.derivative_rules import COMPARISONS, RULES
from gdrun.problems.dual_numbers import DualArray, NoDerivativeError
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
    "variable exponent": (lambda x: x**x, lambda x: (np.log(x) + 1) * x**x),
    "exponent": (lambda x: 2.0**x, lambda x: np.log(2) * 2**x),
    "power of a negative number": (lambda x: (-x) ** 3, lambda x: -3 * x**2),
    "exponent 0": (lambda x: (x - 1.2) ** 0 + x, lambda x: 1 + 0 * x),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "arctan": (np.arctan, lambda x: 1 / (1 + x**2)),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "square": (np.square, lambda x: 2 * x),
    "reciprocal": (np.reciprocal, lambda x: -(x**-2)),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + np.exp(-x))),
    "hypot": (lambda x: np.hypot(x, 2 * x), lambda x: np.sqrt(5) + 0 * x),
    "angle": (lambda x: np.arctan2(x, 2), lambda x: 2 / (4 + x**2)),
    "clip": (lambda x: np.clip(x, 1, 2) * 3, lambda x: np.where((x > 1) & (x < 2), 3, 0)),
    "clip by names": (lambda x: np.clip(x, a_min=1, a_max=2), lambda x: (x > 1) & (x < 2)),
    "clip from above": (lambda x: np.clip(x, None, 2) * x, lambda x: np.where(x < 2, 2 * x, 2)),
    "clip from below": (lambda x: np.clip(x, 1, None) * x, lambda x: np.where(x > 1, 2 * x, 1)),
    "sum by position": (lambda x: (x * x).sum(0) + 0 * x, lambda x: np.sum(2 * x) + 0 * x),
    "largest": (lambda x: np.max(x * x, 0) + 0 * x, lambda x: 5 + 0 * x),
    "number as condition": (lambda x: np.where(x, x * x, 5), lambda x: 2 * x),
    "mean": (lambda x: np.mean(x * x) + 0 * x, lambda x: np.mean(2 * x) + 0 * x),
    "remainder": (lambda x: 5 % x, lambda x: -(5 // x)),
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
    # sign(x) log(1 + |x|) has the slope 1 / (1 + |x|), which is 1 at 0.
    x = DualArray(zero, one)
    assert np.copysign(np.log1p(np.abs(x)), x).tangent[0] == 1.0


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


# Points of the domain of a function, where it is not all numbers; none is at a kink or a jump.
POINTS = np.array([-2.3, -0.8, -0.4, 0.4, 0.7, 2.6])
DOMAINS = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10", "log1p"), np.abs(POINTS)),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), POINTS / 3),
    **dict.fromkeys(("power", "float_power"), np.abs(POINTS)),
    "arccosh": 1 + np.abs(POINTS),
}
MATRICES = ("matmul", "vecdot")


@pytest.mark.parametrize("name", sorted({rule.__name__ for rule in RULES} - set(MATRICES)))
def test_the_rule_of_every_function_against_central_differences(name):
    function = getattr(np, name)
    x = DOMAINS.get(name, POINTS)
    values, h = [x, 1.1 * np.roll(x, 1)][: function.nin], 1e-6
    tangents = np.linspace(-1, 2, function.nin * len(x)).reshape(function.nin, -1)
    # All arguments change, then each one alone, while the others are constants.
    for changes in (range(function.nin), *([k] for k in range(function.nin))):
        duals, after, before = list(values), list(values), list(values)
        for k in changes:
            duals[k] = DualArray(values[k], tangents[k])
            after[k], before[k] = values[k] + h * tangents[k], values[k] - h * tangents[k]
        found, slope = function(*duals), (function(*after) - function(*before)) / (2 * h)
        np.testing.assert_array_equal(found.value, function(*values))
        np.testing.assert_allclose(found.tangent, slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("function", sorted(COMPARISONS, key=str))
def test_a_comparison_is_that_of_the_values(function):
    x = np.array([-1.0, 0.0, np.nan, np.inf, 2.0])
    others = [np.ones(5)] * (function.nin - 1)
    found = function(DualArray(x, x), *others)
    np.testing.assert_array_equal(found, function(x, *others))


def test_at_the_origin_a_length_and_a_power_have_a_slope():
    zero, one = np.zeros(2), np.ones(2)
    assert np.hypot(DualArray(zero, one), zero).tangent.tolist() == [0, 0]
    assert (DualArray(zero, one) ** np.array([0.0, 2.0])).tangent.tolist() == [0, 0]
    assert (DualArray(zero, one) ** DualArray(2 * one, one)).tangent.tolist() == [0, 0]
    # 0ˣ is 0 for every x > 0, also where 0ˣ⁻¹ is infinite.
    assert (0.0 ** DualArray(np.array([0.5, 2.0]), one)).tangent.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (np.sort, "sort"),
        (np.modf, "modf"),
        (np.add.reduce, "add.reduce"),
        (lambda x: np.sum(x, dtype=np.float32), "sum"),
        (lambda x: x.mean(where=x > 1), "mean"),
        (lambda x: x.sum(initial=1), "sum"),
        (lambda x: x.max(), "max"),
        (lambda x: np.sum(x, out=np.zeros(())), "writing into an array"),
        (np.asarray, "asarray"),
        (lambda x: np.array([x, x]), "asarray"),
        (lambda x: x.cumsum(), "ndarray.cumsum"),
        (lambda x: np.add(x, x, out=np.zeros(3)), "writing into an array"),
        (lambda x: float(x[0]), "float"),
    ],
)
def test_a_function_without_a_rule_is_named(use, name):
    with pytest.raises(NoDerivativeError) as caught:
        use(DualArray(X, X))
    assert caught.value.function.startswith(name)
