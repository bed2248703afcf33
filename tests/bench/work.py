"""What is measured: a piece of work, who does it, and what must be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

NUMPY, COMPILED = "gdrun NumPy", "gdrun compiled"
SCIKIT, JAX, TORCH, VOWPAL = "scikit-learn", "JAX", "PyTorch", "Vowpal Wabbit"
PEERS = (SCIKIT, JAX, TORCH, VOWPAL)


class Finish(NamedTuple):
    """How one contender did once.

    seconds: of the updates, per whatever the work counts in. loss: at the end, over all examples;
    None where the work ends in none. whole: seconds with all that is done around the updates; None
    where that is nothing.
    """

    seconds: float
    loss: float | None = None
    whole: float | None = None


Contender = Callable[[], Finish]


@dataclass(frozen=True)
class Bar:
    """What must be reached: the seconds of `over`, in multiples of those of `under`.

    under: None for a bar in plain seconds. One of at_least and at_most is given.
    """

    over: str
    under: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def reached(self, ratio: float) -> bool:
        if self.at_least is not None:
            return ratio >= self.at_least
        assert self.at_most is not None
        return ratio <= self.at_most


@dataclass(frozen=True)
class Work:
    """One row: who does it, by name, and its bars; one whose contender is absent is left open.

    per: what the seconds are for, such as an epoch. tolerance: how far apart the losses at the end
    may be, as a share of the largest.
    """

    title: str
    contenders: Mapping[str, Contender]
    bars: tuple[Bar, ...] = ()
    per: str = "epoch"
    tolerance: float = 0.05
