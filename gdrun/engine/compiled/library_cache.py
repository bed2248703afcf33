"""The cache of compiled libraries on disk, from which later processes load them.

A library is a file in the user's cache directory. The file name has two parts. The first is a key,
a hash of everything that the library was made from. The second is a hash of the file's content, so
that a damaged library is noticed and removed. The directory must belong to the user, and nobody
else may write to it, because its files are executed. A file is published by a hard link to a
finished copy and never changed, so two processes may compile the same library at the same time.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_WORKSHOP = ".making-"

SUFFIX = ".dll" if sys.platform == "win32" else ".so"


@cache
def cache_directory() -> Path:
    """Return the user's directory for compiled libraries.

    If there is no directory to which only the user can write, return `process_directory`.
    """
    try:
        path = _cache_home() / "gdrun" / "kernels"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _private(path) and os.access(path, os.W_OK):
            return path
    except (OSError, RuntimeError):
        pass
    return process_directory()


@cache
def process_directory() -> Path:
    """Return a directory for compiled libraries that is removed when this process ends."""
    path = Path(tempfile.mkdtemp(prefix="gdrun-"))
    atexit.register(_remove, path, os.getpid())
    return path


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # not when a fork of it ends
        shutil.rmtree(path, ignore_errors=True)


def _cache_home() -> Path:
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


def _private(path: Path) -> bool:
    """Return whether a file or directory belongs to the user, and nobody else may write to it."""
    if sys.platform == "win32":
        return True
    about = path.stat()
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def find(directory: Path, key: str) -> Path | None:
    """Return the file with this key in the directory, or None.

    A file is removed if it is damaged or a link, or if other users own it or may write to it.
    """
    for path in directory.glob(f"{key}-*"):
        try:
            own = _private(path) and not path.is_symlink()
            if own and path.name == _name(key, path.read_bytes(), path.suffix):
                return path
            path.unlink()
        except OSError:  # another process removed it, or it may not be read
            continue
    return None


def keep(directory: Path, key: str, finished: Path) -> Path:
    """Publish a finished file in the cache, where `find` finds it by its key; return its new path.

    finished: the path of the file, in a subdirectory of the cache directory. Raises OSError if the
    file cannot be published.
    """
    path = directory / _name(key, finished.read_bytes(), finished.suffix)
    try:
        path.hardlink_to(finished)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        finished.replace(path)
    return path


@contextmanager
def workshop(directory: Path) -> Iterator[Path]:
    """Make a subdirectory for unfinished files, which is removed after the `with` block.

    Subdirectories that are over an hour old are removed too: killed processes have left them.
    """
    for left in directory.glob(f"{_WORKSHOP}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
    path = Path(tempfile.mkdtemp(dir=directory, prefix=_WORKSHOP))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _name(key: str, content: bytes, suffix: str) -> str:
    return f"{key}-{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
