"""Whole processes as contenders, from start to exit: commands of gdrun, and scripts of its peers.

They run in a temporary directory, which also has the files that they read. Each command of gdrun is
timed twice: with its kernels in the cache, since the first round fills it, and with an empty cache.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple

from bench.work import COLD, WARM, Contender, Finish

SCRIPTS = Path(__file__).parent / "scripts"

# A process starts with the largest memory of the one that starts it, so a small one is between.
WATCH = """
import json, resource, subprocess, sys, time
begin = time.perf_counter()
code = subprocess.run(sys.argv[2:], check=False).returncode
seconds = time.perf_counter() - begin
unit = 1 if sys.platform == "darwin" else 1024
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
with open(sys.argv[1], "w") as found:
    json.dump([seconds, memory], found)
sys.exit(code)
"""
"""A program that runs a command, and writes its seconds and its largest memory to a file."""


class Folder:
    """A temporary directory, removed when no contender uses it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="gdrun-bench-"))
        weakref.finalize(self, shutil.rmtree, self.path)

    def fresh(self) -> tempfile.TemporaryDirectory[str]:
        """An empty directory in it, removed at the end of a with statement."""
        return tempfile.TemporaryDirectory(dir=self.path)


class Ended(NamedTuple):
    """A process that has ended: its seconds, its largest memory in bytes, and what it printed."""

    seconds: float
    memory: float
    printed: str


def python(*words: str, folder: Path | None = None, **variables: str) -> Ended:
    """Run one process of Python with these words to its end.

    variables: of its environment, in addition. Raises RuntimeError if the process fails.
    """
    command = [sys.executable, *words]
    environment = os.environ | variables
    # Every process would compile all of gdrun's modules, while an installed peer has its bytecode.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.NamedTemporaryFile() as found:
        done = subprocess.run(
            [sys.executable, "-c", WATCH, found.name, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{shlex.join(command)} failed:\n{done.stderr}")
        seconds, memory = json.load(found)
    return Ended(seconds, memory, done.stdout)


def gdrun_command(
    folder: Folder,
    *words: str,
    loss: Callable[[Path], float] | None = None,
    cold: Sequence[str] = (),
) -> dict[str, Contender]:
    """A command of gdrun with its kernels in the cache (warm), and with an empty cache (cold).

    loss: reads the loss at the end from the directory of runs. cold: more words for the command
    with an empty cache.
    """

    def run(cache: str, *more: str) -> Finish:
        with folder.fresh() as out:
            command = ("-m", "gdrun", *words, *more, "--out", out)
            ended = python(*command, folder=folder.path, XDG_CACHE_HOME=cache)
            final = None if loss is None else loss(Path(out))
            return Finish(ended.seconds, final, memory=ended.memory)

    def run_cold() -> Finish:
        with folder.fresh() as cache:
            return run(cache, *cold)

    return {WARM: lambda: run(str(folder.path / "cache")), COLD: run_cold}


def peer_script(
    name: str,
    script: str,
    *,
    folder: Folder,
    words: Sequence[str],
    needs: Sequence[str] = (),
    **variables: str,
) -> dict[str, Contender]:
    """A script of `scripts/`, which prints the final loss as its last word.

    Nothing if one of the packages that it needs is not installed.

    words: its arguments. needs: the packages that it imports. variables: of its environment, in
    addition.
    """
    if not all(map(find_spec, needs)):
        return {}

    def run() -> Finish:
        ended = python(str(SCRIPTS / script), *words, folder=folder.path, **variables)
        return Finish(ended.seconds, float(ended.printed.split()[-1]), memory=ended.memory)

    return {name: run}


def with_memory(contender: Contender, folder: Folder) -> Contender:
    """A contender that starts while the operating system holds files in all of its memory.

    So it does on any machine after some hours. A virtual machine returns memory that is free to its
    host, which takes seconds to give back some gigabytes; memory that holds files it keeps, and
    takes from them at once.
    """

    def run() -> Finish:
        with tempfile.NamedTemporaryFile(dir=folder.path) as held:
            hold(held, free_memory())
            return contender()

    return run


def free_memory() -> int:
    """The bytes of memory that the operating system uses for nothing; 0 where it does not say."""
    if "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return 0
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def hold(file: IO[bytes], size: int) -> None:
    """Have the operating system hold the first bytes of an empty file in memory."""
    file.truncate(size)
    file.seek(0)
    chunk = bytearray(2**22)
    while file.readinto(chunk):
        pass
