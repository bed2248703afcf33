"""Every activation against its equation in plain Python, its slope and gain against numbers."""

import math

import numpy as np
import pytest
from slow_network import ALPHA, LAMBDA, VALUES

from gdrun.problems.activations import ACTIVATIONS

STEEPEST = {
    # The slopes of these are largest at 0 or above it, by their equations.
    **dict.fromkeys(("relu", "leaky_relu", "elu", "tanh", "identity"), 1.0),
    "sigmoid": 0.25,
    # λ α e^z just below zero is above the λ of the other side.
    "selu": LAMBDA * ALPHA,
}
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
Z = np.linspace(-6, 6, 240)  # an even number of points: zero, where some have a kink, is none


def test_every_activation_is_held_here_and_can_be_named():
    assert set(ACTIVATIONS) == set(VALUES)


@every_activation
def test_the_value_is_the_equation(name):
    value, _ = ACTIVATIONS[name].function(Z)
    expected = [VALUES[name](float(z)) for z in Z]
    assert value == pytest.approx(expected, rel=1e-13, abs=1e-15)


@every_activation
def test_the_slope_is_that_of_the_value(name):
    _, slope = ACTIVATIONS[name].function(Z)
    h = 1e-5
    measured = [(VALUES[name](float(z) + h) - VALUES[name](float(z) - h)) / (2 * h) for z in Z]
    # Off by h² φ‴ / 6 ≈ 1e-10 φ‴ / 6 and by ε φ / h ≈ 2e-16 · 6 / 1e-5 = 1e-10.
    assert slope == pytest.approx(measured, abs=1e-9)


@every_activation
def test_the_gain_keeps_the_second_moment(name):
    """gain² E[φ(z)²] = 1 for z ∼ N(0, 1), by the trapezoidal rule on a fine grid."""
    z = np.linspace(-12, 12, 240_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    value, _ = ACTIVATIONS[name].function(z)
    moment = np.trapezoid(value**2 * density, z)
    assert ACTIVATIONS[name].gain ** 2 * moment == pytest.approx(1, abs=1e-6)


def test_the_gains_of_the_rectifiers_in_closed_form():
    # Half of a normal variable's second moment is on either side: E[φ²] = (1 + a²) / 2.
    assert ACTIVATIONS["relu"].gain == pytest.approx(math.sqrt(2), rel=1e-15)
    assert ACTIVATIONS["leaky_relu"].gain == pytest.approx(math.sqrt(2 / 1.0001), rel=1e-15)


def test_selu_leaves_a_standard_normal_variable_standard():
    """Klambauer et al. 2017, equations 4 and 5 at their fixed point: mean 0 and variance 1."""
    z = np.linspace(-12, 12, 240_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    value, _ = ACTIVATIONS["selu"].function(z)
    assert np.trapezoid(value * density, z) == pytest.approx(0, abs=1e-7)
    assert np.trapezoid(value**2 * density, z) == pytest.approx(1, abs=1e-7)


@pytest.mark.longer
def test_gelu_is_exact_in_both_tails():
    """z Φ(z) and Φ(z) + z n(z) by the error function of the mathematics library."""
    z = np.concatenate([np.linspace(-45, 45, 9001), np.linspace(-0.01, 0.01, 201), [1e300, -1e300]])
    value, slope = ACTIVATIONS["gelu"].function(z)
    share = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in z])
    density = np.exp(-(np.clip(z, -99, 99) ** 2) / 2) / math.sqrt(2 * math.pi)
    assert value == pytest.approx(z * share, rel=1e-15, abs=1e-15)
    assert slope == pytest.approx(share + z * density, rel=1e-15, abs=1e-15)
    # e^(−x) turns an error ε x of its argument into a relative one: here x is up to 40, and the
    # library's own argument z/√2 is rounded too.
    near = np.abs(z) <= 9
    assert value[near] == pytest.approx((z * share)[near], rel=80 * 2.2e-16, abs=0)


@pytest.mark.parametrize("name", ["sigmoid", "silu"])
@pytest.mark.parametrize(("dtype", "eps"), [(np.float32, 1.2e-7), (np.float64, 2.2e-16)])
def test_the_tails_of_the_sigmoid_keep_their_digits(name, dtype, eps):
    """Where σ(z) is e^z to all digits, below −40, and where its slope is e^(−z), above 40."""
    z = np.array([-80.0, -60.0, -45.0], dtype)
    value, slope = ACTIVATIONS[name].function(z)
    factor, bend = (z, 1 + z) if name == "silu" else (1, 1)
    expected = [math.exp(x) for x in z]
    assert value == pytest.approx(factor * np.array(expected), rel=4 * eps, abs=0)
    assert slope == pytest.approx(bend * np.array(expected), rel=4 * eps, abs=0)
    if name == "sigmoid":
        assert ACTIVATIONS[name].function(-z)[1] == pytest.approx(expected, rel=4 * eps, abs=0)


def test_gelu_in_closed_form():
    """Φ(0) = ½ exactly; φ(z) − φ(−z) = z, because Φ(z) + Φ(−z) = 1."""
    gelu = ACTIVATIONS["gelu"].function
    assert gelu(np.array([0.0])) == (0.0, 0.5)
    assert gelu(Z)[0] - gelu(-Z)[0] == pytest.approx(Z, rel=1e-15)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_inputs_give_finite_values(name, dtype):
    z = np.array([-1e4, -100, -1, 0, 1, 100, 1e4], dtype=dtype)
    with np.errstate(all="raise", under="ignore"):
        value, slope = ACTIVATIONS[name].function(z)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@every_activation
def test_single_precision_stays(name):
    value, slope = ACTIVATIONS[name].function(Z.astype(np.float32))
    assert value.dtype == slope.dtype == np.float32
    wide, steep = ACTIVATIONS[name].function(Z)
    # ε = 6e-8 over a handful of operations on numbers up to 6.
    assert value == pytest.approx(wide, abs=4e-6)
    assert slope == pytest.approx(steep, abs=4e-6)


@pytest.mark.parametrize("name", STEEPEST)
def test_the_steepest_slope(name):
    assert ACTIVATIONS[name].steepest == pytest.approx(STEEPEST[name], rel=0.011)
