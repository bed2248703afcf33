"""What every reader says of a file that is not there, or that cannot be opened."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import DataError, near


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the system does not hand over."""
    if path.is_dir():
        return DataError("is a directory, not a file", where=str(path), hint="name a file in it")
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", where=str(path), hint=_neighbours(path))
    return DataError(f"cannot be read: {error.strerror or error}", where=str(path))


def _neighbours(path: Path) -> str | None:
    """A hint that names files near to a missing one, or says where a path begins."""
    if not path.parent.is_dir():
        return f"there is no directory {path.parent} either"
    alike = near(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    found = " or ".join(str(path.parent / name) for name in alike)
    if found:
        return f"did you mean {found}?"
    return None if path.is_absolute() else "a relative path starts at the current directory"
