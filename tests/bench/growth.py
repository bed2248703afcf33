"""How the time of an epoch grows with the rows N, the columns d, the batch B and the lanes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.linear import Linear, examples
from bench.measure import interleaved
from bench.ours import AS_GIVEN, ENGINES, sweep
from bench.work import Contender

BASE = {"N": 20_000, "d": 50, "B": 64, "lanes": 1}
GROWN = {
    "N": (5_000, 20_000, 80_000, 320_000),
    "d": (10, 50, 200, 800),
    "B": (1, 16, 64, 1024),
    "lanes": (1, 4, 16, 64),
}
EPOCHS = 2


class Grown(NamedTuple):
    """The seconds of an epoch by each engine, where one size has this value."""

    key: str
    value: int
    seconds: dict[str, float]


QUICK_BASE = BASE | {"N": 500}
QUICK_GROWN = {"N": (250, 500), "d": (10, 50), "B": (16, 64), "lanes": (1, 4)}


def measured(quick: bool, repetitions: int) -> Iterator[Grown]:
    base, grown = (QUICK_BASE, QUICK_GROWN) if quick else (BASE, GROWN)
    for key, values in grown.items():
        for value in values:
            found = interleaved(_epoch_of(base | {key: value}), repetitions)
            yield Grown(key, value, {name: each.seconds for name, each in found.items()})


def _epoch_of(size: dict[str, int]) -> dict[str, Contender]:
    """Logistic regression with Adam by each engine."""
    X, y = examples("logistic", size["N"], size["d"])
    problem = Linear(X, y, "logistic", size["B"], {"name": "adam", "lr": 0.001}, EPOCHS)
    config = AS_GIVEN | problem.config | {"stopping": {"epochs": EPOCHS}}
    rates = np.geomspace(1e-4, 1e-2, size["lanes"])

    def epoch(engine: str):
        done = sweep(config | {"engine": engine}, rates, (X, y))
        return done._replace(seconds=done.seconds / EPOCHS)

    return {name: partial(epoch, engine) for name, engine in ENGINES.items()}
