"""The variants of gradient descent: which examples each gradient uses, and in which order.

BGD, SGD and mini-batch gradient descent share one training loop and differ only in the indices of
the examples. The order of the examples in an epoch is determined by (seed, epoch) alone (see
`randomness`), so training can resume at any step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, isqrt, log
from typing import Literal

import numpy as np

from gdrun.array_types import Integers
from gdrun.errors import DataError
from gdrun.methods.definitions import Count, Definition, Growth, define
from gdrun.methods.randomness import stream

Sampling = Literal["shuffle", "replacement", "sequential"]


@dataclass(frozen=True)
class BatchGrowth:
    """A batch size that is multiplied by `factor` after each period of `every` epochs.

    Use it instead of a decay of the learning rate.
    """

    factor: Growth = 2.0
    every: Count = 10


@dataclass(frozen=True)
class Batching:
    """How one epoch of `rows` training examples is divided into batches.

    sampling: shuffle (a new permutation for each epoch), replacement (independent draws) or
    sequential (file order). drop_last: whether to leave out the last batch of an epoch if it has
    fewer than batch_size examples. whole: whether every batch
    has all examples in file order, so that none has to be copied. growth: how the batch size grows,
    or None. With growth, batch_size is the size in the first epoch, and `at` returns the batching
    of another epoch. Raises DataError if batch_size is larger than rows.
    """

    rows: int
    batch_size: int
    sampling: Sampling = "shuffle"
    drop_last: bool = False
    whole: bool = False
    growth: BatchGrowth | None = None

    def __post_init__(self) -> None:
        if self.batch_size > self.rows:
            are = (
                "is 1 training example" if self.rows == 1 else f"are {self.rows} training examples"
            )
            raise DataError(
                f"batch_size is {self.batch_size}, but there {are}",
                where="variant.batch_size",
                hint=f"use at most {self.rows}, or variant: bgd to use every example in each step",
            )

    @property
    def draws(self) -> bool:
        """Whether the order of the examples is random, that is, depends on the seed."""
        return self.sampling != "sequential"

    def at(self, epoch: int) -> Batching:
        """Return the batching of one epoch, with the batch size B(e) and without growth.

            B(e) = min(N, round(B₀ · f^⌊e / every⌋))

        epoch: e, from 0. N is rows, B₀ is batch_size, f is growth.factor, every is growth.every.
        If growth is None, every epoch has this batching.
        """
        if self.growth is None:
            return self
        times = epoch // self.growth.every
        # Compare logarithms first: the power itself may overflow a float.
        if times * log(self.growth.factor) >= log(self.rows / self.batch_size):
            return replace(self, batch_size=self.rows, growth=None)
        size = round(self.batch_size * self.growth.factor**times)
        return replace(self, batch_size=min(size, self.rows), growth=None)

    def first_epoch_of(self, size: int) -> int | None:
        """Return the first epoch, from 0, with batches of this size; None without such an epoch."""
        if size < self.batch_size or self.growth is None:
            return 0 if size == self.batch_size else None
        # B₀ fᵏ rounds to `size` if it is at least size − ½. The rounding error of the logarithm may
        # change k by one, so three values of k are checked.
        near = max(ceil(log((size - 0.5) / self.batch_size) / log(self.growth.factor)), 0)
        epochs = (times * self.growth.every for times in range(max(near - 1, 0), near + 2))
        return next((epoch for epoch in epochs if self.at(epoch).batch_size == size), None)

    def ending_in_one(self) -> tuple[int, int] | None:
        """Return the first epoch whose last batch has one example, and the batch size B there.

        Epochs count from 0. Returns None if there is no such epoch. With N rows the last batch has
        one example if N = q B + 1 for a whole number q, that is, if B divides N − 1.
        """
        if self.drop_last:
            return None
        others = self.rows - 1
        # Divisors come in pairs d · (N − 1)/d, so it is enough to test d up to the square root.
        small = (size for size in range(1, isqrt(others) + 1) if others % size == 0)
        sizes = {size for pair in ((size, others // size) for size in small) for size in pair}
        epochs = ((self.first_epoch_of(size), size) for size in sizes)
        return min(((e, size) for e, size in epochs if e is not None), default=None)

    @cached_property
    def steps_per_epoch(self) -> int:
        """The number of steps (updates of the weights) in one epoch."""
        full, rest = divmod(self.rows, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    @property
    def gradients_per_epoch(self) -> int:
        """The number of gradients of single examples that one epoch computes."""
        return min(self.rows, self.steps_per_epoch * self.batch_size)

    def order(self, seed: int, epoch: int) -> Integers:
        """Return the indices of the examples of one epoch, in the order of their use: (rows,).

        seed: the seed of the run. epoch: counts from 0.
        """
        if self.sampling == "sequential":
            return np.arange(self.rows)
        draw = stream(seed, "order", epoch)
        if self.sampling == "replacement":
            # N independent draws, so that an epoch has the same cost as with the other samplings.
            return draw.integers(0, self.rows, size=self.rows)
        return draw.permutation(self.rows)


VARIANTS: dict[str, Definition] = {}
"""All variants of gradient descent by name."""

VARIANT_ALIASES = {
    "batch": "bgd",
    "full_batch": "bgd",
    "gd": "bgd",
    "stochastic": "sgd",
    "minibatch": "mbgd",
    "mini_batch": "mbgd",
    "mini-batch": "mbgd",
}
"""Other names that a config may use for a variant: the name of the variant by its alias."""


def _variant(function: Callable[..., Batching]) -> Callable[..., Batching]:
    VARIANTS[function.__name__] = define(function)
    return function


@_variant
def bgd(rows: int) -> Batching:
    """Batch gradient descent: every step uses all N examples.

        g = (1/N) Σᵢ ∇ℓᵢ(w),  i = 1 … N

    ℓᵢ is the loss of example i. An epoch has one step, and a step computes N gradients. The order
    of the examples has no effect.
    """
    return Batching(rows, rows, "sequential", whole=True)


@_variant
def sgd(rows: int, sampling: Sampling = "shuffle") -> Batching:
    """Stochastic gradient descent: every step uses one example.

        g = ∇ℓᵢ(w)

    ℓᵢ is the loss of example i. An epoch has N steps for N examples, and a step computes one
    gradient. sampling: shuffle (a new permutation for each epoch), replacement (independent draws)
    or sequential (file order).

    Source: Robbins & Monro 1951.
    """
    return Batching(rows, 1, sampling)


@_variant
def mbgd(
    rows: int,
    batch_size: Count = 64,
    drop_last: bool = False,
    sampling: Sampling = "shuffle",
    batch_growth: BatchGrowth | None = None,
) -> Batching:
    """Mini-batch gradient descent: every step uses B examples.

        g = (1/B) Σᵢ ∇ℓᵢ(w),  i in the batch

    ℓᵢ is the loss of example i, and B is batch_size. For N examples an epoch has ⌈N/B⌉ steps, and
    the last batch may be smaller; with drop_last an epoch has ⌊N/B⌋ steps. sampling: shuffle,
    replacement or sequential, as for sgd. batch_growth {factor, every} multiplies B by factor after
    each period of `every` epochs, up to N. It can replace a decay of the learning rate, but does
    not switch off the schedule.

    Source: Smith et al. 2017 for batch_growth.

    Raises: DataError if batch_size is larger than the number of training examples.
    """
    return Batching(rows, batch_size, sampling, drop_last, growth=batch_growth)
