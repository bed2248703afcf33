"""The errors that all readers raise for a file that is missing, or is no file to read."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import DataError, near_files


def require_regular(path: Path) -> None:
    """Raise DataError for a named pipe, a socket or a device: opening it could wait for ever."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise DataError(
            "is not a regular file",
            where=str(path),
            hint="write its content to a file, and give that file",
        )


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
