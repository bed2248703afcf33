"""The machine's C compiler, and the libraries that it makes from the kernels.

A library is compiled on first use, kept in the user's cache directory, and loaded with ctypes,
whose calls release the interpreter's lock. The name of its file contains a hash of the generated C
text, the C files that this text includes, the flags, the compiler with its version, and the
processor. So an outdated library is never loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from gdrun.engine.compiled.library_cache import (
    SUFFIX,
    cache_directory,
    find,
    keep,
    process_directory,
    workshop,
)
from gdrun.engine.contract import CompilerError, MissingCompilerError
from gdrun.stop_requests import Stopped, stop_requested

SOURCES = Path(__file__).parent / "c"
"""The directory with the C files of the kernels."""

NAMES = ("cc", "gcc", "clang")
"""The compilers to look for, in order of preference.

The environment variable CC names a compiler to use before them. The Python package ziglang, which
contains a compiler, is used if none of them is installed.
"""

OTHER_COMPILER = "set the variable CC to another compiler"
"""The remedy for a compiler that does not work."""

FLAGS = (
    "-std=gnu11",
    "-O3",
    "-shared",
    "-fPIC",
    # Products and sums may be fused. NaN and infinity keep their meaning, and sums are not
    # reordered, except in loops with a pragma. -ffast-math is not used: it would also switch
    # denormal numbers off in the whole process.
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp-simd",
    "-march=native" if platform.machine() in ("x86_64", "AMD64", "i686") else "-mcpu=native",
)

PATIENCE = 60.0
"""The time in seconds after which a compiler is stopped, because it probably hangs."""

MEMORY = 24 * 3600.0
"""The seconds for which no process uses a compiler that has hung.

After this time the compiler is tried again: the machine may have been too busy or suspended.
"""

STOP_INTERVAL = 0.1
"""The seconds between two checks whether to stop waiting for a compiler."""

SEAL = "gdrun_key"
"""The name of a text in each library: the library's key. Only a whole library of gdrun has it."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler: its command, and the first line that `--version` prints."""

    command: tuple[str, ...]
    version: str


@cache
def compiler() -> Compiler:
    """Return the C compiler to use on this machine. Raises CompilerError if there is none."""
    command = _command()
    saved = cache_directory() / f"version-{_identity(command)}.txt"
    if len(command) == 1:  # in a command such as `ccache gcc`, each of two programs may change
        with suppress(OSError, UnicodeDecodeError):
            if version := saved.read_text(encoding="utf-8"):
                return Compiler(command, version)
    said = _run(command, ["--version"])
    version = said.stdout.partition("\n")[0].strip()
    if said.returncode or not version:
        what = f"{shlex.join(command)} does not print its version, so it is not used"
        raise CompilerError(what, OTHER_COMPILER)
    with suppress(OSError):
        saved.write_text(version, encoding="utf-8")
    return Compiler(command, version)


def _command() -> tuple[str, ...]:
    if given := shlex.split(os.environ.get("CC", "")):
        if (program := shutil.which(given[0])) is None:
            what = f"the variable CC names {given[0]}, which is not installed"
            raise CompilerError(what, "unset CC, or set it to an installed compiler")
        return (program, *given[1:])
    for name in NAMES:
        if (program := shutil.which(name)) is not None:
            return (program,)
    if find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    raise MissingCompilerError("no program named cc, gcc or clang is installed")


def _identity(command: tuple[str, ...]) -> str:
    """Return a hash of the command and of the compiler's file, which identifies the compiler.

    Raises CompilerError if the file is missing.
    """
    try:
        program = Path(command[0]).resolve()
        about = program.stat()
    except OSError as error:
        raise _not_started(command, error) from None
    return _digest(f"{command} {program} {about.st_size} {about.st_mtime_ns}")


def library(text: str) -> ctypes.CDLL:
    """Return the library compiled from this C text, which may include the C files of the kernels.

    Raises CompilerError if the text cannot be compiled, or the library cannot be saved or loaded.
    """
    key = library_key(text)
    if key not in _LOADED:
        try:
            _LOADED[key] = _loaded(key, text)
        except CompilerError as error:
            _LOADED[key] = error
    known = _LOADED[key]
    if isinstance(known, CompilerError):
        raise known
    return known


_LOADED: dict[str, ctypes.CDLL | CompilerError] = {}
"""The library, or the error, by the key of its C text: nothing is compiled twice."""


def library_key(text: str) -> str:
    """Return the key of this C text's library: the first part of the library's file name."""
    own = compiler()
    return _digest("\0".join([text, _sources(), *FLAGS, *own.command, own.version, _processor()]))


def _loaded(key: str, text: str) -> ctypes.CDLL:
    for place in (cache_directory, process_directory):
        directory = place()
        try:
            return _opened(find(directory, key) or _made(directory, key, text), key)
        except OSError as error:  # no space left, or a file system that runs no programs
            problem = error
    raise CompilerError(f"the compiled library cannot be saved or loaded: {problem}")


def _opened(path: Path, key: str) -> ctypes.CDLL:
    """Load a library. Raises OSError, and removes the file, if it is not the library of the key."""
    try:
        found = ctypes.CDLL(str(path))
        if (ctypes.c_char * (len(key) + 1)).in_dll(found, SEAL).value != key.encode():
            raise OSError("the file in the cache was compiled from other C code")
    except ValueError as error:  # it has no such text
        path.unlink(missing_ok=True)
        raise OSError(str(error)) from None
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return found


def _made(directory: Path, key: str, text: str) -> Path:
    """Compile the C text to a library in the directory, and return the path of the library.

    key: the key of the library. Raises CompilerError if the compiler fails.
    """
    with workshop(directory) as making:
        source, made = making / "unit.c", making / f"unit{SUFFIX}"
        seal = f'\nconst char {SEAL}[] = "{key}";\n'
        source.write_text(text + seal, encoding="utf-8")
        command = compiler().command
        given = [*FLAGS, f"-I{SOURCES}", str(source), "-o", str(made), "-lm"]
        said = _run(command, given, TMPDIR=str(making))
        if said.returncode or not made.exists():
            if "No space left" in said.stderr:
                raise OSError("no space left on the device")
            raise CompilerError(f"{Path(command[0]).name} failed: {_first_error(said.stderr)}")
        return keep(directory, key, made)


def _first_error(said: str) -> str:
    """Return the first line of `said`, a compiler's output, that reports an error.

    If no line reports an error, return the first line; if there is no line, return "no message".
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[0] if lines else "no message")


def _run(
    compiler: tuple[str, ...], given: Sequence[str], **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a compiler and wait until it ends.

    compiler: the command. given: the arguments of the command. more: additional environment
    variables. An interruption or a timeout ends the compiler and its child processes. Raises
    CompilerError if the compiler cannot be started or takes longer than PATIENCE seconds. If this
    limit was exceeded less than MEMORY seconds ago, the error is raised at once. Raises Stopped if
    a stop is requested.
    """
    name = Path(compiler[0]).name
    slow = f"{name} took longer than {PATIENCE:g} seconds"
    mark = cache_directory() / f"hangs-{_identity(compiler)}.txt"
    with suppress(OSError):
        if 0 <= time.time() - mark.stat().st_mtime < MEMORY:
            raise CompilerError(f"{slow} when it was last used", f"to use it again, remove {mark}")
    try:
        process = subprocess.Popen(
            [*compiler, *given],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C"} | more,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(compiler, error) from None
    latest = time.monotonic() + PATIENCE
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                output, errors = process.communicate(timeout=STOP_INTERVAL)
                break
            if stop_requested():
                raise Stopped
            if time.monotonic() > latest:
                with suppress(OSError):
                    mark.write_text(f"{slow}\n", encoding="utf-8")
                raise CompilerError(slow, OTHER_COMPILER)
    except BaseException:
        _end(process)
        raise
    return subprocess.CompletedProcess(compiler, process.returncode, output, errors)


def _not_started(compiler: tuple[str, ...], error: OSError) -> CompilerError:
    what = f"{Path(compiler[0]).name} cannot be started: {error}"
    return CompilerError(what, OTHER_COMPILER)


def _end(process: subprocess.Popen[str]) -> None:
    """End a compiler and its child processes."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


@cache
def _sources() -> str:
    """Return the contents of all C files of the kernels, joined."""
    paths = sorted(SOURCES.iterdir())
    return "\0".join(part for path in paths for part in (path.name, path.read_text("utf-8")))


@cache
def _processor() -> str:
    """Return a text with the model and the features of the processor.

    It is part of the key of a library, because code for one processor may not run on another.
    """
    wanted = ("vendor", "model", "cpu family", "flags", "Features", "CPU ")
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            first = takewhile(str.strip, file)  # the first core only: all cores are of one kind
            return "".join(line for line in first if line.startswith(wanted))
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
