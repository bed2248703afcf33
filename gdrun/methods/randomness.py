"""Random number generators: one independent stream of numbers for each use of a seed.

A stream is determined by (seed, purpose, index) alone. So two runs with the same seed have the same
split and the same initial weights, even if the order of their examples differs. The permutation of
epoch 7 can be drawn without those of epochs 0 to 6, so a checkpoint needs no generator state. A run
draws the same numbers when it is trained alone and when it is trained together with others.
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
    """Return the random number generator for one use of a seed, such as the order of examples.

    index: the epoch, for a purpose that has a stream for each epoch; otherwise 0.

    >>> float(stream(0, "order", 3).random()) == float(stream(0, "order", 3).random())
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_KEYS[purpose], index))
    # default_rng may use another bit generator in a later NumPy; PCG64 repeats old runs.
    return np.random.Generator(np.random.PCG64(sequence))
