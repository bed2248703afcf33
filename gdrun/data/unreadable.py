"""The error that all readers raise for a file that does not exist or cannot be opened."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import DataError, near_files


def unreadable(path: Path, error: OSError) -> DataError:
    """Return the DataError for a file that cannot be opened or read. error: the system's reason."""
    if path.is_dir():
        hint = "give the path of a file in it"
        return DataError("is a directory, not a file", where=str(path), hint=hint)
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=str(path), hint=_near_data(path))
    return DataError(f"cannot be read: {error.strerror or error}", where=str(path))


def _near_data(path: Path) -> str | None:
    """Return a hint for a path that does not exist: files with a similar name, or the directory."""
    relative = None if path.is_absolute() else "a relative path starts at the current directory"
    return near_files(path) or relative
