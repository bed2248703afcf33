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
"""The kinds of compiled engine. They compile the whole step of a linear model, the whole step of a
network, or only the update.
"""


class NotCompilableError(Exception):
    """A kernel cannot be translated to C, or the C compiler fails; the message says why."""


class CompilerError(NotCompilableError):
    """The C compiler is missing, hangs or fails, or its library cannot be saved or loaded.

    remedy: what the user can do to use a compiler, for a hint; empty if this is not known.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def with_remedy(self) -> str:
        """The message, and after it the remedy if there is one."""
        return f"{self}; {self.remedy}" if self.remedy else str(self)


class MissingCompilerError(CompilerError):
    """No C compiler is installed."""


@dataclass(frozen=True)
class Failure:
    """Why a run diverged: a quantity was not finite, or the loss was above its limit.

    quantity: the name of the quantity, such as "batch loss". value: the value of the quantity.
    layer: the name of the weights with this value; None if it is not known.
    """

    quantity: str
    value: float
    layer: str | None


@dataclass
class Measures:
    """The measurements of each step of a chunk, (steps, lanes), and the state after the last step.

    A chunk is several consecutive steps; lanes are runs that train together. W (lanes, P): the P
    weights of each lane after the last step. slots: the state of the update rule after the last
    step, (lanes, P) each. running_stats (lanes, Q): the Q running statistics of batch
    normalisation, after the last step; None for a model without any. bad: why a lane diverged at
    the last step, by the lane's index among the stepper's lanes; empty if no lane did. places: W
    after each step, (steps, lanes, P), on a surface, else None. before: W before the last step;
    None if the engine does not keep it, and the W before the chunk takes its place. borrowed: the
    seconds that the evaluation before the chunk spent on sums that the first step used again.
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
    """Takes training steps with a fixed set of lanes, which are runs that train together.

    When a lane ends, a new stepper is made for the others.
    """

    def most_steps(self, epoch: int) -> int:
        """The most steps of this epoch that one call of `advance` may take."""

    def on_one_core(self, epoch: int) -> bool:
        """Whether a long chunk of this epoch runs on one core, without Python.

        Then the weights before it can be evaluated on another core at the same time.
        """

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
        """Take a chunk, which is several consecutive steps of one epoch, and measure each step.

        The result has the measurements, and the weights and state after the chunk; the arguments
        have those before it. W (lanes, P): the P weights of each lane. slots: the state of the
        update rule, (lanes, P) each. step: the number of earlier steps. place: the epoch of the
        chunk, and the number of earlier steps in this epoch. rates (steps, lanes): the learning
        rate of each step. betas (steps, lanes): the momentum of each step; None if the schedule
        does not change it. running_stats (lanes, Q): the Q running statistics of batch
        normalisation; None without any. The chunk ends early at a step where a lane diverges.
        """


class Engine(Protocol):
    """Makes the steppers of one cohort (runs that train together) and evaluates its objective."""

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
        """A hint for a faster run if there is no compiler or it failed; None without a hint."""

    def threads(self) -> AbstractContextManager[object]:
        """A context for the whole training, which limits the threads of matrix products."""

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Numbers) -> Stepper:
        """A stepper for these lanes, which are runs that train together.

        loss_limit (lanes,): a lane with a larger loss has diverged.
        """

    def objective(self, objective: Objective) -> Objective:
        """The same objective, evaluated by this engine."""


EngineMaker = Callable[[], Engine]
"""A function that makes the chosen engine. A call compiles the kernels of a compiled engine."""
