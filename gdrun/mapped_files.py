"""Memory-mapped files, and what happens if another program changes one while gdrun reads it.

A mapped file is read by ordinary loops over memory. If the file becomes shorter, the pages beyond
its new end have no data. The system then sends SIGBUS to a process that reads them. This signal
ends the process without a message. A handler of the module `signal` cannot prevent this, because
Python calls it only after the read. So gdrun handles the signal at once: it replaces the lost
pages by pages of zeros, so that the loop can end, and marks the file as lost. The code that read
the file then calls `require_unchanged`, which raises the error.

Two alternatives were rejected. Reading with `os.pread` needs no handler, but one system call for
each row of a shuffled batch. A copy in memory is impossible for a file larger than memory.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import weakref
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, Literal

import numpy as np

from gdrun.array_types import Array
from gdrun.errors import DataError

MOST_SIGNALS = 1000
"""After this many signals that no mapped file explains, the signal ends the process."""


@dataclass
class _Mapping:
    """A mapped file.

    address, length: the address and the length in bytes of its pages. file: a descriptor of the
    file, which stays open. size, modified: the size in bytes and the time of the last change when
    the file was mapped. lost: whether a page was read that the file does not have any more.
    """

    path: str
    address: int
    length: int
    file: int
    size: int
    modified: int
    lost: bool = False

    def change(self) -> str | None:
        """How the file has changed since it was mapped; None if it has not."""
        now = os.fstat(self.file)
        if now.st_size < self.size:
            return f"became shorter, from {self.size:,} to {now.st_size:,} bytes,"
        if self.lost:
            return "became unreadable"
        changed = now.st_size != self.size or now.st_mtime_ns != self.modified
        return "was changed" if changed else None


_MAPPINGS: dict[int, _Mapping] = {}
"""The mapped files of this process, by the identity of their mmap objects."""


def mapped(
    file: IO[bytes],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int = 0,
    order: Literal["C", "F"] = "C",
) -> Array:
    """Return an array on the pages of an open file, which may be closed afterwards.

    offset: the position of the first value in the file, in bytes. The values are read when they are
    used. After each use, call `require_unchanged`. Raises OSError if the file cannot be mapped,
    DataError if it is shorter than the array.
    """
    try:
        array = np.memmap(file, dtype, mode="r", offset=offset, shape=shape, order=order)
    except ValueError:
        raise changed(str(file.name), "became shorter") from None
    pages = _pages(array)
    assert pages is not None
    whole = np.frombuffer(pages, np.uint8)
    about = os.fstat(file.fileno())
    copy = os.dup(file.fileno())
    name = str(file.name)
    _MAPPINGS[id(pages)] = _Mapping(
        name, whole.ctypes.data, len(pages), copy, about.st_size, about.st_mtime_ns
    )
    weakref.finalize(pages, _forget, id(pages), copy)
    _handle_bus_errors()
    return array


def require_unchanged(array: Array) -> None:
    """Raise DataError if the array is part of a mapped file that was changed since it was mapped.

    An array in memory is always unchanged.
    """
    mapping = _MAPPINGS.get(id(_pages(array)))
    if mapping is not None and (change := mapping.change()) is not None:
        raise changed(mapping.path, change)


def changed(path: str, how: str = "was changed") -> DataError:
    """The error for a file that another program changed. how: such as `became shorter`."""
    return DataError(
        f"{how} while gdrun read it",
        where=path,
        hint="wait until no other program writes to the file, or train on a copy of it",
    )


def _pages(array: Array) -> mmap.mmap | None:
    """The pages of an array on a mapped file, or of a view of it; None for an array in memory."""
    pages: mmap.mmap | None = getattr(array, "_mmap", None)
    return pages


def _forget(key: int, file: int) -> None:
    del _MAPPINGS[key]
    os.close(file)


@cache
def _handle_bus_errors() -> None:
    """Handle SIGBUS in this process from now on.

    On Windows, nothing is done: it has no such signal, because it refuses to shorten a mapped file.
    """
    number = getattr(signal, "SIGBUS", None)
    if number is None:
        return
    system = ctypes.CDLL(None)
    system.mmap.restype = ctypes.c_void_p
    system.mmap.argtypes = [
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int),
        ctypes.c_long,
    ]
    system.signal.restype = ctypes.c_void_p
    system.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    fixed = 0x10  # MAP_FIXED, which the module mmap does not name; the same on every system
    repeated = 0

    def replace_lost_pages(number: int) -> None:
        """Map pages of zeros in place of all files that may have caused the signal.

        number: the number of the signal.
        """
        nonlocal repeated
        known = [each for each in _MAPPINGS.values() if not each.lost]
        # A file that has not changed can cause the signal too, if its disk or its server fails.
        for mapping in [each for each in known if each.change() is not None] or known:
            kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | fixed
            system.mmap(mapping.address, mapping.length, mmap.PROT_READ, kind, -1, 0)
            mapping.lost = True
        # Several threads may have read the lost pages at the same time. A read that causes the
        # signal again and again is not one of a mapped file: the earlier handler ends the process.
        repeated = 0 if known else repeated + 1
        if repeated > MOST_SIGNALS:
            system.signal(number, earlier)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(replace_lost_pages)
    earlier = system.signal(number, ctypes.cast(handler, ctypes.c_void_p))
    _HANDLERS.append(handler)


_HANDLERS: list[Any] = []
"""The handler of SIGBUS, which Python must not free, because the system calls it."""
