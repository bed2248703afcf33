"""Tiles of a matrix product, whose sums stay in the core's registers, as LLVM builds them.

A tile is a dozen vectors of the result: what sixteen registers hold beside the factors. It goes
along the dimension that is summed over, and is written down at the end. A compiler left to itself
keeps such sums in memory. These are Numba intrinsics, whose last two arguments are constants and
say how large the tile is; `products` lays a matrix out with them.

Like `loops`, this text is not run from here but written into the modules of `network_kernels`,
which give the names declared first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # llvmlite.ir, numba.types, numba.core.cgutils, two of numba.np.arrayobj: they have no types.
    ir: Any = None
    types: Any = None
    cgutils: Any = None

    def make_array(kind: Any) -> Any: ...

    def populate_array(array: Any, **fields: Any) -> Any: ...

    VECTOR = 32  # bytes of a register


Intrinsic = tuple[Any, Callable[..., Any]]


class Matrix:
    """A matrix in memory, of which numbers and vectors of them are loaded and stored."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        view = make_array(kind)(context, builder, value)
        self.builder, self.start = builder, builder.bitcast(view.data, ir.IntType(8).as_pointer())
        self.number = context.get_data_type(kind.dtype)
        self.size = context.get_abi_sizeof(self.number)
        self.vector = ir.VectorType(self.number, VECTOR // self.size)
        self.rows, self.columns = cgutils.unpack_tuple(builder, view.shape)
        self.strides = cgutils.unpack_tuple(builder, view.strides)
        # Known ones save a multiplication for each address.
        if kind.layout in "CF":
            self.strides["FC".index(kind.layout)] = self.columns.type(self.size)

    def at(self, i: Any, j: Any, kind: Any) -> Any:
        """The place of an entry, the first of its kind."""
        mul, (down, along) = self.builder.mul, self.strides
        offset = self.builder.add(mul(i, down), mul(j, along))
        return self.builder.bitcast(self.builder.gep(self.start, [offset]), kind.as_pointer())

    def rows_from(self, i: Any, count: int) -> list[Any]:
        """So many rows from i on, the last in place of those beyond it."""
        last = self.builder.sub(self.rows, i.type(1))
        rows = [self.builder.add(i, i.type(r)) for r in range(count)]
        within = [self.builder.icmp_signed("<", row, last) for row in rows]
        return [self.builder.select(*choice, last) for choice in zip(within, rows, strict=True)]

    def load(self, place: Any, mask: Any = None) -> Any:
        """What stands there, zeros where the mask is off."""
        if mask is None:
            return self.builder.load(place, align=self.size)
        kind = place.type.pointee
        call = self._masked("load", kind, [place.type, ir.IntType(32), mask.type, kind])
        zero = ir.Constant(kind, None)
        return self.builder.call(call, [place, ir.IntType(32)(self.size), mask, zero])

    def store(self, value: Any, place: Any, mask: Any = None) -> None:
        """Write the numbers down, those where the mask is off left out."""
        if mask is None:
            self.builder.store(value, place, align=self.size)
        else:
            given = [value, place, ir.IntType(32)(self.size), mask]
            call = self._masked("store", ir.VoidType(), [each.type for each in given])
            self.builder.call(call, given)

    def _masked(self, verb: str, result: Any, given: list[Any]) -> Any:
        kind = f"v{self.vector.count}f{8 * self.size}"
        form = ir.FunctionType(result, given)
        return cgutils.get_or_insert_function(
            self.builder.module, form, f"llvm.masked.{verb}.{kind}.p0"
        )

    def first(self, count: Any) -> Any:
        """The mask that is on for so many numbers of a vector."""
        index = ir.VectorType(count.type, self.vector.count)
        places = ir.Constant(index, list(range(self.vector.count)))
        return self.builder.icmp_signed("<", places, repeated(self.builder, count, index))


def repeated(builder: Any, number: Any, kind: Any) -> Any:
    """A vector of one number."""
    index = ir.IntType(32)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, index(0))
    places = ir.Constant(ir.VectorType(index, kind.count), None)
    return builder.shuffle_vector(one, one, places)


def add_product(builder: Any, total: Any, left: Any, right: Any) -> None:
    """The total, a register in all but name, takes the product as well, rounded once if may be."""
    free = ("contract",)
    product = builder.fmul(left, right, flags=free)
    builder.store(builder.fadd(builder.load(total), product, flags=free), total)


def part(context: Any, array: Any, first: Any, rows: Any, columns: Any) -> Intrinsic:
    """The matrix of so many rows and columns that begins at an entry of a contiguous array."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        whole = make_array(signature.args[0])(context, builder, given[0])
        first, *shape = given[1:]
        size = context.get_abi_sizeof(context.get_data_type(array.dtype))
        number = shape[1].type(size)
        found = make_array(signature.return_type)(context, builder)
        populate_array(
            found,
            data=builder.gep(whole.data, [first]),
            shape=shape,
            strides=[builder.mul(shape[1], number), number],
            itemsize=number,
            meminfo=None,
        )
        return found._getvalue()

    index = types.int64
    return types.Array(array.dtype, 2, "C")(array, index, index, index), build


def tile(
    context: Any,
    P: Any,
    Q: Any,
    C: Any,
    i: Any,
    j: Any,
    first: Any,
    last: Any,
    more: Any,
    rows: Any,
    vectors: Any,
) -> Intrinsic:
    """C[i + r, j + c] = Σ_k P[i + r, k] Q[k, j + c], k from first to last, added where `more`.

    r is up to rows, c up to so many vectors, of which a single one may reach beyond the end of C. A
    row beyond the last is the last once more. The numbers of a row of Q and of C lie side by side.
    """

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        p, q, c = (Matrix(context, builder, signature.args[n], given[n]) for n in range(3))
        i, j, first, last, more = given[3:8]
        wide = range(vectors.literal_value)
        mask = c.first(builder.sub(c.columns, j)) if len(wide) == 1 else None
        zero = ir.Constant(q.vector, None)
        high = c.rows_from(i, rows.literal_value)
        starts = [c.at(row, j, c.vector) for row in high]
        sums = [[cgutils.alloca_once_value(builder, zero) for v in wide] for row in high]
        with cgutils.for_range_slice(builder, first, last, first.type(1), first.type) as (k, _):
            start = q.at(k, j, q.vector)
            right = [q.load(builder.gep(start, [k.type(v)]), mask) for v in wide]
            for row, totals in zip(high, sums, strict=True):
                left = repeated(builder, p.load(p.at(row, k, p.number)), q.vector)
                for v in wide:
                    add_product(builder, totals[v], left, right[v])
        found = []
        for start, totals in zip(starts, sums, strict=True):
            for v in wide:
                place = builder.gep(start, [j.type(v)])
                known = builder.select(more, c.load(place, mask), zero)
                found.append((place, builder.fadd(known, builder.load(totals[v]))))
        # Only now, as a row may be there twice.
        for place, value in found:
            c.store(value, place, mask)
        return context.get_dummy_value()

    index = types.int64
    taken = (P, Q, C, index, index, index, index, types.boolean, rows, vectors)
    return types.void(*taken), build


def dots(
    context: Any,
    A: Any,
    B: Any,
    C: Any,
    i: Any,
    j: Any,
    first: Any,
    last: Any,
    more: Any,
    rows: Any,
    columns: Any,
) -> Intrinsic:
    """C[i + r, j + s] = Σ_k A[i + r, k] B[j + s, k], k from first to last, added where `more`.

    r is up to rows, s up to columns; one beyond the last of C is the last once more. The numbers of
    a row of A and of B lie side by side.
    """

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        a, b, c = (Matrix(context, builder, signature.args[n], given[n]) for n in range(3))
        i, j, first, last, more = given[3:8]
        high, wide = a.rows_from(i, rows.literal_value), b.rows_from(j, columns.literal_value)
        zero = ir.Constant(a.vector, None)
        sums = [[cgutils.alloca_once_value(builder, zero) for s in wide] for r in high]

        def add_up(k: Any, mask: Any = None) -> None:
            right = [b.load(b.at(column, k, b.vector), mask) for column in wide]
            for row, totals in zip(high, sums, strict=True):
                left = a.load(a.at(row, k, a.vector), mask)
                for total, factor in zip(totals, right, strict=True):
                    add_product(builder, total, left, factor)

        step = first.type(a.vector.count)
        rest = builder.srem(builder.sub(last, first), step)
        whole = builder.sub(last, rest)
        with cgutils.for_range_slice(builder, first, whole, step, first.type) as (k, _):
            add_up(k)
        with builder.if_then(builder.icmp_signed(">", rest, rest.type(0))):
            add_up(whole, a.first(rest))
        form = ir.FunctionType(a.number, [a.number, a.vector])
        name = f"llvm.vector.reduce.fadd.v{a.vector.count}f{8 * a.size}"
        across = cgutils.get_or_insert_function(builder.module, form, name)
        found = []
        for row, totals in zip(high, sums, strict=True):
            for column, total in zip(wide, totals, strict=True):
                place = c.at(row, column, c.number)
                known = builder.select(more, c.load(place), c.number(0))
                given = [known, builder.load(total)]
                found.append((place, builder.call(across, given, fastmath=("reassoc",))))
        # Only now, as an entry may be there twice.
        for place, value in found:
            c.store(value, place)
        return context.get_dummy_value()

    index = types.int64
    taken = (A, B, C, index, index, index, index, types.boolean, rows, columns)
    return types.void(*taken), build
