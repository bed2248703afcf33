"""Dropout: in training each hidden unit is set to 0 with a probability p (Srivastava et al. 2014).

    h ← h m / (1 − p),  m = 1 if u ≥ p, else 0,  u ∼ U(0, 1)

h is the output of a unit. This is inverted dropout: the units that are not set to 0 are scaled up
in training, so that evaluation needs no scaling. The random numbers u depend only on the seed and
the step. So any step can be repeated, and runs with the same seed use the same u.
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
    """The dropout of one step. Draw the masks layer by layer, in the order of the layers.

    rate: the probability p that a unit is dropped: a float, or an array (L, 1) for L lanes (runs
    that are trained together) with one seed, or (S, L, 1) for L lanes with each of S seeds. seeds:
    the S different seeds. step: the number of the step. block: the index of the first row to
    compute, and the number of rows of the whole step; None if all rows are computed at once.
    """

    rate: Any
    seeds: Sequence[int]
    step: int
    block: tuple[int, int] | None = None

    def for_block(self, first: int, of: int) -> Dropout:
        """Return the dropout for one block of rows of this step, with the same random numbers.

        first: the index of the first row of the block. of: the number of rows of the whole step.
        """
        return replace(self, block=(first, of))

    @cached_property
    def _draws(self) -> list[Callable[[int, int], Array]]:
        generators = [stream(seed, "dropout", self.step) for seed in self.seeds]
        if self.block is None:
            return [partial(_all_rows, generator) for generator in generators]
        return [_BlockOfRows(generator, *self.block) for generator in generators]

    def mask(self, units: int, rows: int, dtype: DTypeLike) -> Array:
        """Return the mask m / (1 − p) of the next layer: (L, units, rows), or (S, L, units, rows).

        If the rate is a float, the axis of the L lanes has length 1. p is the rate; m is 0 for a
        unit that is dropped, else 1. units: the width of the layer. The random numbers have single
        precision for every dtype, so that float32 and float64 runs drop the same units.
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
    """Draws the random numbers of one block of rows, from row `first` on.

    They are the same numbers that these rows have in a draw for all `of` rows of the step. For each
    unit, the generator skips the numbers of the other rows. The generator makes 64 bits at a time,
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
