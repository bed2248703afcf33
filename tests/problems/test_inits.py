"""Initial weights have the moments of their definitions, and a stream for each layer."""

from math import sqrt

import numpy as np
import pytest

from gdrun.problems.inits import INITS, initial_row
from gdrun.problems.layout import Layer, ParameterLayout

STD = 0.03
INPUTS, OUTPUTS = 150, 250

DEFINITIONS = {
    "normal": ("normal", STD**2),
    "xavier": ("uniform", 2 / (INPUTS + OUTPUTS)),
    "xavier_normal": ("normal", 2 / (INPUTS + OUTPUTS)),
    "he": ("normal", 2 / INPUTS),
    "he_uniform": ("uniform", 2 / INPUTS),
    "lecun": ("normal", 1 / INPUTS),
    "lecun_uniform": ("uniform", 1 / INPUTS),
}
"""The distribution and variance of each, from the papers."""

KURTOSIS = {"normal": 3.0, "uniform": 9 / 5}
every_init = pytest.mark.parametrize("name", INITS)


def init_of(name):
    return INITS[name].with_options({"init_std": STD})


def drawn(name, seed=0, inputs=INPUTS, outputs=OUTPUTS):
    layout = ParameterLayout((Layer(inputs, outputs),))
    return layout.named(initial_row(layout, init_of(name), seed))["w"]


def test_every_init_is_defined_here():
    assert set(DEFINITIONS) | {"zeros", "orthogonal"} == set(INITS)


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("seed", range(3))
def test_mean_and_variance(name, seed):
    kind, variance = DEFINITIONS[name]
    w = drawn(name, seed)
    n = w.size
    # The mean of n draws has standard deviation σ/√n, and the mean of their squares
    # σ² √((κ − 1)/n), where κ is the kurtosis; five of each.
    assert abs(w.mean()) < 5 * sqrt(variance / n)
    assert abs((w**2).mean() - variance) < 5 * variance * sqrt((KURTOSIS[kind] - 1) / n)
    # The fourth power tells the two shapes apart: 9/5 or 3, with standard deviation below
    # √(105/n) = 0.053 for n = 37,500 normal draws.
    assert (w**4).mean() / variance**2 == pytest.approx(KURTOSIS[kind], abs=0.3)


@pytest.mark.parametrize(
    "name", [name for name in DEFINITIONS if DEFINITIONS[name][0] == "uniform"]
)
def test_uniform_weights_fill_their_interval(name):
    # U(−a, a) has variance a²/3. The largest of 37,500 is below 0.999 a with probability
    # 0.999^37500 = 5e-17.
    limit = sqrt(3 * DEFINITIONS[name][1])
    w = drawn(name)
    assert 0.999 * limit < w.max() < limit
    assert -limit < w.min() < -0.999 * limit


def test_the_glorot_limit_in_numbers():
    """fan_in 2, fan_out 4: a = √(6/6) = 1; and he, fan_in 2: σ² = 1."""
    layers = [drawn("xavier", seed, 2, 4) for seed in range(500)]
    assert 0.99 < np.abs(layers).max() < 1
    # 4000 draws: √(2/4000) = 0.022 is the standard deviation of their mean square.
    squares = np.square([drawn("he", seed, 2, 4) for seed in range(500)])
    assert squares.mean() == pytest.approx(1, abs=0.11)


@pytest.mark.parametrize(("inputs", "outputs"), [(6, 4), (4, 6), (5, 5), (7, 1), (1, 7)])
@pytest.mark.parametrize("seed", range(3))
def test_orthogonal_rows_or_columns(inputs, outputs, seed):
    q = drawn("orthogonal", seed, inputs, outputs)
    gram = q @ q.T if inputs <= outputs else q.T @ q
    assert gram == pytest.approx(np.eye(min(inputs, outputs)), abs=1e-14)


def test_orthogonal_matrices_are_drawn_uniformly():
    # For Haar measure on O(3) the trace has mean 0 and variance 1: the mean of 900 traces is
    # within 5/√900 = 0.17. QR alone, without the signs of R, is far from it.
    traces = [np.trace(drawn("orthogonal", seed, 3, 3)) for seed in range(900)]
    assert abs(np.mean(traces)) < 0.17
    assert np.var(traces) == pytest.approx(1, abs=0.3)


def test_zeros():
    assert not drawn("zeros").any()


@every_init
def test_biases_start_at_zero(name):
    layout = ParameterLayout((Layer(4, 3, prefix="layer1."), Layer(3, 2, prefix="layer2.")))
    named = layout.named(initial_row(layout, init_of(name), 3))
    assert not named["layer1.b"].any()
    assert not named["layer2.b"].any()


@pytest.mark.parametrize("name", [name for name in INITS if name != "zeros"])
def test_seeds_and_layers_have_streams_of_their_own(name):
    same = Layer(3, 3)
    one, two = ParameterLayout((same,)), ParameterLayout((same, same))
    row = initial_row(two, init_of(name), 8)
    np.testing.assert_array_equal(row, initial_row(two, init_of(name), 8))
    assert (two.matrix(row, 0)[:, :3] != two.matrix(row, 1)[:, :3]).all()
    # A second layer leaves the first as it was.
    np.testing.assert_array_equal(initial_row(one, init_of(name), 8), row[: one.size])
    other = initial_row(two, init_of(name), 9)
    assert (two.matrix(row, 0)[:, :3] != two.matrix(other, 0)[:, :3]).all()


def test_a_model_without_bias_starts_with_the_same_weights():
    with_bias, without = (ParameterLayout((Layer(4, 3, bias=bias),)) for bias in (True, False))
    np.testing.assert_array_equal(
        with_bias.named(initial_row(with_bias, INITS["he"], 1))["w"],
        without.named(initial_row(without, INITS["he"], 1))["w"],
    )
