"""A schedule that lowers the rate when the validation loss has stopped falling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import maximum, minimum

from gdrun.array_types import Flags, Integers, Numbers
from gdrun.methods.definitions import Decay, Natural, NonNegative, Shrinkage
from gdrun.methods.schedules.form import schedule


@dataclass(frozen=True)
class Memory:
    """The state of the schedule `plateau` in each lane (each run); every array is (lanes,).

    best: the validation loss of the last improvement. stale: the number of evaluations without
    improvement since then or since the last drop. cooldown_left: the number of coming evaluations
    that are not counted in `stale`, because the rate has just dropped. drops: how often the rate
    has dropped so far.
    """

    best: Numbers
    stale: Integers
    cooldown_left: Integers
    drops: Integers

    @classmethod
    def start(cls, lanes: int) -> Memory:
        """Return the state before the first evaluation. lanes: the number of lanes."""
        none = np.zeros(lanes, dtype=np.int64)
        return cls(np.full(lanes, np.inf), none, none, none)

    def keep(self, alive: Flags) -> Memory:
        """Return the state of only those lanes for which `alive` (lanes,) is true."""
        return Memory(
            self.best[alive], self.stale[alive], self.cooldown_left[alive], self.drops[alive]
        )


def watch(
    memory: Memory,
    loss: Numbers,
    moved: Flags,
    patience: Natural = 10,
    threshold: Decay = 1e-4,
    cooldown: Natural = 0,
) -> Memory:
    """Return the state after one more evaluation.

    memory: the state before. loss: the validation losses of the evaluation, (lanes,). moved
    (lanes,): whether the rate was above zero since the evaluation before. If not, the weights are
    the same as before, and the evaluation does not count. patience, threshold, cooldown: options of
    `plateau`.
    """
    # A comparison with NaN is false, so a NaN counts as an evaluation without improvement.
    better = loss < memory.best * (1 - threshold)
    cooling = moved & (memory.cooldown_left > 0)
    stale = np.where(better | cooling, 0, memory.stale + moved)
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

        lr(t) = max(lr₀ · γⁿ, min(lr₀, lr_min))

    lr₀ is the initial rate, γ is factor; n is the number of drops so far. An evaluation is an
    improvement if the validation loss is below (1 − threshold) times the loss of the last
    improvement. The rate drops when more than p evaluations in a row bring no improvement, where p
    is patience. Among the c evaluations after a drop, where c is cooldown, those that bring no
    improvement do not count. threshold, patience and cooldown are further options of this schedule.
    If the data have no validation part, the training loss is used.

    Source: common practice, in the form of ReduceLROnPlateau in PyTorch.

    Elsewhere: PyTorch omits a drop that would change the rate by less than 1e-8. ReduceLROnPlateau
    in Keras drops the rate one evaluation earlier (after p evaluations without improvement) and
    takes an absolute threshold.
    """
    # The inner minimum keeps a rate that starts below lr_min unchanged.
    return maximum(lr * factor**drops, minimum(lr, lr_min))
