"""exp, log, log1p, expm1 and tanh of mathematics.h, compared with NumPy in extended precision."""

import numpy as np
import pytest
from c_functions import over_arrays

FUNCTIONS = ("exp", "log", "log1p", "expm1", "tanh")
LARGEST = {"float64": 700, "float32": 80}


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    return request.param


def arguments(name, dtype):
    """Numbers of every size that the function takes."""
    draw, most = np.random.default_rng(5), LARGEST[dtype]
    sizes = np.exp(draw.uniform(-40, np.log(most), 20_000))
    wide = np.exp(draw.uniform(-most, most, 20_000))
    near_one = 1 + draw.uniform(-1e-3, 1e-3, 20_000)
    found = {
        "exp": [sizes, -sizes, draw.uniform(-most, most, 20_000)],
        "expm1": [sizes, -sizes, draw.uniform(-2, 2, 20_000)],
        "tanh": [sizes, -sizes, draw.uniform(-2, 2, 20_000)],
        "log": [wide, near_one, draw.uniform(0.4, 2.5, 20_000)],
        "log1p": [sizes, wide, -sizes[sizes < 1], draw.uniform(-0.9, 2, 20_000)],
    }
    return np.concatenate(found[name]).astype(dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_exact_to_a_few_units_in_the_last_place(name, dtype):
    x = arguments(name, dtype)
    exact = getattr(np, name)(x.astype(np.longdouble))
    found = over_arrays("", f"out0 = real_{name}(in0);", 1, 1, dtype)([x])[0]
    errors = np.abs(found.astype(np.longdouble) - exact)
    units = 3 if name == "tanh" else 2
    assert (errors <= units * np.spacing(np.abs(exact.astype(dtype)))).all()


EDGES = [
    *(np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, -1.5, 5e-324, 1e-310, -1e-310, 1e-40, 3e-39),
    *(709.78, 709.79, -708.5, -744.4, -745.2, 88.72, 88.73, -87.5, -103.2, -103.9, 1e300, 1.7e308),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_keep_their_edges(name, dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
        expected = getattr(np, name)(x)
    found = over_arrays("", f"out0 = real_{name}(in0);", 1, 1, dtype)([x])[0]
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps, atol=2 * smallest)
