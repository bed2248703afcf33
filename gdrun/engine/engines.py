"""The engine of a cohort: what makes its steppers and reads its objective, and which one it is.

`auto` picks what will finish first by a count of work, made before anything runs: from the
experiment, the data's size, and whether an earlier process left the kernel compiled. Timing the
first steps instead was rejected: the same run could then take another path on a busy day. What was
picked is in the run's record and in its resolved config, so a repetition is bit for bit.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gdrun.engine.batches import Batches
from gdrun.engine.plan import Plan
from gdrun.engine.steppers import NumpyStepper
from gdrun.errors import ConfigError, MissingExtraError, suggestion
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Objective

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort, Lanes

EngineName = Literal["numpy", "compiled"]
CHOICES = ("auto", "numpy", "compiled")
NEEDED = ("numba", "scipy", "threadpoolctl")

# Seconds on one core of a machine of 2024; only their proportions matter.
NUMPY_STEP, NUMPY_RULE, COMPILED_STEP = 25e-6, 5e-6, 0.3e-6
NUMPY_PRODUCT, COMPILED_PRODUCT = 0.3e-9, 0.15e-9
COMPILING, LOADING, STARTING = 3.0, 0.1, 0.6


class Engine(Protocol):
    """What the training loop asks of an engine."""

    @property
    def name(self) -> EngineName: ...

    @property
    def compression(self) -> str | None:
        """What stands for the data in the steps, such as qr; None for the data themselves."""

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> Any:
        """The stepper for these lanes."""

    def objective(self, objective: Objective) -> Objective:
        """The objective as this engine evaluates it."""


class NumpyEngine:
    """The definition of what gdrun computes."""

    name: EngineName = "numpy"
    compression: str | None = None

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NumpyStepper:
        return NumpyStepper(lanes, batches, loss_limit)

    def objective(self, objective: Objective) -> Objective:
        return objective


def engine_for(cohort: Cohort) -> Engine:
    """The engine that the experiment, or GDRUN_ENGINE, asks for.

    Raises ConfigError or MissingExtraError where it asks for what cannot be had.
    """
    asked = wanted_engine(cohort.shared.header.engine)
    if asked == "numpy":
        return NumpyEngine()
    obstacle = _obstacle(cohort)
    if asked == "compiled":
        if not _installed():
            raise MissingExtraError("the compiled engine", "fast")
        if obstacle is not None:
            raise ConfigError(
                f"the compiled engine cannot run this: {obstacle}",
                where="engine",
                hint="use engine: numpy, or auto, which falls back on it",
            )
    elif obstacle is not None or not _compiled_is_faster(cohort):
        return NumpyEngine()
    from gdrun.engine.compiled.engine import CompiledEngine

    return CompiledEngine(cohort)


def wanted_engine(configured: str) -> str:
    """What GDRUN_ENGINE says, and else the experiment."""
    given = os.environ.get("GDRUN_ENGINE") or configured
    if given not in CHOICES:
        what = f"no engine is called {given!r}"
        raise ConfigError(what, where="GDRUN_ENGINE", hint=suggestion(given, CHOICES))
    return given


def _installed() -> bool:
    return all(find_spec(name) is not None for name in NEEDED)


def _obstacle(cohort: Cohort) -> str | None:
    """Why there are no loops for the cohort; None where there are."""
    if not isinstance(cohort.model, LinearModel):
        return "only the linear models have compiled steps"
    if not _installed():
        return "Numba is not installed"
    from gdrun.engine.compiled.engine import obstacle

    return obstacle(cohort)


def _compiled_is_faster(cohort: Cohort) -> bool:
    """Whether the run gains more from compiled steps than their compilation takes."""
    from gdrun.engine.compiled.engine import compiled_before

    budget = Plan(cohort.shared, cohort.batching).budget
    if budget is None:
        return True
    lanes, size = len(cohort.experiments), cohort.model.layout.size
    entries = lanes * size * cohort.batching.batch_size
    rule = NUMPY_RULE * (1 + len(cohort.rule.slots)) * (1 + lanes * size / 5000)
    numpy = NUMPY_STEP + rule + NUMPY_PRODUCT * entries
    compiled = COMPILED_STEP * lanes + COMPILED_PRODUCT * entries
    cost = LOADING if compiled_before(cohort) else COMPILING
    return budget.steps * (numpy - compiled) > STARTING + cost
