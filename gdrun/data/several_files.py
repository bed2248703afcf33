"""Several files that one path names with a pattern, such as data/part-*.csv."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path

from gdrun.data.unreadable import is_url
from gdrun.errors import DataError, near_files


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
