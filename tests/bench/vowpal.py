"""Vowpal Wabbit, an optional contender: its program `vw` or its package `vowpalwabbit`.

It runs plain SGD (`--sgd`: no adaptive, normalised or invariant updates) at a constant rate, and
reads its binary cache file, so that parsing the text is not timed. The times of reading, learning
and starting the process cannot be separated: the time of an epoch is the difference between a
process of many passes and a process of one pass. The order of the examples is the same in each
epoch, and the numbers are float32.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bench.linear import Linear
from bench.measure import seconds_of
from bench.work import VOWPAL, Contender, Finish

LOSSES = {"mse": "squared", "logistic": "logistic"}

PASSES = 5
"""The number of passes, after the first one, from which the time of one pass is computed."""


def program() -> list[str] | None:
    """The command that starts Vowpal Wabbit; None if it is not installed."""
    if (found := shutil.which("vw")) is not None:
        return [found]
    return [sys.executable, "-m", "vowpalwabbit"] if find_spec("vowpalwabbit") else None


def contenders(problem: Linear) -> dict[str, Contender]:
    """Vowpal Wabbit as a contender, if it is installed; its cache file is made here."""
    words = program()
    if words is None:
        return {}
    folder = Path(tempfile.mkdtemp())
    text, cache, model = (folder / name for name in ("text", "cache", "model"))
    given = {
        "--loss_function": LOSSES[problem.loss],
        "--learning_rate": problem.optimizer["lr"],
        "--power_t": 0,
        "--decay_learning_rate": 1,
        "--cache_file": cache,
    }
    options = [str(word) for option in given.items() for word in option]

    def passes(count: int, *more: str | Path) -> float:
        command = [*words, "--sgd", "--holdout_off", "--quiet", *options]
        command += ["--passes", str(count), *map(str, more)]
        return seconds_of(lambda: subprocess.run(command, check=True, capture_output=True))[0]

    _write(problem, text)
    passes(1, "--data", text)
    text.unlink()

    def train() -> Finish:
        passes(problem.epochs, "--readable_model", model)
        loss = problem.mean_loss(_weights(model, problem.shape[0]))
        return Finish((passes(1 + PASSES) - passes(1)) / PASSES, loss)

    weakref.finalize(train, shutil.rmtree, folder)
    return {VOWPAL: train}


def _write(problem: Linear, path: Path) -> None:
    """The examples as its text: a label, and each feature's number and value."""
    labels = problem.y if problem.loss == "mse" else 2 * problem.y - 1
    with path.open("w", encoding="ascii") as file:
        for label, row in zip(labels, problem.X, strict=True):
            features = " ".join(f"{k}:{value:.8g}" for k, value in enumerate(row))
            file.write(f"{label:.8g} | {features}\n")


def _weights(model: Path, size: int) -> np.ndarray:
    """The weights (d + 1,) of a readable model; its constant has a number of its own."""
    W = np.zeros(size)
    for line in model.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name.isdigit():
            W[min(int(name), size - 1)] = float(value)
    return W
