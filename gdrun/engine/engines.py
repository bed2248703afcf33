"""The engine of a cohort: what makes its steppers and reads its objective, and which one it is.

`auto` picks what will finish first by a count of work, made before anything runs: from the
experiment, the data's size, and whether an earlier process left the kernel compiled. Timing the
first steps instead was rejected: the same run could then take another path on a busy day. What was
picked is in the run's record and in its resolved config, so a repetition is bit for bit.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext, suppress
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
FUSED_ENTRY = 0.6e-9  # saved for each weight and each of its slots
NETWORK_STEP, NETWORK_PRODUCT = 60e-6, 40e-12  # saved in all, and by sharing the products
LOADING, STARTING = 0.1, 0.6
COMPILING = {"examples": 1.5, "rows": 5.0, "network": 7.0, "update": 0.8}


class Engine(Protocol):
    """What the training loop asks of an engine."""

    @property
    def name(self) -> EngineName: ...

    @property
    def compression(self) -> str | None:
        """What stands for the data in the steps, such as qr; None for the data themselves."""

    def threads(self) -> AbstractContextManager[object]:
        """The context in which all of a training runs: how many threads matrix products have."""

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> Any:
        """The stepper for these lanes."""

    def objective(self, objective: Objective) -> Objective:
        """The objective as this engine evaluates it."""


class NumpyEngine:
    """The definition of what gdrun computes."""

    name: EngineName = "numpy"
    compression: str | None = None

    def threads(self) -> AbstractContextManager[object]:
        return nullcontext()

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
    forced = asked == "compiled"
    if not isinstance(cohort.model, LinearModel):
        return _update_engine(cohort, forced)
    if not forced and not _compiled_is_faster(cohort, known=True):
        return NumpyEngine()  # not even if it is there already, so nothing need be looked up
    if not _installed():
        if forced:
            raise MissingExtraError("the compiled engine", "fast")
        return NumpyEngine()
    from gdrun.engine.compiled import NotCompilableError, compiled_before

    try:
        if not forced and not _compiled_is_faster(cohort, compiled_before(cohort)):
            return NumpyEngine()
        from gdrun.engine.compiled.engine import CompiledEngine

        return CompiledEngine(cohort)
    except NotCompilableError as error:
        return _refused(str(error), forced)


def _update_engine(cohort: Cohort, forced: bool) -> Engine:
    """The engine of a model whose rule alone is compiled, its products being NumPy's already."""
    if cohort.place_names:
        return _refused("a walk on a surface is recorded step by step", forced)
    faster = _fused_is_faster(cohort, known=True) or _network_is_faster(cohort, known=True)
    if not forced and not faster:
        return NumpyEngine()
    if not _installed():
        if forced:
            raise MissingExtraError("the compiled engine", "fast")
        return NumpyEngine()
    from gdrun.engine.compiled import NotCompilableError
    from gdrun.engine.compiled.network_kernels import network_before
    from gdrun.engine.compiled.networks import NetworkEngine
    from gdrun.engine.compiled.updates import UpdateEngine, update_before

    with suppress(NotCompilableError):
        if forced or _network_is_faster(cohort, network_before(cohort)):
            return NetworkEngine(cohort)
    try:
        known = update_before(cohort)
        return UpdateEngine(cohort) if forced or _fused_is_faster(cohort, known) else NumpyEngine()
    except NotCompilableError as error:
        return _refused(str(error), forced)


def wanted_engine(configured: str) -> str:
    """What GDRUN_ENGINE says, and else the experiment."""
    given = os.environ.get("GDRUN_ENGINE") or configured
    if given not in CHOICES:
        what = f"no engine is called {given!r}"
        raise ConfigError(what, where="GDRUN_ENGINE", hint=suggestion(given, CHOICES))
    return given


def _installed() -> bool:
    return all(find_spec(name) is not None for name in NEEDED)


def _refused(reason: str, forced: bool) -> NumpyEngine:
    """The NumPy engine instead, unless the compiled one was asked for."""
    if forced:
        raise ConfigError(
            f"the compiled engine cannot run this: {reason}",
            where="engine",
            hint="use engine: numpy, or auto, which falls back on it",
        )
    return NumpyEngine()


def _fused_is_faster(cohort: Cohort, known: bool) -> bool:
    """Whether a fused update saves more than its compilation takes."""
    budget = Plan(cohort.shared, cohort.batching).budget
    if budget is None:
        return True
    entries = len(cohort.experiments) * cohort.model.layout.size * (1 + len(cohort.rule.slots))
    return budget.steps * entries * FUSED_ENTRY > _cost("update", known)


def _network_is_faster(cohort: Cohort, known: bool) -> bool:
    """Whether steps in one loop save more than its compilation takes."""
    budget = Plan(cohort.shared, cohort.batching).budget
    if budget is None:
        return True
    entries = len(cohort.experiments) * cohort.model.layout.size
    update = entries * (1 + len(cohort.rule.slots)) * FUSED_ENTRY
    saved = NETWORK_STEP + update + NETWORK_PRODUCT * entries * cohort.batching.batch_size
    return budget.steps * saved > _cost("network", known)


def _cost(kernel: str, known: bool) -> float:
    """Seconds before the first compiled step."""
    return STARTING + (LOADING if known else COMPILING[kernel])


def _compiled_is_faster(cohort: Cohort, known: bool) -> bool:
    """Whether the run gains more from compiled steps than their compilation takes.

    known: whether the kernel was compiled before, and need only be loaded.
    """
    budget = Plan(cohort.shared, cohort.batching).budget
    if budget is None:
        return True
    lanes, size = len(cohort.experiments), cohort.model.layout.size
    entries = lanes * size * cohort.batching.batch_size
    rule = NUMPY_RULE * (1 + len(cohort.rule.slots)) * (1 + lanes * size / 5000)
    numpy = NUMPY_STEP + rule + NUMPY_PRODUCT * entries
    compiled = COMPILED_STEP * lanes + COMPILED_PRODUCT * entries
    by_class = cohort.model.layout.layers[-1].outputs > 1
    kernel = "rows" if by_class or cohort.batching.batch_size > 1 else "examples"
    return budget.steps * (numpy - compiled) > _cost(kernel, known)
