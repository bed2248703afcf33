"""Where each step of a run ends on a parabola fitted to f along the step, from the trace alone.

A step d = −α∇f from w has the slope ∇fᵀd = −α‖∇f‖². The parabola through f(w) with this slope, and
through f(w + d), has its lowest point at the end of the step if f falls by ½α‖∇f‖². The position of
the end is its distance from the lowest point, divided by the distance of w from
the lowest point:

    position = 1 + 2 (f(w + d) − f(w)) / (α‖∇f‖²)

It is −1 for a tiny step, 0 if the step ends at the lowest point, and above 1 if it ends higher than
it began. On a quadratic it is the position that `curvature_path` computes with the Hessian. At the
rate 2/L on a quadratic it tends to 1, and rounding errors decide whether it is above 1. So a step
counts as higher only if f rose by more than its rounding error.

Source: Schneider, Dangel & Hennig 2021, who call it α.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Integers, Numbers
from gdrun.problems.rises import rose
from gdrun.runs.run import Run


@dataclass(frozen=True)
class StepPositions:
    """Where n steps end on the parabolas along them: −1 for a tiny step, 0 at the lowest point.

    steps (n,): the numbers of the steps in the run, from 1. positions (n,): above 1 if f is higher
    after the step than before. higher (n,): whether it is higher by more than its rounding error.
    """

    steps: Integers
    positions: Numbers
    higher: Flags

    @property
    def shares(self) -> tuple[float, float, float]:
        """Three shares of the steps, which add up to 1, by where each step ends.

        They are the steps that end before the lowest point, those that end at it or beyond it
        without raising f, and those that raised f by more than its rounding error.
        """
        before = float((self.positions < 0).mean())
        higher = float(self.higher.mean())
        return before, 1 - before - higher, higher


def step_positions(run: Run) -> StepPositions | None:
    """The positions of the steps of a run of gradient descent with full gradients.

    The trace has f before each step that it keeps. The f after a step is that before the next step,
    or, if the trace has combined the next step with others, the training loss of an evaluation
    right after the step. Steps for which it has neither are left out, as are those that change f by
    little more than its rounding error. None if no step is left.
    """
    step, f, norm, rate = (
        np.asarray(run.steps[name]) for name in ("step", "batch_loss", "grad_norm", "lr")
    )
    if not len(step):
        return None
    before, follows = f.astype(np.float64), np.append(np.diff(step) == 1, False)
    after = np.where(follows, np.append(before[1:], np.nan), _evaluated_after(run, step))
    slope = (rate * norm**2).astype(np.float64)
    change = after - before
    known = _above_rounding(run, slope, before, after) & np.isfinite(change)
    if not known.any():
        return None
    positions: Numbers = 1 + 2 * change[known] / slope[known]
    dtype = run.config["dtype"]
    # An evaluation adds up the losses of the examples in another order than a step.
    reordered = rose(before, after, dtype, reordered=True)
    higher = np.where(follows, rose(before, after, dtype), reordered)
    return StepPositions(step[known], positions, higher[known])


def _evaluated_after(run: Run, step: Integers) -> Numbers:
    """The training loss that was evaluated right after each step (n,); NaN where there is none."""
    found: Numbers = np.full(len(step), np.nan)
    _, places, evaluated = np.intersect1d(step, run.evals["step"], return_indices=True)
    found[places] = np.asarray(run.evals["train_loss"])[evaluated]
    return found


def _above_rounding(run: Run, slope: Array, before: Array, after: Array) -> Array:
    """Whether α‖∇f‖² is far above the rounding errors of f before and after a step, (n,) each."""
    rounding = float(np.finfo(run.config["dtype"]).eps) * np.fmax(np.abs(before), np.abs(after))
    clear: Array = slope > 1000 * rounding
    return clear
