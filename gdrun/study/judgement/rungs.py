"""The rungs of successive halving, the epochs at which candidates are dropped."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """One rung of successive halving: an epoch at which candidates are dropped.

    kept, dropped: the names of the candidates, from best to worst.
    """

    epoch: float
    kept: tuple[str, ...]
    dropped: tuple[str, ...]


def continuing(rungs: Sequence[Rung], complete: Container[str]) -> tuple[str, ...]:
    """The candidates that the last rung kept and of which runs are missing, from best to worst.

    complete: the names of the candidates of which no run is missing. Empty without rungs.
    """
    return tuple(name for name in rungs[-1].kept if name not in complete) if rungs else ()


def beaten(rungs: Sequence[Rung], complete: Container[str]) -> frozenset[str]:
    """The candidates that a rung dropped, while runs of others that the last rung kept are missing.

    complete: the names of the candidates of which no run is missing. Empty if no run is missing:
    then the final values decide.
    """
    dropped = (name for rung in rungs for name in rung.dropped)
    return frozenset(dropped if continuing(rungs, complete) else ())
