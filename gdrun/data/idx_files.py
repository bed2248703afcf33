"""IDX files, the format of MNIST: a few bytes on shape and type, then the values; plain or gzipped.

0x00 0x00 TYPE DIMENSIONS, each size as 4 bytes, then the values; all big-endian
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from gdrun.array_types import Array
from gdrun.data.arrays import flattened, table_from_arrays
from gdrun.data.table import Table
from gdrun.data.unreadable import unreadable
from gdrun.errors import DataError

ENDINGS = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")
"""How the names of such files end."""

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, targets: str | None = None) -> Table:
    """Examples in one IDX file and their targets in another, as MNIST and its relatives come.

    targets: the file with one target for each example, such as train-labels-idx1-ubyte.gz. Each
    example is flattened to one row; whole numbers may be classes or numbers, as the model asks.
    """
    if targets is None:
        raise DataError(
            f"{path} holds examples without targets",
            where="dataset.targets",
            hint="targets: train-labels-idx1-ubyte.gz names the file that has them",
        )
    X = _array(path)
    if X.ndim < 2:
        raise DataError(
            f"holds one number for each of {len(X)} examples, so it is a file of targets",
            where=str(path),
            hint="path names the examples, and targets their targets",
        )
    labels = Path(targets).expanduser()
    y = _array(labels)
    if y.ndim != 1:
        raise DataError(
            f"holds {y.ndim} dimensions, and targets are one number for each example",
            where=str(labels),
            hint="path names the examples, and targets their targets",
        )
    if len(X) != len(y):
        raise DataError(
            f"holds {len(X)} examples, and {targets} holds {len(y)} targets", where=str(path)
        )
    names = [f"pixel_{'_'.join(map(str, place))}" for place in np.ndindex(X.shape[1:])]
    table = table_from_arrays(flattened(X), y, names, files=(path, labels))
    return replace(table, name=path.name, target_name="label")


def _array(path: Path) -> Array:
    """The array that a file holds, in its own type."""
    data = _contents(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or not data[3]:
        raise DataError(
            f"is no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}",
            where=str(path),
            hint="an IDX file begins with 00 00, the type of its values, and its dimensions",
        )
    kind, dimensions = np.dtype(TYPES[data[2]]), data[3]
    start = 4 + 4 * dimensions
    sizes = np.frombuffer(
        data[4:start], dtype=">u4", count=min(dimensions, len(data[4:start]) // 4)
    )
    shape = tuple(sizes.tolist())
    expected = start + kind.itemsize * math.prod(shape)
    if len(shape) < dimensions or len(data) != expected:
        fault = "cut off" if len(data) < expected else "too long"
        raise DataError(
            f"is {fault}: {' × '.join(map(str, shape))} values make {expected:,} bytes, "
            f"and it has {len(data):,}",
            where=str(path),
            hint="fetch the file again",
        )
    return np.frombuffer(data, dtype=kind, offset=start).reshape(shape)


def _contents(path: Path) -> bytes:
    """The bytes of a file, unpacked where they are gzipped, whatever its name says."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"cannot be unpacked: {error}", where=str(path), hint="fetch the file again"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
