"""The records of the end of a lane, which is a run in a cohort: stop, divergence and outcome."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.contract import Engine, Failure
from gdrun.engine.evaluation import Firing, evaluated_running_stats, scores_on_test
from gdrun.engine.outcome import Best, Divergence, Outcome, Timing
from gdrun.engine.plan import Plan
from gdrun.engine.state import State
from gdrun.engine.trace import Columns, EvaluationTrace, StepTrace
from gdrun.methods.stopping import (
    Stop,
    budget_moment,
    budget_sentence,
    divergence_sentence,
    moment,
)
from gdrun.problems.rises import rose

_FINISHED = ("converged", "stopped", "exhausted")


def used_up(plan: Plan, state: State) -> Firing | None:
    """The budget that is used up and so ends all runs; None if no budget is used up."""
    budget, seconds = plan.budget, plan.limits.get("seconds")
    if budget is not None and state.step >= budget.steps:
        return Firing(budget.name, "exhausted", budget.sentence)
    if seconds is not None and state.seconds >= seconds:
        return Firing("seconds", "exhausted", budget_sentence("seconds", seconds))
    return None


def interruption(signal: str) -> Firing:
    """The interruption that ends all runs. signal: the name of its signal, such as SIGINT."""
    return Firing("interrupted", "interrupted", f"interrupted by {signal}")


def stop_for(firing: Firing, epoch: float, step: int) -> Stop:
    """The record of why and when a run ended.

    firing: the rule or the budget that ended the run at this epoch and step.
    """
    if firing.status == "exhausted":
        when = budget_moment(firing.rule, epoch, step)
    else:
        when = moment(epoch, step)
    return Stop(firing.rule, firing.status, epoch, step, f"{firing.sentence} {when}")


def divergence_at(
    failure: Failure,
    losses: Numbers,
    *,
    epoch: float,
    step: int,
    factor: float,
    initial_loss: float,
) -> tuple[Stop, Divergence]:
    """The two records of a run that diverged: its stop, and its divergence.

    failure: the quantity that diverged. losses (k,): the latest losses of the run, including its
    last finite loss. factor: the largest allowed loss as a multiple of initial_loss.
    """
    finite = losses[np.isfinite(losses)]
    last = float(finite[-1]) if len(finite) else np.nan
    what = (failure.quantity, failure.value, failure.layer)
    sentence = divergence_sentence(*what, factor=factor, initial_loss=initial_loss)
    stop = stop_for(Firing("divergence", "diverged", sentence), epoch, step)
    return stop, Divergence(step, epoch, *what, last)


def outcome_of(
    cohort: Cohort,
    engine: Engine,
    state: State,
    place: int,
    stop: Stop,
    divergence: Divergence | None,
    *,
    steps: StepTrace,
    evaluations: EvaluationTrace,
    watched: tuple[Stop, ...],
    timing: Timing,
) -> Outcome:
    """The outcome of a lane (one of the runs that train together) that ends now.

    place: the index of the lane among the lanes that still train. stop: why the lane ended.
    divergence: how the lane diverged, or None. steps, evaluations: the traces of the cohort.
    watched: for each rule that is only reported and does not stop the run, its first firing in this
    lane. timing: the seconds that the run took. If the loss on the validation or the test part is
    not finite, the outcome is a divergence, whatever `stop` says.
    """
    lane = int(state.lanes[place])
    early_stopping = cohort.stopping.obeyed.early_stopping
    has_best = bool(np.isfinite(state.best_score[place]))
    restored = has_best and early_stopping is not None and early_stopping.restore_best
    alone = Lanes(cohort, state.lanes[place : place + 1])
    # Copies, because the arrays also hold lanes that continue.
    weights = (state.best_W if restored else state.evaluated)[place].copy()
    running_stats = (
        state.best_running_stats[place].copy() if restored else _running_stats(alone, state, place)
    )
    objective = engine.objective(alone.objective)
    test_loss, test_accuracy = scores_on_test(
        cohort.test, objective, weights[None], running_stats[None]
    )
    readings = evaluations.lane(lane)
    held_out: dict[str, float] = {}
    if stop.status in _FINISHED:
        if cohort.validation is not None and not restored:
            held_out["validation loss"] = float(readings["validation_loss"][-1])
        if cohort.test is not None:
            held_out["test loss"] = float(test_loss[0])
    if infinite := [name for name, loss in held_out.items() if not np.isfinite(loss)]:
        # The weights are finite and still too large for some rows of the part.
        stop, divergence = divergence_at(
            Failure(infinite[0], held_out[infinite[0]], None),
            readings["train_loss"],
            epoch=stop.epoch,
            step=stop.step,
            factor=cohort.stopping.divergence_factor,
            initial_loss=float(state.initial_loss[place]),
        )
    rising, compared = _rises(cohort, state, place, readings)
    return Outcome(
        lane=lane,
        surface=cohort.surface,
        stop=stop,
        divergence=divergence,
        weights=weights,
        running_stats=running_stats,
        best_weights=state.best_W[place].copy(),
        best_running_stats=state.best_running_stats[place].copy(),
        best=_best(cohort, state, place) if has_best else None,
        restored=restored,
        steps=steps.lane(lane),
        evaluations=readings,
        test_loss=float(test_loss[0]),
        test_accuracy=float(test_accuracy[0]),
        rising=rising,
        clipped=int(state.clipped[place]),
        largest_grad_norm=float(state.largest_grad_norm[place]),
        watched=watched,
        timing=timing,
        compared=compared,
    )


def _rises(cohort: Cohort, state: State, place: int, readings: Columns) -> tuple[int, int]:
    """How many steps raised the loss, and of how many steps this is known.

    place: the index of the run among the lanes (runs) that still train. readings: its evaluations.
    The loss after a step is that of the next step. After the last step it is known if the run was
    evaluated there, and an evaluation measures the function that the steps use.
    """
    rising, compared = int(state.rising[place]), max(state.step - 1, 0)
    if cohort.evaluates_steps and state.step and readings["step"][-1] == state.step:
        last = rose(
            state.last_batch_loss[place], readings["train_loss"][-1], cohort.dtype, reordered=True
        )
        return rising + int(last), compared + 1
    return rising, compared


def _running_stats(alone: Lanes, state: State, place: int) -> Array:
    """The running statistics (Q,) that belong to the weights that a run returns.

    alone: the run as the only lane; place: its index among the lanes (runs) that still train. For
    averaged weights the last evaluation has measured the statistics; they are measured again only
    if the weights have changed since.
    """
    if state.evaluates_average and np.array_equal(state.last_W[place], state.evaluated[place]):
        return np.array(state.last_running_stats[place])
    own = state.keep(np.arange(len(state.lanes)) == place)
    return np.array(evaluated_running_stats(alone, own)[0])


def _best(cohort: Cohort, state: State, place: int) -> Best:
    early_stopping = cohort.stopping.obeyed.early_stopping
    score = float(state.best_score[place])
    if early_stopping is not None:
        quantity, value = early_stopping.reading, -score if early_stopping.larger else score
    else:
        quantity = "train_loss" if cohort.validation is None else "validation_loss"
        value = score
    return Best(float(state.best_epoch[place]), int(state.best_step[place]), quantity, value)
