"""The errors that all readers raise for a wrong path, or for a path that is not a file."""

from __future__ import annotations

import re
from pathlib import Path

from gdrun.errors import DataError, near_files

URL = re.compile(r"([a-z][a-z0-9+.-]+):/+(?=[^/])", re.IGNORECASE)
"""The beginning of a URL. A drive of Windows, such as C:, has one letter only."""


def is_url(path: Path) -> bool:
    """Whether the path is a URL. The class Path makes one slash of the two in http://."""
    return URL.match(path.as_posix()) is not None


def expanded(path: str | Path) -> Path:
    """Return the path with the home directory in place of a leading ~ or ~USER.

    Raises DataError if no user has this name, or if the path contains a NUL character.
    """
    if "\0" in str(path):
        what = "contains a NUL character, which no path can have"
        raise DataError(what, where=str(path), hint="remove the character")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        what = "the home directory of this user is not known"
        hint = f"for a file whose name begins with ~ write ./{path}"
        raise DataError(what, where=str(path), hint=hint) from None


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
        if is_url(path):
            return _no_download(URL.sub(r"\1://", path.as_posix(), count=1))
        return DataError("no such file", where=str(path), hint=_near_data(path))
    return DataError(f"cannot be read: {error.strerror or error}", where=str(path))


def _no_download(url: str) -> DataError:
    return DataError(
        "is a URL; gdrun reads the files of this machine only",
        where=url,
        hint="download it first, and give the path of the file",
    )


def _near_data(path: Path) -> str | None:
    """Return a hint for a path that does not exist: files with a similar name, or the directory."""
    relative = None if path.is_absolute() else "a relative path starts at the current directory"
    return near_files(path) or relative
