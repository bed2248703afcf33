"""The NumPy stepper: it takes a chunk of steps with runs that train together (lanes).

The compiled steppers must give the same results. A chunk is several consecutive steps. A step is a
pure function of weights and slots (the state of the update rule), so a chunk can be repeated. If a
norm is not finite or a loss is above its limit, the chunk is repeated up to the first step at which
a lane diverged. This second pass is called the careful pass: it uses scaled norms, which cannot
overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.engine.batches import Batch, Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.contract import Failure, Measures
from gdrun.engine.plan import Place
from gdrun.engine.step_gradients import StepGradients
from gdrun.methods.clipping import clip_by_norm, clip_by_value
from gdrun.problems.objective import Objective

Update = Callable[..., None]
"""A function for one update in place: (W, gradient, slots (lanes, K, P), t, options, ‖ΔW‖, ‖W‖).

It overwrites W and the slots, which are the state of the update rule. The last two arguments are
arrays (lanes,), to which it writes both norms.
"""


class NumpyStepper:
    """Takes training steps with a fixed set of lanes, which are runs that train together.

    When a lane ends, a new stepper is made for the others.
    """

    def __init__(
        self,
        lanes: Lanes,
        batches: Batches,
        loss_limit: Numbers,
        objective: Objective | None = None,
        fused: Update | None = None,
    ) -> None:
        """loss_limit (lanes,): a lane with a larger loss has diverged.

        objective: the result of Engine.objective, which the engine evaluates; None for
        lanes.objective. fused: a faster update that also computes the norms; it is not used in
        careful passes, which search for the step at which a lane diverged.
        """
        self._fused = fused
        self._batches = batches
        self._seeds = [seed for seed, _ in lanes.streams]
        self._layout = lanes.cohort.model.layout
        self._rule = lanes.cohort.rule
        self._options = lanes.rule_options()
        self._clip_norm = self._clip_value = None
        if np.isfinite(lanes.numbers.clip_norm).any():
            self._clip_norm = lanes.operand(lanes.numbers.clip_norm)
        if np.isfinite(lanes.numbers.clip_value).any():
            self._clip_value = lanes.operand(lanes.numbers.clip_value)
        self._gradients = StepGradients(lanes, objective or lanes.objective)
        self._limit = loss_limit
        self._walks = bool(lanes.cohort.place_names)

    def most_steps(self, epoch: int) -> int:
        """The most steps of this epoch that one call of `advance` may take."""
        return self._batches.most_steps(len(self._seeds), epoch)

    def on_one_core(self, epoch: int) -> bool:
        del epoch
        return False

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

        W, slots, running_stats: the weights and the states before the chunk. step: the number of
        earlier steps. place: the epoch, and the number of earlier steps in this epoch. rates, betas
        (steps, lanes): the learning rates and the momenta. More is said in `Stepper.advance` of
        gdrun.engine.contract.
        """
        running_stats = np.empty((len(W), 0), W.dtype) if running_stats is None else running_stats
        batches = self._batches.gathered(self._seeds, place, len(rates))
        varying = self._varying(rates, betas, W.dtype)
        with np.errstate(all="ignore"):
            measures = self._run(W, slots, running_stats, step, batches, varying, careful=False)
            if self._finite(measures):
                return measures
            return self._run(W, slots, running_stats, step, batches, varying, careful=True)

    def _varying(
        self, rates: Numbers, betas: Numbers | None, dtype: np.dtype[Any]
    ) -> list[dict[str, Any]]:
        """For each step, the options of the update rule that change from step to step."""
        if betas is None or self._rule.momentum is None:
            return [{"lr": lr} for lr in _operands(rates, dtype)]
        pairs = zip(_operands(rates, dtype), _operands(betas, dtype), strict=True)
        return [{"lr": lr, self._rule.momentum: beta} for lr, beta in pairs]

    def _run(
        self,
        W: Array,
        slots: tuple[Array, ...],
        running_stats: Array,
        step: int,
        batches: Sequence[Batch],
        varying: Sequence[Mapping[str, Any]],
        *,
        careful: bool,
    ) -> Measures:
        """Take the steps of a chunk (several consecutive steps), and measure each step.

        step: the number of earlier steps. batches, varying: the batch and the changing options of
        each step. careful: whether to check each step, and to end at the first step at which a run
        diverged.
        """
        steps, lanes = len(varying), len(W)
        loss, grad, update, weight = np.empty((4, steps, lanes))
        clipped = np.zeros((steps, lanes), dtype=bool)
        places = np.empty((steps, *W.shape)) if self._walks else None
        bad: dict[int, Failure] = {}
        before = W
        size = scaled_norm if careful else plain_norm
        rule, norm = self._rule, self._layout.tensor_norm
        fused = None if careful else self._fused
        if fused is not None:
            # The fused update writes in place; a careful pass may need the original arrays.
            W, kept = W.copy(), _stacked(slots, W)
        for k, (batch, changed) in enumerate(zip(batches, varying, strict=True)):
            loss[k], gradient, running_stats = self._gradients.of(
                W, running_stats, batch, step + k + 1
            )
            grad[k] = size(gradient)
            used = self._clip(gradient, grad[k], clipped[k])
            # A float, as in the compiled rules, where integer exponents would be a slow loop.
            t = float(step + k + 1)
            if fused is not None:
                # Only the W before the last step is needed, and only the fused update changes W.
                before = W.copy() if k == steps - 1 else W
                fused(W, used, kept, t, changed, update[k], weight[k])
                continue
            before, options = W, {**self._options, **changed}
            W, slots = rule.advance(W, used, slots, t, options, norm)
            update[k] = size(W - before)
            weight[k] = size(W)
            if places is not None:
                places[k] = W
            if careful and (bad := self._failures(loss[k], gradient, W)):
                steps = k + 1
                break
        if fused is not None:
            slots = tuple(kept[:, slot] for slot in range(len(slots)))
        reached = slice(steps)
        return Measures(
            loss[reached],
            grad[reached],
            update[reached],
            weight[reached],
            clipped[reached],
            W,
            slots,
            bad,
            None if places is None else places[reached],
            running_stats,
            before,
        )

    def _clip(self, gradient: Array, norm: Array, clipped: Flags) -> Array:
        """Return the clipped gradient (lanes, P). norm (lanes,): that of the given gradient.

        A lane is one of the runs that train together. The function sets `clipped[lane]` to True, in
        place, for each lane whose gradient was changed by clipping.
        """
        if self._clip_norm is not None:
            column = norm[:, None]
            clipped |= (column > self._clip_norm)[:, 0]
            gradient = clip_by_norm(gradient, column, self._clip_norm)
        if self._clip_value is not None:
            bounded = clip_by_value(gradient, self._clip_value)
            clipped |= (bounded != gradient).any(axis=-1)
            gradient = bounded
        return gradient

    def _finite(self, measures: Measures) -> bool:
        """Whether all measured norms are finite, and each loss is at most its limit."""
        finite = np.isfinite(measures.grad_norm) & np.isfinite(measures.weight_norm)
        return bool((finite & (measures.batch_loss <= self._limit)).all())

    def _failures(self, loss: Array, gradient: Array, W: Array) -> dict[int, Failure]:
        """The reason for each run that diverged at this step, by its index among the lanes."""
        failures: dict[int, Failure] = {}
        whole = np.isfinite(gradient).all(axis=-1) & np.isfinite(W).all(axis=-1)
        # Not `loss > limit`, which is false for NaN.
        for lane in np.flatnonzero(~whole | ~(loss <= self._limit)).tolist():
            if not np.isfinite(loss[lane]):
                failures[lane] = Failure("batch loss", float(loss[lane]), None)
            elif (layer := self._first_nonfinite(gradient[lane])) is not None:
                failures[lane] = Failure("gradient", layer[1], layer[0])
            elif (layer := self._first_nonfinite(W[lane])) is not None:
                failures[lane] = Failure("weights", layer[1], layer[0])
            else:
                failures[lane] = Failure("batch loss", float(loss[lane]), None)
        return failures

    def _first_nonfinite(self, row: Array) -> tuple[str, float] | None:
        """The name of the first weights in a row (P,) with a non-finite value, and the value.

        None if all values are finite.
        """
        for name, values in self._layout.named(row).items():
            broken = np.asarray(values)[~np.isfinite(values)]
            if broken.size:
                return name, float(broken.flat[0])
        return None


def _stacked(slots: tuple[Array, ...], W: Array) -> Array:
    """All K slots, which are the state of the update rule, in one array (lanes, K, P)."""
    return np.stack(slots, axis=1) if slots else np.empty((len(W), 0, W.shape[1]), W.dtype)


def plain_norm(rows: Array) -> Array:
    """The L2 norm of each row (lanes, P), computed fast; infinite if a square overflows."""
    norms: Array = np.sqrt(np.vecdot(rows, rows))
    return norms


def scaled_norm(rows: Array) -> Numbers:
    """The L2 norm of each row (lanes, P), in double precision.

    Each row is divided by its largest absolute entry first, so that no square overflows.
    """
    wide = rows.astype(np.float64, copy=False)
    largest = np.abs(wide).max(axis=-1)
    divisor = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    scaled = wide / divisor[:, None]
    norms: Numbers = divisor * np.sqrt(np.vecdot(scaled, scaled))
    return norms


def _operands(rates: Numbers, dtype: np.dtype[Any]) -> Iterator[Any]:
    """For each step, the rates of all runs as an operand for arrays (lanes, P).

    rates: (steps, lanes). An operand is a float if all runs have the same rates, else an array
    (lanes, 1).
    """
    if (rates == rates[:, :1]).all():
        return iter(rates[:, 0].tolist())
    return iter(rates[:, :, None].astype(dtype))
