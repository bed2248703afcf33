"""The smallest and largest eigenvalue of a symmetric matrix, from products with vectors only.

Lanczos' method builds an orthonormal basis of the space of v, H v, H² v, …, in which H is a
tridiagonal matrix. The extreme eigenvalues of that small matrix lie between those of H, and come
close to them after far fewer products than H has rows. Every new vector is made orthogonal to all
earlier ones, because rounding errors would otherwise repeat eigenvalues that were already found.

For an eigenvalue θ of the small matrix, H has an eigenvalue λ with |λ − θ| ≤ β |s|. β is the norm
of the next basis vector before it is scaled to length 1, and s the last entry of the eigenvector of
θ.

Source: Lanczos 1950; Parlett 1980, chapter 13, for the error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers

TOLERANCE = 1e-6
MOST_PRODUCTS = 200


@dataclass(frozen=True)
class Extremes:
    """The extreme eigenvalues of a symmetric matrix.

    smallest_error, largest_error: the matrix has an eigenvalue within this distance of `smallest`,
    and of `largest`. products: the number of products with a vector that were computed.
    """

    smallest: float
    largest: float
    smallest_error: float
    largest_error: float
    products: int


def extreme_eigenvalues(
    product: Callable[[Numbers], Numbers],
    size: int,
    *,
    both: bool = True,
    tolerance: float = TOLERANCE,
    most_products: int = MOST_PRODUCTS,
) -> Extremes:
    """Return the extreme eigenvalues of a symmetric matrix H (size, size).

    product: the function v → H v, from (size,) to (size,). It is called once an iteration. both:
    whether the error of the smallest eigenvalue must be small too, and not only that of the
    largest. tolerance: stop when the errors are below this share of the largest absolute
    eigenvalue. most_products: stop after this number of products.
    """
    # A fixed start, so that the same problem always gives the same digits.
    start = np.random.Generator(np.random.PCG64(0)).normal(size=size)
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        image = product(basis[-1])
        diagonal.append(float(basis[-1] @ image))
        Q = np.array(basis)
        for _ in range(2):  # once is not enough if most of the image cancels
            image = image - Q.T @ (Q @ image)
        left = float(np.linalg.norm(image))
        T = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        values, vectors = np.linalg.eigh(T)
        errors = left * np.abs(vectors[-1])
        scale = max(abs(values[0]), abs(values[-1]))
        needed = max(errors[-1], errors[0]) if both else errors[-1]
        complete = len(basis) == min(size, most_products) or left <= 1e-14 * scale
        if complete or needed <= tolerance * scale:
            ends = [float(number) for k in (0, -1) for number in (values[k], errors[k])]
            return Extremes(ends[0], ends[2], ends[1], ends[3], len(diagonal))
        beside.append(left)
        basis.append(image / left)
