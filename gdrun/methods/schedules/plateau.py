"""A schedule that follows the validation loss: it drops when that has stopped falling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import maximum, minimum

from gdrun.array_types import Counts, Flags, Numbers
from gdrun.methods.definitions import Decay, Natural, NonNegative, Shrinkage
from gdrun.methods.schedules.form import schedule


@dataclass(frozen=True)
class Memory:
    """What the schedule remembers of each lane, (lanes,).

    best: the loss to beat. stale: evaluations since it was beaten. resting: evaluations left of the
    rest after a drop, which do not count as stale. drops: how often the rate has dropped.
    """

    best: Numbers
    stale: Counts
    resting: Counts
    drops: Counts

    @classmethod
    def start(cls, lanes: int) -> Memory:
        none = np.zeros(lanes, dtype=np.int64)
        return cls(np.full(lanes, np.inf), none, none, none)

    def keep(self, alive: Flags) -> Memory:
        """The memory of the lanes marked alive (lanes,)."""
        return Memory(self.best[alive], self.stale[alive], self.resting[alive], self.drops[alive])


def watch(
    memory: Memory,
    loss: Numbers,
    patience: Natural = 10,
    threshold: Decay = 1e-4,
    cooldown: Natural = 0,
) -> Memory:
    """The memory after one more evaluation with these losses (lanes,).

    A NaN is never better, so it counts as stale.
    """
    better = loss < memory.best * (1 - threshold)
    resting = memory.resting > 0
    stale = np.where(better | resting, 0, memory.stale + 1)
    drop = stale > patience
    return Memory(
        best=np.where(better, loss, memory.best),
        stale=np.where(drop, 0, stale),
        resting=np.where(drop, cooldown, memory.resting - resting),
        drops=memory.drops + drop,
    )


@schedule(watch=watch)
def plateau(drops: Any, lr: Any, factor: Shrinkage = 0.1, lr_min: NonNegative = 0.0) -> Any:
    """A drop by a constant factor whenever the validation loss has not improved for a while.

        lr(t) = max(lr₀ · γⁿ, lr_min)

    γ is factor; n counts the drops so far. A drop comes when more than patience evaluations in a
    row have not brought the validation loss below (1 − threshold) times its best; after it,
    cooldown evaluations do not count. Where there is no validation part, the training loss is
    judged.

    Source: common practice; in this form, PyTorch's ReduceLROnPlateau.

    Elsewhere: PyTorch leaves out drops by less than 1e-8. ReduceLROnPlateau in Keras drops one
    evaluation earlier (at patience, not above it) and takes an absolute threshold.
    """
    # A rate that starts below lr_min stays where it is.
    return maximum(lr * factor**drops, minimum(lr, lr_min))
