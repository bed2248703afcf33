"""What every reader says of a file that is not there, or that cannot be opened."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import DataError, near_files


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the system does not hand over."""
    if path.is_dir():
        return DataError("is a directory, not a file", where=str(path), hint="name a file in it")
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=str(path), hint=_near_data(path))
    return DataError(f"cannot be read: {error.strerror or error}", where=str(path))


def _near_data(path: Path) -> str | None:
    """A hint that names files near to a missing one, or says where a path begins."""
    relative = None if path.is_absolute() else "a relative path starts at the current directory"
    return near_files(path) or relative
