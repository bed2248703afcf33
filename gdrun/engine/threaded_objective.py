"""An objective whose long sums are computed by several threads, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gdrun.problems.objective import Objective, Result
from gdrun.threads import in_order


class ThreadedObjective(Objective):
    """An objective that computes its blocks of rows in several threads of this process.

    The blocks, and the order in which they are summed, do not depend on the threads. So the result
    is the same, bit for bit, for any number of threads.
    """

    def _of_blocks(
        self, function: Callable[[int], Result], starts: Sequence[int]
    ) -> Iterator[Result]:
        return in_order(function, starts)
