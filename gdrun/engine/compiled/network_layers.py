"""A network forward and back, as plain Python: a text like `loops`, its products in `products`.

Layer k of a lane's row w (P,) is a matrix (outputs, inputs + 1), its bias last. What enters the
first is A (threads, n, …), rows with a one behind them and then something that is not read, so that
each begins with a line of the cache; what leaves a hidden layer is (n, units + 1), with ones in its
last column, so that every product takes the bias along. Inside a layer, z and the slopes of the
loss in z are (units, n). A shape is three arrays: widths (K + 1,) of the input, the hidden layers
and the output; places (K + 1,), where the layers begin in the row and the last ends; heights (K,),
the columns of all that leaves the hidden layers before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[Array, Array, Array]

if TYPE_CHECKING:
    from gdrun.engine.compiled.products import row_products, weighted_rows
    from gdrun.engine.compiled.sums import losses

    def activation(z: Any, extra: Array) -> tuple[Any, Any]:
        """Value and slope of one unit."""

    def part(array: Array, first: int, rows: int, columns: int) -> Array:
        """The intrinsic of `tiles`."""


def share(count: int, thread: int, threads: int) -> tuple[int, int]:
    """The first of so many things that is a thread's own, and the first that is not."""
    return count * thread // threads, count * (thread + 1) // threads


def turn(A: Array, columns: Array) -> None:
    """The first columns of A (n, …) become rows, of which a line or two is written at a time."""
    for i in range(0, len(A), 16):
        for j in range(len(columns)):
            for row in range(i, min(i + 16, len(A))):
                columns[j, row] = A[row, j]


def activate(z: Array, H: Array, turned: Array, extra: Array) -> None:
    """What leaves the units goes to H (n, units + 1), their slopes to the place of z (units, n).

    turned (units + 1, n) takes H once more, examples last. The bias of the next layer finds ones.
    """
    units, rows = z.shape
    for i in range(units):
        for j in range(rows):
            value, slope = activation(z[i, j], extra)
            turned[i, j] = value
            z[i, j] = slope
    for j in range(rows):
        turned[units, j] = 1
    turn(turned, H)


def parameters_of(units: tuple[int, int], shape: Shape, k: int) -> tuple[int, int]:
    """The first parameter of some units of layer k in a lane's row, and the first behind them."""
    widths, places, _ = shape
    return places[k] + units[0] * (widths[k] + 1), places[k] + units[1] * (widths[k] + 1)


def matrix(w: Array, shape: Shape, k: int) -> Array:
    """The matrix of layer k in a lane's row of parameters."""
    widths, places, _ = shape
    return part(w, places[k], widths[k + 1], widths[k] + 1)


def entered(left: Array, shape: Shape, k: int, n: int) -> Array:
    """What entered layer k, not the first, in a lane's room for all that leaves them."""
    widths, _, heights = shape
    return part(left, heights[k - 1] * n, n, widths[k] + 1)


def inside(slopes: Array, shape: Shape, k: int, n: int) -> Array:
    """What is inside layer k: z at first, then φ′(z), then the loss's slopes in z."""
    widths, _, heights = shape
    return part(slopes, (heights[k] - k) * n, widths[k + 1], n)


def enter(
    A: Array,
    slopes: Array,
    w: Array,
    shape: Shape,
    units: tuple[int, int],
    count: int,
    turned: Array,
) -> None:
    """z of the first layer, for some of its units and all rows of a batch of so many.

    A (threads, n, …): the rows as the threads read them. slopes (threads, …) takes z, each thread's
    rows at their place.
    """
    widths = shape[0]
    first, last = units
    more = count == 0  # False but no constant, for which a function would be compiled anew
    for thread in range(len(A)):
        low, high = share(count, thread, len(A))
        n = high - low
        if n == 0:
            continue
        z = inside(slopes[thread], shape, 0, n)[first:last]
        if widths[0] > widths[1]:
            row_products(A[thread, :n], matrix(w, shape, 0)[first:last], z.T)
        else:  # Rows are too short to go along, and soon turned.
            columns = part(turned, 0, widths[0] + 1, n)
            turn(A[thread, :n], columns)
            weighted_rows(matrix(w, shape, 0)[first:last, :], columns, z, more)


def go_through(
    y: Array,
    w: Array,
    shape: Shape,
    left: Array,
    slopes: Array,
    turned: Array,
    work: Array,
    values: Array,
    rights: Array,
    extra: Array,
) -> None:
    """On from the first layer's z and back, for one lane w (P,) and the rows of one thread.

    slopes: what is inside the layers of these rows, at first z of the first one, at last the slopes
    of the loss in every z. Σ ℓ is added to values (1,). extra: the options of the loss, then those
    of the activation.
    """
    widths = shape[0]
    n, depth = len(y), len(widths) - 2
    # True and twice False, but no constants, for each of which a function would be compiled anew.
    gradient, judge, more = n > 0, n == 0, n == 0
    for k in range(1, depth + 1):
        h = part(turned, 0, widths[k] + 1, n)
        activate(inside(slopes, shape, k - 1, n), entered(left, shape, k, n), h, extra)
        weighted_rows(matrix(w, shape, k)[:, :], h, inside(slopes, shape, k, n), more)
    d = inside(slopes, shape, depth, n)
    losses(d, y, len(d), gradient, judge, values, rights, work, extra)
    for k in range(depth, 0, -1):
        back = part(turned, 0, widths[k], n)
        weighted_rows(
            matrix(w, shape, k)[:, : widths[k]].T, inside(slopes, shape, k, n), back, more
        )
        z = inside(slopes, shape, k - 1, n)
        for i in range(widths[k]):
            for j in range(n):
                z[i, j] *= back[i, j]


def sum_slopes(
    passed: tuple[Array, Array, Array],
    shape: Shape,
    k: int,
    units: tuple[int, int],
    count: int,
    G: Array,
) -> None:
    """G takes Σ δ hᵀ over a batch of so many examples, for some units of layer k of one lane.

    δ are the loss's slopes in z, h is what entered the layer, from every thread: of `passed`, which
    are A, left and slopes.
    """
    A, left, slopes = passed
    first, last = units
    threads = len(A)
    summed = 0
    for thread in range(threads):
        low, high = share(count, thread, threads)
        n = high - low
        if n > 0:
            d = inside(slopes[thread], shape, k, n)[first:last, :n]
            if k == 0:
                weighted_rows(d, A[thread, :n], G, summed > 0)
            else:
                weighted_rows(d, entered(left[thread], shape, k, n), G, summed > 0)
            summed += n
