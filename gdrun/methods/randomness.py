"""Random streams: one seed, split by purpose, so that changing one thing leaves the others alone.

A stream is named by (seed, purpose, index) and holds no memory: the permutation of epoch 7 can be
drawn without drawing the six before it. So a run that is resumed, or a lane that is advanced with
others, sees exactly the numbers of the run alone, and a checkpoint need not hold a generator.
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
    """The generator for one purpose of one seed; `index` counts epochs where each needs its own.

    >>> float(stream(0, "order", 3).random()) == float(stream(0, "order", 3).random())
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_KEYS[purpose], index))
    return np.random.Generator(np.random.PCG64(sequence))
