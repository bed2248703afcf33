"""Generated modules on disk, where Numba keeps what it compiled of them for the next process.

A module lies in the user's own cache directory under the hash of its text. The text carries the
versions of everything that shaped it, so what is out of date is simply never found again. The
directory must belong to the user and be closed to others, since what lies in it is executed. A file
appears by one link of a finished copy, and is never replaced: two processes that write it at once
leave one file, whose time stamp, which Numba's index goes by, never changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType


def loaded(text: str) -> ModuleType:
    """The module with this text, from the cache directory, written there if it is not yet."""
    name = module_name(text)
    path = directory() / f"{name}.py"
    if not path.exists():
        _write(path, text)
    if path.read_text(encoding="utf-8") != text:
        path = Path(tempfile.mkdtemp(prefix="gdrun-")) / path.name
        _write(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Numba looks the functions of a cached module up by its name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def compiled_before(text: str) -> bool:
    """Whether an earlier process left compiled code for this text."""
    return any((directory() / "__pycache__").glob(f"{module_name(text)}.*.nbi"))


def module_name(text: str) -> str:
    return f"gdrun_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@cache
def directory() -> Path:
    """The user's own directory for kernels; one for this process alone where there is none."""
    try:
        path = _cache_home() / "gdrun" / "kernels"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _private(path) and os.access(path, os.W_OK):
            return path
    except (OSError, RuntimeError):
        pass
    return Path(tempfile.mkdtemp(prefix="gdrun-"))


def _cache_home() -> Path:
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


def _private(path: Path) -> bool:
    """Whether the directory is the user's, and nobody else may write into it."""
    if sys.platform == "win32":
        return True
    about = path.stat()
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(path: Path, text: str) -> None:
    """Put a finished copy in place, unless there is a file already."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    os.close(handle)
    copy = Path(name)
    copy.write_text(text, encoding="utf-8", newline="\n")
    try:
        path.hardlink_to(copy)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        copy.replace(path)
    copy.unlink(missing_ok=True)
