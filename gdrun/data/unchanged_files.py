"""The state of files, by which a change of them is noticed.

No other program should change the files of a dataset while a reader reads them.

A reader may read a file several times, for example to find its layout first. If the file changes
in between, the rows may be a mixture of two versions, or an error may name a line that is correct
in the new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gdrun.data.several_files import matching_files
from gdrun.data.unreadable import expanded
from gdrun.errors import DataError
from gdrun.mapped_files import changed


@contextmanager
def unchanged_files(*paths: str | Path | None) -> Iterator[None]:
    """A context in which the files that the paths name are read, and must not change.

    paths: the paths of files, patterns, or the directory of CIFAR-10; None is ignored.
    Raises DataError if a file was changed, also in place of an error that the reader raises.
    """
    before = states_of(paths)
    try:
        yield
    except DataError:
        _require_same(before, states_of(paths))
        raise
    _require_same(before, states_of(paths))


def states_of(paths: Iterable[str | Path | None]) -> dict[Path, tuple[int, int, int]]:
    """The inode, the size and the time of the last change (in ns) of each file that exists.

    paths: the paths of files, patterns, or the directory of CIFAR-10; None is ignored.
    """
    found = {}
    for each in paths:
        if each is None:
            continue
        with suppress(DataError, OSError, ValueError):  # the reader says what is wrong with it
            path = expanded(each)
            for file in matching_files(path / "*.bin" if path.is_dir() else path):
                about = file.stat()
                found[file] = (about.st_ino, about.st_size, about.st_mtime_ns)
    return found


def _require_same(
    before: dict[Path, tuple[int, int, int]], now: dict[Path, tuple[int, int, int]]
) -> None:
    for file, state in before.items():
        if file not in now:
            raise changed(str(file), "was removed")
        if now[file] != state:
            raise changed(str(file))
