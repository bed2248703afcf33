"""The kernels of a linear model: the C texts that a cohort needs, and their compiled functions."""

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
    """The kernels of a cohort of a linear model; each is compiled when it is first used."""

    loss: Loss
    form: StepForm

    @classmethod
    def of(cls, cohort: Cohort) -> LinearKernels:
        """The kernels of a cohort of a linear model."""
        assert isinstance(cohort.model, LinearModel)
        return cls(cohort.model.loss, StepForm.of(cohort))

    def step_text(self, name: StepKernel) -> str:
        """The C text of the kernel of steps. Raises NotCompilableError if there is none."""
        return step_text(name, self.loss, self.form)

    def steps(self, name: StepKernel) -> Function:
        """The compiled function that takes the steps; its C file describes its arguments.

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
        """The compiled function that sums over all rows, see passes.c.

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
        """Take steps on `size` rows each, for a range of lanes. Returns how many stayed finite."""
        return int(self._advance_rows(byref(data), byref(steps), size, count, *lanes))

    def advance_examples(self, data: Examples, steps: Steps, lanes: tuple[int, int]) -> int:
        """Take steps on one row each, for a range of lanes. Returns how many stayed finite."""
        return int(self._advance_examples(byref(data), byref(steps), *lanes))

    def finish_pass(self, steps: Steps, k: int, losses: Numbers, scale: float, G: Array) -> bool:
        """Finish step k of all lanes from the losses (L,) and gradients G (L, P) of a pass.

        G is overwritten. Returns whether all numbers of the step are finite.
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
        """Add Σ ℓ and right predictions (L,), and Σ ∇ℓ (L, P), over a range of rows of `data`.

        places: the first of these rows, and the first row after them. slopes: whether gradients
        are summed. judges: whether right predictions are counted.
        """
        sums = map(address, (values, rights, gradients))
        goal = (address(W), len(W), slopes, judges)
        if not self.passes(byref(data), *places, *goal, *sums):
            raise MemoryError("no memory for the blocks of a pass over the data")


def step_texts(cohort: Cohort) -> list[str]:
    """The C texts of the kernels that the cohort's steps will use.

    Raises NotCompilableError if a kernel has no C form.
    """
    kernels = LinearKernels.of(cohort)
    return [kernels.step_text(name) for name in step_kernels(cohort, kernels)]


def step_kernels(cohort: Cohort, kernels: LinearKernels) -> list[StepKernel]:
    """The kernels that the cohort's steps will use.

    Steps on one example have a separate kernel if the model has one score and nothing is clipped.
    """
    batching = cohort.batching
    if batching.batch_size > 1 or kernels.form.clips or kernels.loss.targets == "code":
        return ["rows"]
    return ["examples"] if batching.growth is None else ["examples", "rows"]
