"""A schedule that lowers the rate when the validation loss has stopped falling."""

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
    """The state of the schedule for each lane; every array has shape (lanes,).

    best: the lowest loss. stale: evaluations without improvement since then. cooldown_left:
    evaluations after a drop that do not count yet. drops: the number of drops so far.
    """

    best: Numbers
    stale: Counts
    cooldown_left: Counts
    drops: Counts

    @classmethod
    def start(cls, lanes: int) -> Memory:
        """The state before the first evaluation."""
        none = np.zeros(lanes, dtype=np.int64)
        return cls(np.full(lanes, np.inf), none, none, none)

    def keep(self, alive: Flags) -> Memory:
        """The state of those lanes for which `alive` (lanes,) is true."""
        return Memory(
            self.best[alive], self.stale[alive], self.cooldown_left[alive], self.drops[alive]
        )


def watch(
    memory: Memory,
    loss: Numbers,
    patience: Natural = 10,
    threshold: Decay = 1e-4,
    cooldown: Natural = 0,
) -> Memory:
    """The state after one more evaluation with the validation losses `loss` (lanes,)."""
    # A comparison with NaN is false, so a NaN counts as an evaluation without improvement.
    better = loss < memory.best * (1 - threshold)
    cooling = memory.cooldown_left > 0
    stale = np.where(better | cooling, 0, memory.stale + 1)
    drop = stale > patience
    return Memory(
        best=np.where(better, loss, memory.best),
        stale=np.where(drop, 0, stale),
        cooldown_left=np.where(drop, cooldown, memory.cooldown_left - cooling),
        drops=memory.drops + drop,
    )


@schedule(watch=watch)
def plateau(drops: Any, lr: Any, factor: Shrinkage = 0.1, lr_min: NonNegative = 0.0) -> Any:
    """The rate drops by a constant factor when the validation loss has stopped improving.

        lr(t) = max(lr₀ · γⁿ, lr_min)

    γ is factor; n is the number of drops so far. The rate drops when, for more than patience
    consecutive evaluations, the validation loss has not been below (1 − threshold) times its best
    value. The next cooldown evaluations after a drop do not count. Without a validation part the
    schedule uses the training loss.

    Source: common practice, in the form of ReduceLROnPlateau in PyTorch.

    Elsewhere: PyTorch does not change the rate by less than 1e-8. ReduceLROnPlateau in Keras drops
    the rate one evaluation earlier (at patience, not above it) and takes an absolute threshold.
    """
    # The inner minimum keeps a rate that starts below lr_min unchanged.
    return maximum(lr * factor**drops, minimum(lr, lr_min))
