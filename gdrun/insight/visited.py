"""The weights that a run visits: a listener that keeps them while the run trains."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.array_types import Array
from gdrun.engine.listeners import Listener, Progress
from gdrun.methods.stopping import Readings


@dataclass(frozen=True)
class Place:
    """The weights at one evaluation of a run.

    w (P,): the evaluated weights. before (P,): the weights before the last step. It is None before
    the first step, and for averaged weights, which are not the result of one step. rate: the
    learning rate of the last step; None before the first step.
    """

    step: int
    w: Array
    before: Array | None
    rate: float | None


class Visited(Listener):
    """Keeps the weights at evaluations of a run that trains alone.

    most: the largest number of places that are kept. If there are more, every second place is
    dropped, and from then on the places of half as many evaluations are kept. last: the place of
    the last evaluation, even if it is not kept. seen: the number of evaluations.
    """

    def __init__(self, most: int) -> None:
        self.kept: list[Place] = []
        self.last: Place | None = None
        self._most = most
        self._stride = 1
        self.seen = 0

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        state = progress.state
        rate = float(progress.steps.last()["lr"][0]) if state.step else None
        before = state.before[0] if state.step and not state.averages else None
        self.last = Place(state.step, state.evaluated[0], before, rate)
        if self.seen % self._stride == 0:
            self.kept.append(self.last)
        self.seen += 1
        if len(self.kept) > self._most:
            del self.kept[1::2]
            self._stride *= 2

    @property
    def places(self) -> list[Place]:
        """The kept places, and then the last one if it is not kept."""
        ends_there = not self.kept or self.last is self.kept[-1]
        return self.kept if ends_there or self.last is None else [*self.kept, self.last]
