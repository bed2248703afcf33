"""The tiled products of networks against NumPy's: any shape, either precision, nothing beside."""

import itertools

import numpy as np
import pytest
from compiled_cases import network_cohort
from numba import njit

from gdrun.engine.compiled.kernels import kernels
from gdrun.engine.compiled.network_kernels import network_text

# Below a tile, one tile, its multiples and their neighbours, and beyond each block.
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 33, 48, 50, 64, 65, 130)
LONG = (1023, 1024, 1025, 1500)
SHAPES = [
    *itertools.product((1, 5, 6, 13), SIZES, (1, 7, 8, 16, 50)),
    *itertools.product((1, 4, 11), (3, 64, 97), LONG),
    *itertools.product((1, 4, 11), LONG, (3, 49)),
    *itertools.product(LONG[1:3], (2, 65), (3, 34)),
]
CANARY = 7.25


@pytest.fixture(
    scope="module",
    params=[("float32", 32), ("float32", 64), ("float64", 32), ("float64", 64)],
    ids=lambda param: f"{param[0]}-{param[1]} bytes",
)
def products(request):
    """The two functions, and the type of their numbers: for either length of a register.

    A processor without registers so long takes each number of bytes in parts.
    """
    dtype, vector = request.param
    text = network_text(network_cohort(dtype=dtype))
    own = next(line for line in text.splitlines() if line.startswith("VECTOR = "))
    module = kernels(text.replace(own, f"VECTOR = {vector}"))
    rows, weighted = module.row_products, module.weighted_rows
    return (
        njit(lambda A, B, C: rows(A, B, C), error_model="numpy"),
        njit(lambda P, Q, C, more: weighted(P[:, :], Q, C, more), error_model="numpy"),
        np.dtype(dtype),
    )


def fenced(rows, columns, dtype, content):
    """A matrix inside a longer array, and that array."""
    fence = np.full(rows * columns + 64, CANARY, dtype)
    inside = fence[32:-32].reshape(rows, columns)
    inside[...] = content
    return inside, fence


def check(C, fence, expected, terms, dtype):
    """Each entry, to the rounding of so many terms of size one; and the fence stands.

    Of n terms a sum on the way is about √n, and so many roundings of it add up to √n of them.
    """
    np.testing.assert_allclose(C, expected, rtol=0, atol=(terms + 8) * np.finfo(dtype).eps)
    assert (fence[:32] == CANARY).all()
    assert (fence[-32:] == CANARY).all()


@pytest.mark.slow
def test_row_products(products):
    row_products, _, dtype = products
    draw = np.random.default_rng(1)
    for n, K, m in SHAPES:
        A, B = (draw.uniform(-1, 1, (size, K)).astype(dtype) for size in (n, m))
        C, fence = fenced(m, n, dtype, np.nan)
        row_products(A, B, C.T)
        check(C, fence, B.astype(float) @ A.T.astype(float), K, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("more", [False, True])
def test_weighted_rows(products, more):
    _, weighted_rows, dtype = products
    draw = np.random.default_rng(2)
    for m, n, k in SHAPES:
        P = draw.uniform(-1, 1, (m, n)).astype(dtype)
        Q = draw.uniform(-1, 1, (n, k + k % 2)).astype(dtype)  # an even k leaves out no column
        C, fence = fenced(m, k, dtype, 1 if more else np.nan)
        weighted_rows(P, Q, C, more)
        check(C, fence, P.astype(float) @ Q[:, :k].astype(float) + more, n + 1, dtype)


@pytest.mark.slow
def test_weighted_rows_turned(products):
    # The same, with the weights of a row one below the other in memory.
    _, weighted_rows, dtype = products
    draw = np.random.default_rng(3)
    for m, n, k in SHAPES[::3]:
        P = draw.uniform(-1, 1, (n, m + 1)).astype(dtype)[:, :m].T
        Q = draw.uniform(-1, 1, (n, k)).astype(dtype)
        C, fence = fenced(m, k, dtype, np.nan)
        weighted_rows(P, Q, C, False)
        check(C, fence, P.astype(float) @ Q.astype(float), n, dtype)
