"""How long a user waits: for help, for the quickstart, and for a small run from Python."""

from __future__ import annotations

import tempfile

from bench.processes import python
from bench.work import Bar, Finish, Work

HELP, QUICKSTART, FIRST = "--help, beyond Python", "quickstart", "150 rows, 100 epochs"

SMALL_RUN = """
import time
import numpy as np
import gdrun
from gdrun.api import train
rng = np.random.default_rng(0)
X = rng.normal(size=(150, 4))
y = (X[:, 0] > 0).astype(int)
begin = time.perf_counter()
train({"model": "logistic"}, "epochs=100", data=(X, y))
print(time.perf_counter() - begin)
"""


def _help() -> Finish:
    return Finish(python("-m", "gdrun", "--help").seconds - python("-c", "pass").seconds)


def _quickstart() -> Finish:
    with tempfile.TemporaryDirectory() as out:
        return Finish(python("-m", "gdrun", "train", "--out", out).seconds)


def _first_run() -> Finish:
    """The time of a small run in this process, after the imports."""
    return Finish(float(python("-c", SMALL_RUN).printed))


def waits(quick: bool) -> Work:
    """The times of whole processes; there is no smaller size for --quick."""
    del quick
    return Work(
        "waiting for gdrun",
        {HELP: _help, QUICKSTART: _quickstart, FIRST: _first_run},
        (
            Bar(HELP, at_most=0.25),
            Bar(QUICKSTART, at_most=2.5),
            Bar(FIRST, at_most=0.06),
        ),
        per="command",
    )
