"""The arrays in NPY and NPZ files, the formats of NumPy, read without pickle.

The size that a header states is first compared with the size of the file. So a damaged header never
makes gdrun allocate more memory than the file has bytes. numpy.load does not compare the sizes, and
raises a dozen kinds of exceptions for damaged files.
"""

from __future__ import annotations

import io
import lzma
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy

from gdrun.array_types import Array
from gdrun.data.expansion import require_expandable
from gdrun.data.unreadable import require_regular, unreadable
from gdrun.errors import DataError
from gdrun.mapped_files import mapped

MOST_DIMENSIONS = 64
"""The most dimensions that an array of NumPy has."""

MOST_HEADER = 2**16
"""The largest size of the header of an NPY file in bytes. NumPy reads up to 10,000 bytes."""

_LENGTHS = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
"""The number of bytes that hold the length of the header, by the version of the format."""

_DAMAGE = (
    *(ValueError, EOFError, TypeError, SyntaxError, OverflowError, RecursionError, KeyError),
    *(tokenize.TokenError, struct.error, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What NumPy and Python raise for a damaged header, archive or compressed stream."""

_HINT = "save arrays of numbers with numpy.save (NPY) or numpy.savez (NPZ)"


class _Form:
    """The header of an array: its shape, its dtype, and the order of its values in the file."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        version = npy.read_magic(stream)
        if version not in _LENGTHS:
            raise ValueError("the version is unknown")
        length = stream.read(_LENGTHS[version])
        if int.from_bytes(length, "little") > MOST_HEADER:
            raise ValueError("the header is too long")
        header = io.BytesIO(length + stream.read(int.from_bytes(length, "little")))
        # Version 3 differs from version 2 only in names of fields, which are refused below.
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        with warnings.catch_warnings():
            # NumPy warns that a header written by Python 2 takes longer to read. It is exact.
            warnings.simplefilter("ignore")
            self.shape, fortran, self.dtype = read(header)
        self.order: Literal["C", "F"] = "F" if fortran else "C"
        if self.dtype.hasobject:
            raise _objects(where)
        if self.dtype.fields is not None or self.dtype.subdtype is not None:
            raise DataError(
                "contains records of several fields, not single values",
                where=where,
                hint="save one array of numbers: numpy.save(file, "
                "numpy.lib.recfunctions.structured_to_unstructured(records))",
            )
        if len(self.shape) > MOST_DIMENSIONS or min(self.shape, default=0) < 0:
            raise ValueError("the shape is impossible")

    @property
    def size(self) -> int:
        """The number of bytes of all values: a Python integer, which cannot overflow."""
        return math.prod(self.shape) * self.dtype.itemsize


def mapped_array(path: Path) -> Array:
    """Return the array in an NPY file, memory-mapped: see gdrun.mapped_files.

    Raises DataError if the file cannot be read, or if it holds no real numbers.
    """
    where = str(path)
    try:
        require_regular(path)
        with path.open("rb") as file:
            form = _Form(file, where)
            start = file.tell()
            _require_size(form, os.fstat(file.fileno()).st_size - start, where)
            _require_numbers(form, where)
            return mapped(file, form.dtype, form.shape, start, form.order)
    except OSError as error:
        raise unreadable(path, error) from None
    except _DAMAGE:
        raise _damaged(where) from None


def archived_arrays(
    path: Path, wanted: Iterable[str] | None = None
) -> tuple[dict[str, Array], list[str]]:
    """Return the wanted arrays of an NPZ file by name, and the names of all its arrays.

    wanted: names of arrays, of which those that the file lacks are left out; None means all. The
    arrays are read-only.
    Raises DataError if the file cannot be read, or if a wanted array is damaged, encrypted, or of
    Python objects.
    """
    where = str(path)
    try:
        require_regular(path)
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            found = {
                name: _member(archive, members[name], f"{where} {name}")
                for name in (members if wanted is None else wanted)
                if name in members
            }
        return found, list(members)
    except OSError as error:
        raise unreadable(path, error) from None
    except _DAMAGE:
        raise _damaged(where) from None


def _member(archive: zipfile.ZipFile, name: str, where: str) -> Array:
    information = archive.getinfo(name)
    try:
        sizes = (information.compress_size, information.file_size)
        require_expandable(*sizes, where, "save them with numpy.savez, without compression")
        with archive.open(information) as stream:
            form = _Form(stream, where)
            # Read also checks the checksum, at the end of the member.
            _require_size(form, information.file_size - stream.tell(), where)
            content = stream.read()
    except NotImplementedError as error:  # an unknown kind of compression
        what = f"is compressed in a way that Python cannot read: {error}"
        raise DataError(what, where=where, hint=_HINT) from None
    except RuntimeError as error:
        if not information.flag_bits & 1:
            raise _damaged(where) from error
        what, hint = "is encrypted, so gdrun cannot read it", "unpack the file with its password"
        raise DataError(what, where=where, hint=hint) from None
    _require_size(form, len(content), where)
    array: Array = np.ndarray(form.shape, form.dtype, content, order=form.order)
    if form.dtype.kind == "U" and form.size:
        letters = np.frombuffer(content, np.dtype(np.uint32).newbyteorder(form.dtype.byteorder))
        if letters.max() > 0x10FFFF:
            what = "contains text with characters that do not exist in Unicode"
            raise DataError(what, where=where, hint=_HINT)
    return array


def _require_size(form: _Form, size: int, where: str) -> None:
    if size == form.size:
        return
    shape = " × ".join(map(str, form.shape)) or "1"
    raise DataError(
        f"is {'incomplete' if size < form.size else 'too long'}: {shape} values of "
        f"{form.dtype} need {form.size:,} bytes, but the file has {size:,}",
        where=where,
        hint="save it again: numpy.save for one array (NPY), numpy.savez for several (NPZ)",
    )


def require_real(dtype: np.dtype[Any], where: str) -> None:
    """Raise DataError unless the values of a saved array, with this dtype, are real numbers."""
    if dtype.kind not in "biuf":
        raise DataError(
            f"contains values of dtype {dtype}, but features and targets must be real numbers",
            where=where,
            hint="save the array with a dtype of numbers, such as float64",
        )


def _require_numbers(form: _Form, where: str) -> None:
    require_real(form.dtype, where)
    if not form.size:
        raise DataError(f"is empty: its shape is {form.shape}", where=where)


def _objects(where: str) -> DataError:
    what = "contains Python objects, which gdrun does not load because they can run code"
    return DataError(what, where=where, hint=_HINT)


def _damaged(where: str) -> DataError:
    what = "is not a file of NumPy arrays, or is incomplete"
    return DataError(what, where=where, hint=_HINT)
