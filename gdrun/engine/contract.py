"""What the training loop needs of an engine, and what a stepper measures.

An engine is made for one cohort. It hands out a stepper for the lanes that still train, and reads
the full objective for them. Both engines follow this contract, and nothing else in the package
depends on which of them runs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from gdrun.array_types import Array, Flags, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.plan import Place
from gdrun.problems.objective import Objective

EngineName = Literal["numpy", "compiled"]
KindName = Literal["linear", "network", "update"]
"""The compiled engines: all of a linear model's step, all of a network's, or the update alone."""


@dataclass(frozen=True)
class Failure:
    """Why a lane diverged: the quantity, its value, and the weights it belongs to, if any."""

    quantity: str
    value: float
    layer: str | None


@dataclass
class Measures:
    """What each step of a chunk measured, (steps, lanes), and the state after the last of them.

    W, slots, running_stats: after the last step; running_stats is None where a model has none.
    before: W before the last step. places: W after every step, (steps, lanes, P), for a walk on a
    surface. bad: the lanes that diverged at the last step, by their index among the lanes, and why;
    only a careful pass looks. borrowed: seconds that an earlier evaluation at the first W spent on
    sums that the first step used again.
    """

    batch_loss: Numbers
    grad_norm: Numbers
    update_norm: Numbers
    weight_norm: Numbers
    clipped: Flags
    W: Array
    slots: tuple[Array, ...]
    bad: dict[int, Failure]
    places: Array | None = None
    running_stats: Array | None = None
    before: Array | None = None
    borrowed: float = 0.0

    @property
    def steps(self) -> int:
        return len(self.batch_loss)


class Stepper(Protocol):
    """Advances a fixed set of lanes; a new one is made when a lane ends."""

    def most_steps(self, epoch: int) -> int:
        """The most steps of this epoch that one call of `advance` may take."""

    def advance(
        self,
        W: Array,
        slots: tuple[Array, ...],
        step: int,
        place: Place,
        rates: Numbers,
        betas: Numbers | None = None,
        running_stats: Array | None = None,
    ) -> Measures:
        """Take a chunk of steps of one epoch from W (lanes, P); `step` counts the steps before.

        rates (steps, lanes): the learning rate of each step. betas (steps, lanes): the momentum of
        each step, where a schedule cycles it. running_stats (lanes, Q): those of batch
        normalisation. A chunk in which a lane diverges ends with that step.
        """


class Engine(Protocol):
    """Makes the steppers of one cohort and evaluates its objective."""

    @property
    def name(self) -> EngineName: ...

    @property
    def compression(self) -> str | None:
        """What replaces the data in the steps, such as qr; None where the data are used."""

    def threads(self) -> AbstractContextManager[object]:
        """The context of a whole training: how many threads a matrix product may use."""

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Numbers) -> Stepper:
        """The stepper for these lanes. loss_limit (lanes,): a loss above it has diverged."""

    def objective(self, objective: Objective) -> Objective:
        """The objective as this engine evaluates it."""


EngineMaker = Callable[[], Engine]
"""Makes the engine that was chosen; kernels are compiled when it is called, not before."""
