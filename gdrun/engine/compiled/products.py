"""Products of matrices of a network's size, tile by tile, in plain Python: a text like `loops`.

A library of products is made for large matrices, and first copies both into an order of its own. A
step of a network takes products too small to earn that back. Here each factor is read where it
lies: row_products runs along the rows of both, weighted_rows along those of the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

Array = NDArray[Any]

if TYPE_CHECKING:
    from gdrun.engine.compiled.tiles import VECTOR

    dots: Any = None  # the intrinsics of `tiles`
    tile: Any = None

DOTS_ROWS, DOTS_COLUMNS = 4, 3  # entries of C at once: as many sums, in vectors, as stay registers
TILE_ROWS, TILE_VECTORS = 6, 2  # the same of vectors of C
BLOCK = 16 * DOTS_COLUMNS  # rows of B, which stay in the second cache while all of A passes
ROW_BYTES = 4096  # of a row of A or B at once, a tile's rows of which stay in the first cache
DEPTH = 64  # rows of Q at once, of which a tile reads a line each
WIDE_BYTES = 1024  # of these rows at once: they stay near while all of P passes


def row_products(A: Array, B: Array, C: Array) -> None:
    """C (n, m) = A Bᵀ for B (m, K) and A (n, L), of whose columns the first K are taken.

    The numbers of a row lie side by side in memory.
    """
    n, (m, K) = len(A), B.shape
    length = ROW_BYTES // A.itemsize
    for first in range(0, K, length):
        last, more = min(first + length, K), first > 0
        for start in range(0, m, BLOCK):
            for i in range(0, n, DOTS_ROWS):
                for j in range(start, min(start + BLOCK, m), DOTS_COLUMNS):
                    dots(A, B, C, i, j, first, last, more, DOTS_ROWS, DOTS_COLUMNS)


def weighted_rows(P: Array, Q: Array, C: Array, more: bool) -> None:
    """C (m, k) = P Q for P (m, n) and Q (n, K), of whose columns the first k are taken.

    Rows of Q and C lie side by side in memory. C keeps what it holds, and is added to, where
    `more`. P is a slice along both axes, even of a whole matrix, as then it is of one type, turned
    or not, for which this is compiled once.
    """
    n, (m, k) = P.shape[1], C.shape
    one, width = VECTOR // C.itemsize, WIDE_BYTES // C.itemsize
    several = TILE_VECTORS * one
    for first in range(0, n, DEPTH):
        last, adds = min(first + DEPTH, n), more or first > 0
        for start in range(0, k, width):
            end = min(start + width, k)
            rest = end - (end - start) % several
            for i in range(0, m, TILE_ROWS):
                for j in range(start, rest, several):
                    tile(P, Q, C, i, j, first, last, adds, TILE_ROWS, TILE_VECTORS)
                for j in range(rest, end, one):
                    tile(P, Q, C, i, j, first, last, adds, TILE_ROWS, 1)
