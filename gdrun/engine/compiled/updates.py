"""The update of a rule as a compiled kernel, for models whose gradients NumPy computes.

Such models are networks that the network kernel cannot run, for example with batch normalisation.
Nearly all of their work is matrix products, which NumPy computes fast.

The update has the precision of the arrays, as in NumPy. Numbers that all parameters share, such as
1 − β₂ᵗ, are computed in double precision and rounded once, at the place where NumPy rounds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled.arguments import Number, Pointer, Whole, address, kernel
from gdrun.engine.compiled.compiler import compiler, library
from gdrun.engine.compiled.units import option_order, update_text
from gdrun.engine.contract import EngineName
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.threaded_objective import ThreadedObjective
from gdrun.methods.rules import Rule
from gdrun.problems.objective import Objective
from gdrun.threads import single_blas_thread


class UpdateEngine:
    """The NumPy engine with the rule's update compiled, for a network.

    compression: None, because no factorisation replaces the data. note: a hint for a faster run,
    which only the NumPy engine can have.
    """

    name: EngineName = "compiled"
    compression: str | None = None
    note: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compile the update. Raises NotCompilableError if the rule cannot be translated to C."""
        self.compiler: str | None = compiler().version
        library(text_of_update(cohort))

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NumpyStepper:
        update = FusedUpdate(lanes.cohort.rule, lanes.rule_options(), lanes.cohort.dtype)
        return NumpyStepper(lanes, batches, loss_limit, self.objective(lanes.objective), update)

    def objective(self, objective: Objective) -> Objective:
        return ThreadedObjective(objective.model, objective.l2, objective.dropout)


class FusedUpdate:
    """A compiled function that applies one step of a rule to all lanes (runs), in place."""

    def __init__(self, rule: Rule, options: Mapping[str, Any], dtype: np.dtype[Any]) -> None:
        """Compile the update. Raises NotCompilableError if the rule cannot be translated to C.

        options: the values of the rule's options except lr, by name. An option that lanes may
        differ in is a float or an array (lanes, 1); other options may have any type.
        """
        self._names = option_order(rule)
        self._options = dict(options)
        parameters = (Pointer, Pointer, Pointer, Number, Pointer, Whole, Whole, Pointer, Pointer)
        text = update_text(rule, _fixed(rule, options), dtype)
        self._run = kernel(library(text), "update_lanes", None, *parameters)

    def __call__(
        self,
        W: Array,
        gradient: Array,
        slots: Array,
        t: float,
        changed: Mapping[str, Any],
        moved: Numbers,
        length: Numbers,
    ) -> None:
        """Take a step: replace the P weights W (lanes, P) and K slots (lanes, K, P) in place.

        gradient: (lanes, P). t: the step count, from 1. changed: the values of lr and of other
        options that a schedule changes, by name. moved, length (lanes,): receive the norms of the
        update and of the new weights of each lane.
        """
        given = self._options | dict(changed)
        options = np.empty((len(W), len(self._names)))
        for column, name in enumerate(self._names):
            options[:, column : column + 1] = given[name]
        arrays = [address(array) for array in (W, np.ascontiguousarray(gradient), slots)]
        numbers = [address(array) for array in (options, moved, length)]
        self._run(*arrays, t, numbers[0], *W.shape, *numbers[1:])


def text_of_update(cohort: Cohort) -> str:
    """Return the C text of the update of a cohort's rule.

    Raises NotCompilableError if the rule cannot be translated to C.
    """
    return update_text(cohort.rule, cohort.rule_options, cohort.dtype)


def _fixed(rule: Rule, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of those options of the rule that lanes cannot differ in, by name."""
    return {name: options[name] for name, option in rule.options.items() if not option.varies}
