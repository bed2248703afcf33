"""The error that all readers raise for a file that does not exist or cannot be opened."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import DataError, near


def unreadable(path: Path, error: OSError) -> DataError:
    """The DataError for a file that the operating system cannot open or read."""
    if path.is_dir():
        hint = "give the path of a file in it"
        return DataError("is a directory, not a file", where=str(path), hint=hint)
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=str(path), hint=_similar_files(path))
    return DataError(f"cannot be read: {error.strerror or error}", where=str(path))


def _similar_files(path: Path) -> str | None:
    """A hint with files that have a similar name, or with the cause of the wrong path."""
    if not path.parent.is_dir():
        return f"the directory {path.parent} does not exist"
    alike = near(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    similar = " or ".join(str(path.parent / name) for name in alike)
    if similar:
        return f"did you mean {similar}?"
    return None if path.is_absolute() else "a relative path starts at the current directory"
