"""The machine's C compiler, and the libraries that it makes from the kernels.

A library is compiled on first use, kept in the user's cache directory, and loaded with ctypes,
whose calls release the interpreter's lock. Its key covers the C text, the kernels' files, the
flags, the compiler with its version, and the processor, so an outdated library is never loaded.
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
from gdrun.engine.contract import CompilerError

SOURCES = Path(__file__).parent / "c"
"""The directory with the C files of the kernels."""

NAMES = ("cc", "gcc", "clang")
"""Compilers in order of preference, after the one that CC names; the last choice is ziglang's."""

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
"""A compiler that takes longer than this number of seconds is stopped: it probably hangs."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler: its command, and the first line that `--version` prints."""

    command: tuple[str, ...]
    version: str


@cache
def compiler() -> Compiler:
    """The compiler of this machine. Raises CompilerError if there is none."""
    command = _command()
    program = Path(command[0]).resolve()
    about = program.stat()
    identity = f"{command} {program} {about.st_size} {about.st_mtime_ns}"
    saved = cache_directory() / f"version-{_digest(identity)}.txt"
    if len(command) == 1:  # of a command such as `ccache gcc` more than one program may change
        with suppress(OSError, UnicodeDecodeError):
            if version := saved.read_text(encoding="utf-8"):
                return Compiler(command, version)
    said = _run([*command, "--version"])
    version = said.stdout.partition("\n")[0].strip()
    if said.returncode or not version:
        raise CompilerError(f"{shlex.join(command)} does not print its version")
    with suppress(OSError):
        saved.write_text(version, encoding="utf-8")
    return Compiler(command, version)


def _command() -> tuple[str, ...]:
    if given := shlex.split(os.environ.get("CC", "")):
        if (program := shutil.which(given[0])) is None:
            raise CompilerError(f"CC names {given[0]}, which is not installed")
        return (program, *given[1:])
    for name in NAMES:
        if (program := shutil.which(name)) is not None:
            return (program,)
    if find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    raise CompilerError("no program named cc, gcc or clang is installed")


def library(text: str) -> ctypes.CDLL:
    """Return the compiled library of this C text, which may include the kernels' files.

    Raises CompilerError if the text cannot be compiled.
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
"""The library or the error of each text in this process, so that no compilation is repeated."""


def library_key(text: str) -> str:
    """The name of a library in the cache."""
    own = compiler()
    return _digest("\0".join([text, _sources(), *FLAGS, *own.command, own.version, _processor()]))


def _loaded(key: str, text: str) -> ctypes.CDLL:
    for place in (cache_directory, process_directory):
        directory = place()
        try:
            path = find(directory, key) or _made(directory, key, text)
            return ctypes.CDLL(str(path))
        except OSError as error:  # no space left, or a file system that runs no programs
            problem = error
    raise CompilerError(f"the compiled library cannot be saved or loaded: {problem}")


def _made(directory: Path, key: str, text: str) -> Path:
    """Compile the text to a library in the directory, and return its path."""
    with workshop(directory) as making:
        source, made = making / "unit.c", making / f"unit{SUFFIX}"
        source.write_text(text, encoding="utf-8")
        command = compiler().command
        given = [*FLAGS, f"-I{SOURCES}", str(source), "-o", str(made), "-lm"]
        said = _run([*command, *given], TMPDIR=str(making))
        if said.returncode or not made.exists():
            if "No space left" in said.stderr:
                raise OSError("no space left on the device")
            raise CompilerError(f"{Path(command[0]).name} failed: {_first_error(said.stderr)}")
        return keep(directory, key, made)


def _first_error(said: str) -> str:
    """The first line of a compiler's output that reports an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[0] if lines else "no message")


def _run(command: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a compiler and wait for it. An interruption or a timeout also ends its child processes.

    more: additional environment variables. Raises CompilerError if the compiler cannot be started,
    or takes longer than PATIENCE seconds.
    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C"} | more,
            start_new_session=True,
        )
    except OSError as error:
        raise CompilerError(f"{name} cannot be started: {error}") from None
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CompilerError(f"{name} took longer than {PATIENCE:g} seconds") from None
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _end(process: subprocess.Popen[str]) -> None:
    """End a compiler and the processes that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


@cache
def _sources() -> str:
    """The contents of all C files of the kernels, joined."""
    paths = sorted(SOURCES.iterdir())
    return "\0".join(part for path in paths for part in (path.name, path.read_text("utf-8")))


@cache
def _processor() -> str:
    """The processor's model and features: code for one processor may not run on another."""
    wanted = ("vendor", "model", "cpu family", "flags", "Features", "CPU ")
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            first = takewhile(str.strip, file)  # the first core only: all cores are of one kind
            return "".join(line for line in first if line.startswith(wanted))
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
