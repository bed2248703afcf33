"""The choice of the engine that runs a cohort, which is a group of runs that train together.

`auto` chooses the engine that should finish first. The time of each engine is estimated before the
run, from the experiment and the size of the data alone. So the same run always uses the same engine
on a machine. Two alternatives were rejected: timing the first steps, because a busy machine could
change the choice; and choosing a kernel because it is compiled already.

The record of a run and its resolved config name the engine, so that the run can be repeated bit for
bit.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from gdrun.array_types import Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled import compiled_engine, kernel_texts, require_compiler
from gdrun.engine.contract import (
    CompilerError,
    Engine,
    EngineMaker,
    EngineName,
    KindName,
    MissingCompilerError,
    NotCompilableError,
)
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.threaded_objective import ThreadedObjective
from gdrun.errors import ConfigError, MissingExtraError, suggestion
from gdrun.problems.linear import LinearModel
from gdrun.problems.objective import Objective
from gdrun.threads import single_blas_thread

CHOICES = ("auto", "numpy", "compiled")
"""The engines that a config or the environment variable GDRUN_ENGINE can name."""

# Seconds on one core of a machine of 2024; only their ratios matter.
NUMPY_STEP, NUMPY_RULE, COMPILED_STEP = 50e-6, 5e-6, 0.3e-6
NUMPY_PRODUCT, COMPILED_PRODUCT = 0.3e-9, 0.15e-9
FUSED_ENTRY = 0.6e-9  # saved in each step, for each weight and each of its slots
NETWORK_STEP, NETWORK_PRODUCT = 100e-6, 100e-12  # saved for each step, for each multiplication
PAYS_FROM = {"examples": 0.5, "rows": 0.6, "network": 0.75, "update": 0.45}
"""The seconds that each kind of kernel must save in the whole run to be used. They are about the
seconds that its compilation takes.

They also apply to a kernel that is compiled already and loads in milliseconds. Otherwise the second
run of a command could use another engine than the first. Its numbers would then differ in the last
digits, or in all digits if the run is unstable.
"""


@dataclass(frozen=True)
class NumpyEngine:
    """The NumPy engine. It runs every model. The other engines must give the same results.

    note: a hint for a faster run; None without one.
    """

    note: str | None = None
    name: ClassVar[EngineName] = "numpy"
    compression: ClassVar[str | None] = None
    compiler: ClassVar[str | None] = None

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Numbers) -> NumpyStepper:
        return NumpyStepper(lanes, batches, loss_limit, self.objective(lanes.objective))

    def objective(self, objective: Objective) -> Objective:
        return ThreadedObjective(objective.model, objective.l2, objective.dropout)


def engine_maker(cohort: Cohort, configured: str) -> EngineMaker:
    """Choose the engine of a cohort (runs that train together); return a function that makes it.

    configured: the engine in the config; the environment variable GDRUN_ENGINE overrides it. Only
    the returned function compiles kernels. Raises ConfigError if the name is unknown, or if the
    compiled engine is required and cannot run the cohort; MissingExtraError if the compiled engine
    is required and no compiler is installed.
    """
    wanted = wanted_engine(configured)
    if wanted == "numpy":
        return NumpyEngine
    forced = wanted == "compiled"
    if cohort.surface is not None:
        reason = "a surface needs the weights of every step, which this engine does not record"
        return _refused(reason, forced)
    kinds = _kinds(cohort)
    if not forced:
        kinds = [kind for kind in kinds if kind.saved > PAYS_FROM[kind.kernel]]
    if not kinds:
        return NumpyEngine
    try:
        require_compiler()
    except CompilerError as error:
        remedy = error.remedy
        if isinstance(error, MissingCompilerError):
            needed, other = f"a C compiler, but {error}", "install gcc or clang"
            missing = MissingExtraError("the compiled engine", "compiler", needed, other)
            if forced:
                raise missing from None
            remedy = missing.problems[0].hint or ""
        if forced:
            return _refused(str(error), forced, remedy)
        return partial(NumpyEngine, f"faster with a C compiler, but {error}: {remedy}")
    return _first_with_a_form(cohort, kinds, forced)


@dataclass(frozen=True)
class _Kind:
    """A kind of compiled engine that may be able to run a cohort.

    kernel: the key in PAYS_FROM of the kernel that this kind compiles. saved: the seconds that this
    kind saves in the whole run, compared with the NumPy engine.
    """

    name: KindName
    kernel: str
    saved: float


def _kinds(cohort: Cohort) -> list[_Kind]:
    """The kinds of compiled engine for the cohort's model; the kind that compiles most is first."""
    if isinstance(cohort.model, LinearModel):
        by_class = cohort.model.layout.layers[-1].outputs > 1
        kernel = "rows" if by_class or cohort.batching.batch_size > 1 else "examples"
        return [_Kind("linear", kernel, _saved(cohort, _saved_by_loops(cohort)))]
    return [
        _Kind("network", "network", _saved(cohort, _saved_by_network(cohort))),
        _Kind("update", "update", _saved(cohort, _saved_by_update(cohort))),
    ]


def _first_with_a_form(cohort: Cohort, kinds: Sequence[_Kind], forced: bool) -> EngineMaker:
    """A function that makes the first of these engines whose kernels can be written in C.

    forced: whether the user requires the compiled engine; if not, the NumPy engine is allowed too.
    """
    reason = ""
    for place, kind in enumerate(kinds):
        try:
            kernel_texts(cohort, kind.name)
        except NotCompilableError as error:
            reason = str(error)
        else:
            return partial(_make, cohort, kind, kinds[place + 1 :], forced)
    return _refused(reason, forced)


def _make(cohort: Cohort, kind: _Kind, others: Sequence[_Kind], forced: bool) -> Engine:
    """The engine of this kind; if its kernels cannot be compiled, another engine.

    others: the kinds to try next. forced: whether the user requires the compiled engine; if not,
    the result may be the NumPy engine.
    """
    remedy = ""
    try:
        return compiled_engine(cohort, kind.name)
    except CompilerError as error:
        if not forced:
            return NumpyEngine(f"not compiled: {error.with_remedy}")
        reason, remedy = str(error), error.remedy
    except NotCompilableError as error:
        reason = str(error)
    if others:
        return _first_with_a_form(cohort, others, forced)()
    return _refused(reason, forced, remedy)()


def wanted_engine(configured: str) -> str:
    """The name of the engine to use, from GDRUN_ENGINE, or else from the config.

    configured: the engine in the config. Raises ConfigError if there is no engine of this name.
    """
    given = os.environ.get("GDRUN_ENGINE") or configured
    if given not in CHOICES:
        what = f"no engine is called {given!r}"
        raise ConfigError(what, where="GDRUN_ENGINE", hint=suggestion(given, CHOICES))
    return given


def _refused(reason: str, forced: bool, remedy: str = "") -> EngineMaker:
    """Return a function that makes the NumPy engine, if the compiled one cannot run a cohort.

    reason: why it cannot run the cohort. forced: whether the user requires the compiled engine; if
    so, ConfigError is raised with the reason. remedy: how to use the compiled engine, if known.
    """
    if forced:
        by_variable = bool(os.environ.get("GDRUN_ENGINE"))
        numpy = "use engine: numpy or auto"
        if by_variable:
            numpy = "unset GDRUN_ENGINE, or set it to numpy or auto"
        raise ConfigError(
            f"the compiled engine cannot run this: {reason}",
            where="GDRUN_ENGINE" if by_variable else "engine",
            hint=f"{remedy}; or {numpy}" if remedy else numpy,
        )
    return NumpyEngine


def _saved(cohort: Cohort, by_a_step: float) -> float:
    """The seconds that a compiled engine saves in the whole run; ∞ with a budget in seconds only.

    by_a_step: the seconds saved by one step of all runs that train together.
    """
    budget = cohort.plan.budget
    return math.inf if budget is None else budget.steps * by_a_step


def _saved_by_update(cohort: Cohort) -> float:
    """The seconds saved by one step of all runs if the update is compiled into one loop."""
    return cohort.lanes * cohort.model.layout.size * (1 + len(cohort.rule.slots)) * FUSED_ENTRY


def _saved_by_network(cohort: Cohort) -> float:
    """The seconds saved by one step of all runs if a network's whole step is compiled."""
    entries = cohort.lanes * cohort.model.layout.size
    products = NETWORK_PRODUCT * entries * cohort.batching.batch_size
    return NETWORK_STEP + _saved_by_update(cohort) + products


def _saved_by_loops(cohort: Cohort) -> float:
    """The seconds saved by one step of all runs if a linear model's whole step is compiled."""
    lanes, size = cohort.lanes, cohort.model.layout.size
    entries = lanes * size * cohort.batching.batch_size
    rule = NUMPY_RULE * (1 + len(cohort.rule.slots)) * (1 + lanes * size / 5000)
    numpy = NUMPY_STEP + rule + NUMPY_PRODUCT * entries
    return numpy - COMPILED_STEP * lanes - COMPILED_PRODUCT * entries
