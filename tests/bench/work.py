"""The definition of a measurement: a piece of work, its contenders, and the required ratios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

NUMPY, COMPILED = "gdrun NumPy", "gdrun compiled"
WARM, COLD = "gdrun warm", "gdrun cold"
"""Commands of gdrun with their kernels in the cache, and with an empty cache."""
SCIKIT, JAX, TORCH, VOWPAL = "scikit-learn", "JAX", "PyTorch", "Vowpal Wabbit"
PEERS = (SCIKIT, JAX, TORCH, VOWPAL)


class Finish(NamedTuple):
    """The result of one contender in one round.

    seconds: of the updates, or of a whole process, per unit of the work, such as an epoch. loss:
    the final loss over all examples, or None. whole: the seconds of the whole training, with
    everything around the updates, or None. memory: the largest memory of the process in bytes, or
    None.
    """

    seconds: float
    loss: float | None = None
    whole: float | None = None
    memory: float | None = None


Contender = Callable[[], Finish]


@dataclass(frozen=True)
class Bar:
    """A required bound on the ratio of the seconds of `over` to the seconds of `under`.

    under: None for a bound in seconds. table: the bytes of a table, for a bound on the ratio of the
    memory of `over` to them; else None. One of at_least and at_most is given.
    """

    over: str
    under: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    table: int | None = None

    def reached(self, ratio: float) -> bool:
        if self.at_least is not None:
            return ratio >= self.at_least
        assert self.at_most is not None
        return ratio <= self.at_most


@dataclass(frozen=True)
class Work:
    """One row of the table: its contenders by name, and its bars.

    A bar is not judged if one of its contenders is missing. per: the unit of the work, such as an
    epoch. tolerance: the largest difference of the final losses, as a share of the largest loss.
    """

    title: str
    contenders: Mapping[str, Contender]
    bars: tuple[Bar, ...] = ()
    per: str = "epoch"
    tolerance: float = 0.05
