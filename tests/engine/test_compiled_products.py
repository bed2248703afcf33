"""The tiled products of tiles.h against NumPy's: any shape, both precisions, within bounds."""

import ctypes
import itertools

import numpy as np
import pytest

from gdrun.engine.compiled.compiler import library

pytestmark = pytest.mark.slow

UNIT = """#define REAL_BITS {bits}
#define VECTOR_BYTES {vector}
#include "mathematics.h"
#include "tiles.h"

void multiply(const real *P, int64_t down, int64_t along, int64_t m, int64_t n, const real *Q,
    int64_t across, real *C, int64_t columns, int more)
{{
    weighted_rows((Matrix) {{P, down, along}}, m, n, Q, across, C, columns, columns, more);
}}

void transposed(
    const real *from, int64_t length, int64_t rows, int64_t columns, real *to, int64_t width)
{{
    transpose(from, length, rows, columns, to, width);
}}
"""

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
    params=list(itertools.product(("float32", "float64"), (16, 32, 64))),
    ids=lambda param: f"{param[0]}-{param[1]} bytes",
)
def products(request):
    """The two functions, their type of number, and how many a vector has, for any register.

    For a processor without registers so long, the compiler splits each vector.
    """
    dtype, vector = np.dtype(request.param[0]), request.param[1]
    found = library(UNIT.format(bits=8 * dtype.itemsize, vector=vector))
    for function in (found.multiply, found.transposed):
        function.restype = None
    return found.multiply, found.transposed, dtype, vector // dtype.itemsize


def fenced(rows, columns, dtype, content):
    """A matrix inside a longer array, and that array."""
    fence = np.full(rows * columns + 64, CANARY, dtype)
    inside = fence[32:-32].reshape(rows, columns)
    inside[...] = content
    return inside, fence


def padded(matrix, vector):
    """The matrix, with rows of whole vectors, whose rest is not to be used."""
    width = -(-matrix.shape[1] // vector) * vector
    found = np.full((len(matrix), width), np.nan, matrix.dtype)
    found[:, : matrix.shape[1]] = matrix
    return found


def call(function, *given):
    function(
        *(
            ctypes.c_void_p(each.ctypes.data)
            if isinstance(each, np.ndarray)
            else ctypes.c_int64(int(each))
            for each in given
        )
    )


def check(C, fence, expected, terms, dtype):
    """Check each entry, within the rounding error of `terms` terms of size one, and the fence.

    A partial sum of n terms is about √n, and the errors of n roundings add up to about √n of one.
    """
    np.testing.assert_allclose(C, expected, rtol=0, atol=(terms + 8) * np.finfo(dtype).eps)
    assert (fence[:32] == CANARY).all()
    assert (fence[-32:] == CANARY).all()


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("transposes", [False, True])
def test_weighted_rows(products, transposes, more):
    # A layer's weights are used transposed on the way back.
    multiply, _, dtype, vector = products
    draw = np.random.default_rng(2)
    for m, n, columns in SHAPES[:: 3 if transposes else 1]:
        own = draw.uniform(-1, 1, (n, m + 1) if transposes else (m, n)).astype(dtype)
        P = own[:, :m].T if transposes else own
        Q = draw.uniform(-1, 1, (n, columns)).astype(dtype)
        C, fence = fenced(m, columns, dtype, 1 if more else np.nan)
        rows = padded(Q, vector)
        down, along = (stride // dtype.itemsize for stride in P.strides)
        call(multiply, own, down, along, m, n, rows, rows.shape[1], C, columns, more)
        check(C, fence, P.astype(float) @ Q.astype(float) + more, n + 1, dtype)


def test_transpose(products):
    _, transposed, dtype, vector = products
    draw = np.random.default_rng(3)
    sizes = itertools.product((1, 3, 4, 5, 8, 16, 30), SIZES)
    for (rows, columns), spare in itertools.product(sizes, (0, 1)):
        # The rows of the source end with a whole vector, or with their last column.
        drawn = draw.uniform(-1, 1, (rows, columns)).astype(dtype)
        source = padded(drawn, vector) if spare else drawn
        width = -(-rows // vector) * vector
        found, fence = fenced(columns, width, dtype, np.nan)
        call(transposed, source, source.shape[1], rows, columns, found, width)
        check(found[:, :rows], fence, drawn.T, 0, dtype)
