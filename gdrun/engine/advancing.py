"""The state of a training after a chunk, which is several consecutive steps."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Flags, Integers, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.contract import Measures
from gdrun.engine.plan import Place, Plan
from gdrun.engine.state import State
from gdrun.problems.rises import rose


def after_steps(
    state: State, measures: Measures, plan: Plan, batches: Batches, seconds: float
) -> State:
    """The state after a chunk of consecutive steps.

    state: the state before the chunk. measures: the measurements of the steps in the chunk.
    plan: says how many steps an epoch has. batches: says how many examples the steps used.
    seconds: the time that the chunk took.
    """
    losses = measures.batch_loss
    per_epoch = plan.steps_per_epoch(state.place.epoch)
    position = state.place.position + measures.steps
    dtype = state.W.dtype
    rises = rose(state.last_batch_loss, losses[0], dtype).astype(np.int64)
    if len(losses) > 1:
        rises += _count(rose(losses[:-1], losses[1:], dtype))
    spent = batches.spent(state.place, np.array(measures.steps))
    running_stats = measures.running_stats
    return state.changed(
        W=measures.W,
        running_stats=state.running_stats if running_stats is None else running_stats,
        before=state.W if measures.before is None else measures.before,
        slots=measures.slots,
        place=Place(state.place.epoch + position // per_epoch, position % per_epoch),
        step=state.step + measures.steps,
        gradients=state.gradients + int(spent),
        seconds=state.seconds + seconds,
        last_batch_loss=losses[-1],
        rising=state.rising + rises,
        clipped=state.clipped + _count(measures.clipped),
        largest_grad_norm=np.maximum(state.largest_grad_norm, _largest(measures.grad_norm)),
    )


def _count(true: Flags) -> Integers:
    """The number of true values in each column, (lanes,). true: (steps, lanes)."""
    # NumPy counts along a contiguous axis much faster.
    counts: Integers = (
        true[0].astype(np.int64)
        if len(true) == 1
        else np.count_nonzero(np.ascontiguousarray(true.T), axis=-1)
    )
    return counts


def _largest(numbers: Numbers) -> Numbers:
    """The largest number in each column, (lanes,). numbers: (steps, lanes)."""
    found: Numbers = (
        numbers[0] if len(numbers) == 1 else np.ascontiguousarray(numbers.T).max(axis=-1)
    )
    return found
