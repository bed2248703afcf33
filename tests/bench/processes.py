"""Whole processes as contenders, from start to exit: commands of gdrun, and scripts of its peers.

They run in a temporary directory, which also has the files that they read. Each command of gdrun is
timed twice: with its kernels in the cache, since the first round fills it, and with an empty cache.
"""

from __future__ import annotations

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

from bench.measure import seconds_of
from bench.work import COLD, WARM, Contender, Finish

SCRIPTS = Path(__file__).parent / "scripts"


class Folder:
    """A temporary directory, removed when no contender uses it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="gdrun-bench-"))
        weakref.finalize(self, shutil.rmtree, self.path)

    def fresh(self) -> tempfile.TemporaryDirectory[str]:
        """An empty directory in it, removed at the end of a with statement."""
        return tempfile.TemporaryDirectory(dir=self.path)


def python(*words: str, folder: Path | None = None, **variables: str) -> tuple[float, str]:
    """The seconds of one process of Python with these words, and what it printed.

    variables: of its environment, in addition. Raises RuntimeError if the process fails.
    """
    command = [sys.executable, *words]
    environment = os.environ | variables
    # Every process would compile all of gdrun's modules, while an installed peer has its bytecode.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    spent, done = seconds_of(
        lambda: subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    )
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)} failed:\n{done.stderr}")
    return spent, done.stdout


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
            spent, _ = python(*command, folder=folder.path, XDG_CACHE_HOME=cache)
            return Finish(spent, None if loss is None else loss(Path(out)))

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
        spent, printed = python(str(SCRIPTS / script), *words, folder=folder.path, **variables)
        return Finish(spent, float(printed.split()[-1]))

    return {name: run}
