"""Read the numbers in the result of a query, in batches of rows, with Arrow's C data interface.

DuckDB can also return a result as NumPy arrays. These need new memory for all rows, which the
operating system clears first. Clearing it takes longer than decoding the file. A stream uses the
same memory for each batch. pyarrow could read such streams too. It is not used, because a column of
numbers needs only three fields of one C structure, which ctypes can read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from gdrun.array_types import Flags, Numbers


class ArrowSource(Protocol):
    """A table that can export its rows as an Arrow stream, such as a relation of DuckDB."""

    def __arrow_c_stream__(self) -> object: ...


class _ArrowArray(ctypes.Structure):
    """The C structure ArrowArray: a batch of rows, or one column of a batch."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowArray))),
    ("private_data", ctypes.c_void_p),
]


class _ArrowStream(ctypes.Structure):
    """The C structure ArrowArrayStream: it gives the result of a query batch by batch."""


_ArrowStream._fields_ = [
    ("get_schema", ctypes.c_void_p),
    (
        "get_next",
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_ArrowStream), ctypes.POINTER(_ArrowArray)),
    ),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_ArrowStream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowStream))),
    ("private_data", ctypes.c_void_p),
]


class NumberBatch:
    """Some consecutive rows of a result.

    columns: the numbers of each column, arrays (n,) that must not be changed. They are valid until
    `release`, which must be called once and gives their memory back.
    """

    def __init__(self, array: _ArrowArray) -> None:
        self._array = array
        children = [array.children[j].contents for j in range(array.n_children)]
        self.columns = [_numbers(array, column) for column in children]

    def release(self) -> None:
        self.columns = []
        self._array.release(ctypes.byref(self._array))


def number_batches(source: ArrowSource) -> Iterator[NumberBatch]:
    """Yield batches of consecutive rows of a result, in order.

    source: a table whose columns have the type float64 (DOUBLE in SQL). NULL becomes NaN. Raises
    duckdb.Error if the source cannot give its rows, for example because a query fails.
    """
    import duckdb

    capsule = source.__arrow_c_stream__()
    stream = _ArrowStream.from_address(_pointer(capsule))
    while True:
        batch = _ArrowArray()
        if stream.get_next(ctypes.byref(stream), ctypes.byref(batch)):
            message = stream.get_last_error(ctypes.byref(stream)) or b"the rows cannot be read"
            raise duckdb.Error(message.decode("utf-8", "replace"))
        if not batch.release:  # the end of the stream
            return
        yield NumberBatch(batch)


def _numbers(batch: Any, column: Any) -> Numbers:
    """The numbers of a column of a batch, (n,), NaN for NULL."""
    rows, first = batch.length, batch.offset + column.offset
    if not rows:
        return np.empty(0)
    values = np.frombuffer(_memory(column.buffers[1] + 8 * first, 8 * rows), np.float64)
    if not column.null_count or column.buffers[0] is None:
        return values
    return np.where(_valid(column.buffers[0], first, rows), values, np.nan)


def _valid(address: int, first: int, rows: int) -> Flags:
    """Whether each row has a value, (rows,).

    address: the address of the bits, one for each row. first: the number of the bit of row 0.
    """
    begin, skipped = divmod(first, 8)
    bits = np.frombuffer(_memory(address + begin, (skipped + rows + 7) // 8), np.uint8)
    return np.unpackbits(bits, bitorder="little")[skipped : skipped + rows].astype(bool)


def _memory(address: int, size: int) -> Any:
    return (ctypes.c_char * size).from_address(address)


def _pointer(capsule: object) -> int:
    """The address of the stream in a capsule, Python's wrapper of a C pointer."""
    of_capsule = ctypes.pythonapi.PyCapsule_GetPointer
    of_capsule.restype, of_capsule.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address: int = of_capsule(capsule, b"arrow_array_stream")
    return address
