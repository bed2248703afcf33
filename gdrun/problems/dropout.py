"""Dropout: in training each hidden unit is left out with some probability (Srivastava et al. 2014).

    h ← h m / (1 − p),  m = [u ≥ p],  u ∼ U(0, 1)

This is the inverted form: what is kept is scaled up at once, and evaluation changes nothing. The
numbers u depend on the seed and the step alone, so that any step can be taken again, and lanes of
one seed differ in p but not in u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gdrun.methods.randomness import stream
from gdrun.problems.layout import Array


@dataclass(frozen=True)
class Dropout:
    """Which units one step leaves out; masks are drawn layer by layer, in order.

    rate: p, a float or (..., L, 1). seeds: of the lanes, or of the S streams that they lie in.
    """

    rate: Any
    seeds: Sequence[int]
    step: int

    @cached_property
    def _generators(self) -> list[np.random.Generator]:
        return [stream(seed, "dropout", self.step) for seed in self.seeds]

    def mask(self, units: int, rows: int, dtype: DTypeLike) -> Array:
        """m / (1 − p) for the next layer: (..., L or 1, units, rows)."""
        # Single precision whatever the run's, so that both precisions leave out the same units.
        drawn = [rng.random((1, units, rows), dtype=np.float32) for rng in self._generators]
        numbers = drawn[0] if len(drawn) == 1 else np.stack(drawn)
        rate: NDArray[Any] = np.asarray(self.rate)[..., None]
        kept = numbers >= rate.astype(np.float32)
        mask: Array = np.multiply(kept, (1 / (1 - rate)).astype(dtype), dtype=dtype)
        return mask
