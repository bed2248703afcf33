"""Measure contenders in turn, and take the medians of their times."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.work import Bar, Contender, Finish, Work

PAUSE = 0.25
"""Seconds before each turn, so that spinning threads of the previous contender stop."""


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """Wall seconds of a call, and what it returned."""
    begin = time.perf_counter()
    found = call()
    return time.perf_counter() - begin, found


def timed(call: Callable[[], Any]) -> Contender:
    """A contender that makes this call."""
    return lambda: Finish(seconds_of(call)[0])


def interleaved(
    contenders: Mapping[str, Contender], repetitions: int, *, warm_up: bool = True
) -> dict[str, Finish]:
    """The medians of each contender over `repetitions` rounds.

    warm_up: whether a round comes first whose times are not counted.
    """
    found: dict[str, list[Finish]] = {name: [] for name in contenders}
    for turn in range(-1 if warm_up else 0, repetitions):
        for name, contender in contenders.items():
            time.sleep(PAUSE)
            finish = contender()
            if turn >= 0:
                found[name].append(finish)
    return {name: _medians(finishes) for name, finishes in found.items()}


def _medians(finishes: list[Finish]) -> Finish:
    columns = zip(*finishes, strict=True)
    return Finish(*(None if None in column else median(column) for column in columns))


@dataclass(frozen=True)
class Row:
    """A piece of work with its measured times."""

    work: Work
    found: Mapping[str, Finish]

    @property
    def losses(self) -> list[float]:
        return [finish.loss for finish in self.found.values() if finish.loss is not None]

    @property
    def alike(self) -> bool:
        """Whether the losses at the end are those of the same work."""
        if not self.losses:
            return True
        spread = max(self.losses) - min(self.losses)
        return spread <= self.work.tolerance * max(map(abs, self.losses))

    def ratio(self, bar: Bar, *, whole: bool = False) -> float | None:
        """The measured ratio for a bar; None if one of its contenders is missing.

        whole: whether to use the seconds of whole trainings, if there are any.
        """
        if bar.table is not None:
            memory = self.found[bar.over].memory if bar.over in self.found else None
            return None if memory is None else memory / bar.table
        times = [
            finish.seconds if finish.whole is None or not whole else finish.whole
            for name in (bar.over, bar.under)
            if (finish := self.found.get(name)) is not None
        ]
        if len(times) < (1 if bar.under is None else 2):
            return None
        return times[0] if bar.under is None else times[0] / times[1]


def measured(work: Work, repetitions: int, *, warm_up: bool = True) -> Row:
    return Row(work, interleaved(work.contenders, repetitions, warm_up=warm_up))
