"""Exponential and logarithms of the compiled loops, against NumPy's in extended precision."""

import numpy as np
import pytest
from compiled_cases import cohort_of
from numba import njit

from gdrun.engine.compiled.problem import module_of

FUNCTIONS = ("exp", "log1p", "log")


def arguments(name):
    """Numbers of every size that the function takes."""
    draw = np.random.default_rng(5)
    sizes = np.exp(draw.uniform(-40, 6.5, 20_000))
    if name == "exp":
        return np.concatenate([sizes, -sizes, draw.uniform(-708, 709, 20_000)])
    if name == "log":
        return np.concatenate([np.exp(draw.uniform(-700, 700, 20_000)), 1 + 1e-3 * sizes])
    return np.concatenate([sizes, np.exp(draw.uniform(-700, 700, 20_000)), -sizes[sizes < 1]])


@pytest.fixture(scope="module", params=FUNCTIONS)
def compiled(request):
    """The function's name, and the function on arrays."""
    losses = {"log": "cross_entropy"}
    function = getattr(
        module_of(cohort_of(losses.get(request.param, "logistic"), "vanilla")), request.param
    )

    @njit(fastmath={"reassoc", "contract"}, error_model="numpy")
    def over(x):
        found = np.empty_like(x)
        for i in range(len(x)):
            found[i] = function(x[i])
        return found

    return request.param, over


@pytest.mark.slow
def test_they_are_exact_to_two_ulps(compiled):
    name, over = compiled
    x = arguments(name)
    exact = getattr(np, name)(x.astype(np.longdouble))
    errors = np.abs(over(x).astype(np.longdouble) - exact)
    assert (errors <= 2 * np.spacing(np.abs(exact.astype(np.float64)))).all()


EDGES = {
    "exp": [np.nan, np.inf, -np.inf, 0.0, -0.0, 709.78, 709.79, -708.5, -744.4, -745.2, 1e300],
    "log1p": [np.nan, np.inf, -1.0, -1.5, -np.inf, 0.0, 5e-324, 1e-310, 1e308],
    "log": [np.nan, np.inf, 0.0, -1.0, -np.inf, 1.0, 5e-324, 1e-310, 1.7e308],
}


@pytest.mark.slow
def test_they_keep_their_edges(compiled):
    name, over = compiled
    x = np.array(EDGES[name])
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x)
    np.testing.assert_allclose(over(x), expected, rtol=1e-15, atol=5e-324)
