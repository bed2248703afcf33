"""Dropout: in training each hidden unit is left out with some probability (Srivastava et al. 2014).

    h ← h m / (1 − p),  m = [u ≥ p],  u ∼ U(0, 1)

This is the inverted form: what is kept is scaled up at once, and evaluation changes nothing. The
numbers u depend on the seed and the step alone, so that any step can be taken again, and lanes of
one seed differ in p but not in u.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gdrun.array_types import Array
from gdrun.methods.randomness import stream


@dataclass(frozen=True)
class Dropout:
    """The units that one step leaves out; masks are drawn layer by layer, in order.

    rate: p, a float or (..., L, 1). seeds: of the lanes, or of the S streams that they lie in.
    block: the first row of the block that is computed, and the number of rows of the step; None
    where the block is the whole step.
    """

    rate: Any
    seeds: Sequence[int]
    step: int
    block: tuple[int, int] | None = None

    def for_block(self, first: int, of: int) -> Dropout:
        """The same numbers for one block of a step that is computed block by block."""
        return replace(self, block=(first, of))

    @cached_property
    def _draws(self) -> list[Callable[[int, int], Array]]:
        generators = [stream(seed, "dropout", self.step) for seed in self.seeds]
        if self.block is None:
            return [partial(_all_rows, generator) for generator in generators]
        return [_BlockOfRows(generator, *self.block) for generator in generators]

    def mask(self, units: int, rows: int, dtype: DTypeLike) -> Array:
        """m / (1 − p) for the next layer: (..., L or 1, units, rows).

        The numbers are of single precision, so that runs of both leave out the same units.
        """
        drawn = [draw(units, rows) for draw in self._draws]
        numbers = drawn[0] if len(drawn) == 1 else np.stack(drawn)
        rate: Array = np.asarray(self.rate)[..., None]
        kept = numbers >= rate.astype(np.float32)
        mask: Array = np.multiply(kept, (1 / (1 - rate)).astype(dtype), dtype=dtype)
        return mask


def _all_rows(generator: np.random.Generator, units: int, rows: int) -> Array:
    return generator.random((1, units, rows), dtype=np.float32)


class _BlockOfRows:
    """Numbers for the rows from `first` on, the same as in a draw for all `of` rows.

    The generator skips the rows of other blocks, unit by unit. It makes 64 bits at a time,
    which are two numbers in single precision.
    """

    def __init__(self, generator: np.random.Generator, first: int, of: int) -> None:
        bits = generator.bit_generator
        assert isinstance(bits, np.random.PCG64)  # which can jump
        self._generator, self._bits = generator, bits
        self._place, self._of = first, of
        self._made = 0

    def __call__(self, units: int, rows: int) -> Array:
        drawn = np.empty((1, units, rows), dtype=np.float32)
        for unit in range(units):
            pairs, second = divmod(self._place, 2)
            self._bits.advance(pairs - self._made)
            drawn[0, unit] = self._generator.random(second + rows, dtype=np.float32)[second:]
            self._made = pairs + (second + rows + 1) // 2
            self._place += self._of
        return drawn
