"""The objective whose long sums are computed block by block in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gdrun.engine.threads import in_order
from gdrun.problems.objective import Objective, Result


class ThreadedObjective(Objective):
    """The objective, with blocks of rows shared by the threads of this process.

    The blocks and the order of their sum are those of the plain objective, so the bits are the same
    for any number of threads.
    """

    def _of_blocks(
        self, function: Callable[[int], Result], starts: Sequence[int]
    ) -> Iterator[Result]:
        return in_order(function, starts)
