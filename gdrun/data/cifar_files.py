"""CIFAR-10 in its binary version: data_batch_1.bin to data_batch_5.bin, and test_batch.bin.

A record has 3,073 bytes: the class, and 32 × 32 pixels of red, then of green, then of blue.

Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gdrun.array_types import Array
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.unreadable import require_regular, unreadable
from gdrun.errors import DataError
from gdrun.mapped_files import mapped, require_unchanged

PIXELS = 3 * 32 * 32
RECORD = 1 + PIXELS

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
"""The names of the classes 0 to 9, as in batches.meta.txt of the data set."""

FEATURES = tuple(
    f"{colour}_{row}_{column}"
    for colour in ("red", "green", "blue")
    for row in range(32)
    for column in range(32)
)

_BATCHES = "data_batch_*.bin"


def is_cifar_folder(path: Path) -> bool:
    """Whether a path is a directory with the training batches of CIFAR-10."""
    try:
        return (path / "data_batch_1.bin").is_file()
    except (OSError, ValueError):  # a path that the system does not accept
        return False


def read_cifar(path: Path) -> Table:
    """CIFAR-10 in its binary version: a batch, several (data_batch_*.bin), or their directory.

    The directory means the training batches. Each image is a row of 3,072 pixels from 0 to 255: all
    red ones, then all green ones, then all blue ones. The class labels are names such as airplane.

    Raises: DataError if a file cannot be read, or is not CIFAR-10.
    """
    parts = [cifar_records(file) for file in cifar_files(path)]
    X = np.empty((sum(map(len, parts)), PIXELS))
    start = 0
    for part in parts:
        X[start : start + len(part)] = part[:, 1:]
        start += len(part)
    y = np.concatenate([part[:, 0] for part in parts]).astype(np.int64)
    for part in parts:
        require_unchanged(part)
    return Table(
        name=str(path),
        X=X,
        y=y,
        feature_names=FEATURES,
        target_name="label",
        classes=CLASSES,
    )


def cifar_files(path: Path) -> list[Path]:
    """The files that a path means; for a directory, its training batches."""
    return matching_files(path / _BATCHES if path.is_dir() else path)


def cifar_records(path: Path) -> Array:
    """The records of a file, memory-mapped (see gdrun.mapped_files): (N, 3073) bytes.

    The class is the first byte of a record.

    Raises DataError if the file cannot be read, or is not CIFAR-10.
    """
    hint = "gdrun reads the binary version of CIFAR-10, such as data_batch_1.bin"
    try:
        require_regular(path)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size or size % RECORD:
                raise DataError(
                    f"is not CIFAR-10, or is incomplete: its {size:,} bytes are not a multiple of "
                    f"{RECORD:,} bytes, the size of an image with its class",
                    where=str(path),
                    hint=hint,
                )
            records = mapped(file, np.dtype(np.uint8), (size // RECORD, RECORD))
    except OSError as error:
        raise unreadable(path, error) from None
    wrong = records[:, 0] >= len(CLASSES)
    if wrong.any():
        record = int(wrong.argmax())
        raise DataError(
            f"is not CIFAR-10: record {record} has the class {records[record, 0]}, not 0 to 9",
            where=str(path),
            hint=hint,
        )
    return records
