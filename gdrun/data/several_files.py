"""Several files that one path names with a pattern, such as data/part-*.csv."""

from __future__ import annotations

from glob import glob, has_magic, iglob
from pathlib import Path

from gdrun.data.unreadable import is_url
from gdrun.errors import DataError, near_files

MOST_CHARACTERS = 4096
"""A longer text, such as a list of values, is no pattern: it is longer than any path."""


def names_several(source: str | Path) -> bool:
    """Whether this is a pattern with * ? or [ that matches files, and not the name of a file."""
    text = str(source)
    if not has_magic(text) or len(text) > MOST_CHARACTERS or Path(text).exists():
        return False
    return any(Path(name).is_file() for name in iglob(text, recursive=True))  # noqa: PTH207


def matching_files(path: Path) -> list[Path]:
    """The file, or the files that a pattern with * ? or [ names, sorted by name.

    If a file with exactly this name exists, it is the only one.
    Raises DataError if no file matches a pattern.
    """
    text = str(path)
    if not has_magic(text) or path.exists() or is_url(path):
        return [path]
    # Path.glob takes relative patterns only.
    found = sorted(Path(name) for name in glob(text, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not found:
        raise DataError(
            "no file matches this pattern",
            where=text,
            hint=near_files(path) or "a relative path starts at the current directory",
        )
    return found
