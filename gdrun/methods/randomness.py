"""Random number generators: one independent stream for each purpose of a seed.

A stream follows from (seed, purpose, index) alone. Two runs with the same seed have the same split
and the same initial weights, even if they differ in the order of their examples. The permutation
of epoch 7 can be drawn without the six before it, so a checkpoint needs no generator state, and a
lane of a cohort draws the same numbers as its run alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["split", "init", "order", "dropout", "data", "noise"]

_KEYS: dict[Purpose, int] = {
    "split": 0,
    "init": 1,
    "order": 2,
    "dropout": 3,
    "data": 4,
    "noise": 5,
}


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """The random number generator for one purpose of a seed.

    index: the epoch, where each epoch has its own stream.

    >>> float(stream(0, "order", 3).random()) == float(stream(0, "order", 3).random())
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_KEYS[purpose], index))
    # default_rng may use another bit generator in a later NumPy; PCG64 repeats old runs.
    return np.random.Generator(np.random.PCG64(sequence))
