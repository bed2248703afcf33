"""The kernels of a linear model: C texts, and the functions that are compiled from them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from gdrun.array_types import Array, Numbers
from gdrun.engine.cohort import Cohort
from gdrun.engine.compiled.arguments import (
    Examples,
    Flag,
    Number,
    Pointer,
    Steps,
    Whole,
    address,
    kernel,
)
from gdrun.engine.compiled.compiler import library
from gdrun.engine.compiled.units import StepForm, pass_text, step_text
from gdrun.problems.linear import LinearModel
from gdrun.problems.losses import Loss

Function = Callable[..., Any]
StepKernel = Literal["rows", "examples"]


@dataclass(frozen=True)
class LinearKernels:
    """The kernels of a cohort of a linear model; each is compiled when it is first used.

    form: the properties of the rule and of the steps that the kernels depend on.
    """

    loss: Loss
    form: StepForm

    @classmethod
    def of(cls, cohort: Cohort) -> LinearKernels:
        """Return the kernels of a cohort of a linear model, without compiling them."""
        assert isinstance(cohort.model, LinearModel)
        return cls(cohort.model.loss, StepForm.of(cohort))

    def step_text(self, name: StepKernel) -> str:
        """Return the C text of a kernel of steps.

        Raises NotCompilableError if the rule or the loss cannot be translated to C.
        """
        return step_text(name, self.loss, self.form)

    def steps(self, name: StepKernel) -> Function:
        """Return the compiled function of a kernel of steps. The C file describes its arguments.

        Raises NotCompilableError if it cannot be compiled.
        """
        return self._advance_rows if name == "rows" else self._advance_examples

    @cached_property
    def _row_library(self) -> ctypes.CDLL:
        return library(self.step_text("rows"))

    @cached_property
    def _advance_rows(self) -> Function:
        parameters = (Pointer, Pointer, Whole, Number, Whole, Whole)
        return kernel(self._row_library, "advance_rows", Whole, *parameters)

    @cached_property
    def _advance_examples(self) -> Function:
        text = self.step_text("examples")
        return kernel(library(text), "advance_examples", Whole, Pointer, Pointer, Whole, Whole)

    @cached_property
    def _finish_pass(self) -> Function:
        parameters = (Pointer, Whole, Pointer, Number, Pointer)
        return kernel(self._row_library, "finish_pass", Flag, *parameters)

    @cached_property
    def passes(self) -> Function:
        """The compiled function that sums losses and gradients over all rows, see passes.c.

        Raises NotCompilableError if it cannot be compiled.
        """
        sizes = (Whole, Whole, Pointer, Whole, Flag, Flag)
        sums = (Pointer, Pointer, Pointer)
        return kernel(
            library(pass_text(self.loss, self.form.dtype)), "add_pass", Flag, Pointer, *sizes, *sums
        )

    def advance_rows(
        self, data: Examples, steps: Steps, size: int, count: float, lanes: tuple[int, int]
    ) -> int:
        """Take steps, each on `size` rows, for a range of lanes (runs).

        count: the number of examples that the mean over a step divides by; 0 means the number of
        rows of the step. lanes: the first lane, and the one after the last. Returns the number of
        steps before the first one at which a lane diverges.
        """
        return int(self._advance_rows(byref(data), byref(steps), size, count, *lanes))

    def advance_examples(self, data: Examples, steps: Steps, lanes: tuple[int, int]) -> int:
        """Take steps, each on one row, for a range of lanes (runs).

        lanes: the first lane, and the one after the last. Returns the number of steps before the
        first one at which a lane diverges.
        """
        return int(self._advance_examples(byref(data), byref(steps), *lanes))

    def finish_pass(self, steps: Steps, k: int, losses: Numbers, scale: float, G: Array) -> bool:
        """Finish step k of all lanes after a pass over the data has computed the sums.

        losses (L,): the sum of the losses for each of L lanes. G (L, P): the sums of the gradients
        for P weights, which are overwritten. scale: the factor that turns the sums into means.
        Returns whether no lane diverges at this step.
        """
        return bool(self._finish_pass(byref(steps), k, address(losses), scale, address(G)))

    def add_pass(
        self,
        data: Examples,
        places: tuple[int, int],
        W: Array,
        values: Numbers,
        rights: Numbers,
        gradients: Array,
        *,
        slopes: bool,
        judges: bool,
    ) -> None:
        """Add sums over a range of rows of `data`, for L lanes with P weights, to three arrays.

        places: the first row, and the one after the last. W (L, P): the weights. values (L,),
        rights (L,), gradients (L, P): the arrays to add to, in place; they hold the losses, the
        numbers of correct predictions and the gradients. slopes: whether to sum gradients. judges:
        whether to count correct predictions. Raises MemoryError if the buffers do not fit.
        """
        sums = map(address, (values, rights, gradients))
        goal = (address(W), len(W), slopes, judges)
        if not self.passes(byref(data), *places, *goal, *sums):
            raise MemoryError("not enough memory for the buffers of a pass over the data")


def step_texts(cohort: Cohort) -> list[str]:
    """Return the C texts of the kernels that the steps of the cohort will use.

    Raises NotCompilableError if the rule or the loss cannot be translated to C.
    """
    kernels = LinearKernels.of(cohort)
    return [kernels.step_text(name) for name in step_kernels(cohort, kernels)]


def step_kernels(cohort: Cohort, kernels: LinearKernels) -> list[StepKernel]:
    """Return the names of the kernels that the steps of the cohort will use.

    Steps on one example have a separate kernel, `examples`, if the model has one score and no
    gradient is clipped. All other steps use the kernel `rows`.
    """
    batching = cohort.batching
    if batching.batch_size > 1 or kernels.form.clips or kernels.loss.targets == "code":
        return ["rows"]
    return ["examples"] if batching.growth is None else ["examples", "rows"]
