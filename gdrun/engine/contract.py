"""The interface between the training loop and an engine.

An engine is made for one cohort, which is a group of runs (lanes) that train together. The engine
makes steppers, which take steps with the lanes that are still training, and it evaluates their
objective. The NumPy and the compiled engine have the same interface, so that no other module
depends on the choice of the engine.
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
"""The compiled engines: the whole step of a linear model, of a network, or only the update."""


class NotCompilableError(Exception):
    """A kernel has no C form, or the compiler cannot build it; the message says why."""


class CompilerError(NotCompilableError):
    """There is no C compiler, or the compiler fails or hangs. The cause is not the kernel."""


@dataclass(frozen=True)
class Failure:
    """Why a lane diverged: the quantity, its value, and the name of the weights, if known."""

    quantity: str
    value: float
    layer: str | None


@dataclass
class Measures:
    """The measurements of each step of a chunk, (steps, lanes), and the state after the last step.

    W, slots, running_stats: after the last step; running_stats is None for a model without any.
    bad: the reason for each lane that diverged at the last step, by its index. places: W after each
    step, (steps, lanes, P), on a surface. before: W before the last step. borrowed: seconds that
    the evaluation before the chunk spent on sums that the first step reused.
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
        """The number of steps that were taken."""
        return len(self.batch_loss)


class Stepper(Protocol):
    """Takes steps with a fixed set of lanes. When a lane ends, a new stepper is made."""

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
        """Take a chunk of steps of one epoch, which starts with W (lanes, P) at `place`.

        step: the number of earlier steps. rates (steps, lanes): the learning rate of each step.
        betas (steps, lanes): the momentum of each step, if the schedule changes it. running_stats
        (lanes, Q): of batch normalisation. The chunk ends early at a step where a lane diverges.
        """


class Engine(Protocol):
    """Makes the steppers of one cohort and evaluates its objective."""

    @property
    def name(self) -> EngineName: ...

    @property
    def compression(self) -> str | None:
        """The factorisation that replaces the data in the steps, such as qr, or None."""

    @property
    def compiler(self) -> str | None:
        """The version line of the C compiler that compiled the kernels, or None."""

    @property
    def note(self) -> str | None:
        """A hint for a faster run, if the compiled engine was chosen but is not available."""

    def threads(self) -> AbstractContextManager[object]:
        """A context for the whole training, which limits the threads of matrix products."""

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Numbers) -> Stepper:
        """A stepper for these lanes. loss_limit (lanes,): the loss above which a lane diverged."""

    def objective(self, objective: Objective) -> Objective:
        """The same objective, evaluated by this engine."""


EngineMaker = Callable[[], Engine]
"""A function that makes the chosen engine. It compiles the kernels when it is called."""
