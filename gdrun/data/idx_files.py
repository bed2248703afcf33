"""IDX files, the format of MNIST, plain or compressed with gzip.

    0x00 0x00 TYPE DIMENSIONS SIZES VALUES

TYPE is the code of the value type, and DIMENSIONS is the number of dimensions, one byte each. SIZES
holds 4 bytes for each dimension. All numbers are big-endian.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np

from gdrun.array_types import Array
from gdrun.data.arrays import flattened, table_from_arrays
from gdrun.data.expansion import expand
from gdrun.data.saved_arrays import MOST_DIMENSIONS
from gdrun.data.table import Table
from gdrun.data.unreadable import expanded, require_regular, unreadable
from gdrun.errors import DataError

ENDINGS = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")
"""The endings of file names that gdrun reads as IDX files."""

# The type codes of the format.
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, targets: str | None = None) -> Table:
    """Two IDX files, one with the examples and one with their targets, as for MNIST.

    targets: the path of the file with one target for each example, such as
    train-labels-idx1-ubyte.gz. Each example is flattened to one row. Targets are numbers; the model
    decides whether they are classes.

    Raises: DataError if targets is not set, if a file cannot be read, or if the files differ in the
    number of examples.
    """
    if targets is None:
        raise DataError(
            f"{path} contains examples but no targets",
            where="dataset.targets",
            hint="set dataset.targets to the file of targets, such as train-labels-idx1-ubyte.gz",
        )
    X = idx_array(path)
    if X.ndim < 2:
        raise DataError(
            f"contains one number for each of {len(X)} examples, so it is a file of targets",
            where=str(path),
            hint="set dataset.targets to this file, and dataset.path to the file of examples",
        )
    labels = expanded(targets)
    y = idx_array(labels)
    if y.ndim != 1:
        raise DataError(
            f"has {y.ndim} dimensions, but a file of targets has 1: one number for each example",
            where=str(labels),
            hint="set dataset.path to the file of examples, and dataset.targets to that of targets",
        )
    if len(X) != len(y):
        raise DataError(
            f"contains {len(X)} examples, but {targets} contains {len(y)} targets",
            where=str(path),
            hint="set dataset.path and dataset.targets to two files with the same examples",
        )
    names = [f"pixel_{'_'.join(map(str, place))}" for place in np.ndindex(X.shape[1:])]
    table = table_from_arrays(flattened(X), y, names, files=(path, labels))
    return replace(table, name=path.name, target_name="label")


def idx_array(path: Path) -> Array:
    """Return the array in an IDX file, with its dtype. Raises DataError for any other file."""
    data = _contents(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or not data[3]:
        raise DataError(
            f"is not an IDX file: its first bytes are {data[:4].hex(' ') or 'missing'}",
            where=str(path),
            hint="an IDX file begins with 00 00, a type code, and the number of dimensions",
        )
    kind, dimensions = np.dtype(TYPES[data[2]]), data[3]
    start = 4 + 4 * dimensions
    sizes = np.frombuffer(
        data[4:start], dtype=">u4", count=min(dimensions, len(data[4:start]) // 4)
    )
    shape = tuple(sizes.tolist())
    if dimensions > MOST_DIMENSIONS:
        raise DataError(
            f"has {dimensions} dimensions; an array has at most {MOST_DIMENSIONS}",
            where=str(path),
            hint="the file is damaged, or is not IDX: download it again",
        )
    # math.prod uses Python integers, so the sizes of a damaged header cannot overflow.
    expected = start + kind.itemsize * math.prod(shape)
    if len(shape) < dimensions or len(data) != expected:
        fault = "incomplete" if len(data) < expected else "too long"
        raise DataError(
            f"is {fault}: {' × '.join(map(str, shape))} values need {expected:,} bytes, "
            f"but the file has {len(data):,}",
            where=str(path),
            hint="download the file again",
        )
    try:
        return np.frombuffer(data, dtype=kind, offset=start).reshape(shape)
    except ValueError:  # one size is 0, and the product of the others is too large for NumPy
        raise DataError(
            f"holds no values: its sizes are {' × '.join(map(str, shape))}",
            where=str(path),
            hint="download the file again",
        ) from None


def _contents(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if they are gzip data.

    The name of the file does not matter. Raises DataError if the file cannot be read.
    """
    try:
        require_regular(path)
        with path.open("rb") as file:
            if file.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
                return path.read_bytes()
        content = BytesIO()
        with gzip.open(path) as source:
            expand(source, content, path.stat().st_size, str(path))
        return content.getvalue()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"cannot be decompressed: {error}", where=str(path), hint="download the file again"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
