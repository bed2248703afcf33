"""A lock on a directory, so that only one process runs or continues the run or study in it.

The operating system frees the lock when the process ends, however it ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gdrun.errors import RecordError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = ".lock"
"""On Windows, where a directory cannot be locked, this file in it is locked instead."""


class DirectoryLock:
    """The lock of a directory, until `release` is called or the process ends.

    Raises RecordError if another process has the lock.
    """

    def __init__(self, directory: Path) -> None:
        self._descriptor: int | None = None
        try:
            descriptor = _opened(directory)
        except OSError:
            return  # the directory cannot be used; the first write into it reports why
        try:
            _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise RecordError(
                "another process is training here",
                where=str(directory),
                hint="wait until that process has ended, or end it",
            ) from None
        except OSError:  # some network file systems have no locks
            os.close(descriptor)
        else:
            self._descriptor = descriptor

    def release(self) -> None:
        """Free the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":

    def _opened(directory: Path) -> int:
        return os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT)

    def _lock(descriptor: int) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError from None

else:

    def _opened(directory: Path) -> int:
        return os.open(directory, os.O_RDONLY)

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
