"""The seconds of a training: in total, and in evaluations. Pauses do not count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The wall-clock seconds so far: in evaluations, and in total. Pauses do not count."""

    evaluations: float
    total: float


class Stopwatch:
    """Measures a training from its start on. earlier: the seconds before a pause."""

    def __init__(self, earlier: Clock | None = None) -> None:
        self._earlier = earlier or Clock(0.0, 0.0)
        self._evaluations = self._earlier.evaluations
        self._started: float | None = None

    @property
    def runs(self) -> bool:
        """Whether the training has started."""
        return self._started is not None

    def start(self) -> None:
        self._started = time.perf_counter()

    @property
    def clock(self) -> Clock:
        """The seconds so far."""
        running = 0.0 if self._started is None else time.perf_counter() - self._started
        return Clock(self._evaluations, self._earlier.total + running)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """A context whose time is that of an evaluation."""
        begin = time.perf_counter()
        yield
        self._evaluations += time.perf_counter() - begin

    def count_for_steps(self, seconds: float) -> None:
        """Leave seconds that both the last evaluation and the next steps took out of the former."""
        self._evaluations = max(self._evaluations - seconds, 0.0)
