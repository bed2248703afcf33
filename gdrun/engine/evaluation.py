"""Evaluations: the full objective of all runs, and the stopping rules whose conditions are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Flags, Numbers
from gdrun.engine.cohort import Design, Lanes
from gdrun.engine.layer_readings import layer_readings
from gdrun.engine.measuring import predictions_of
from gdrun.engine.numpy_stepper import scaled_norm
from gdrun.engine.state import State
from gdrun.methods.stopping import STOP_RULES, Criteria, Readings, Status, StoppingRules
from gdrun.problems.metrics import METRICS
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective


@dataclass(frozen=True)
class Firing:
    """A rule or a budget that fired, which means that its condition is met in one run.

    rule: the name of the rule or budget. status: the status of a run that ends for this reason.
    sentence: the reason as text, with the numbers.
    """

    rule: str
    status: Status
    sentence: str


def evaluated_running_stats(lanes: Lanes, state: State) -> Array:
    """The running statistics (lanes, Q) that belong to the weights that are evaluated.

    Training steps update the running statistics of W. The statistics of averaged weights are
    measured on the whole training part.
    """
    network = lanes.cohort.model
    if not (state.evaluates_average and isinstance(network, Network) and network.batch_norm):
        return state.running_stats
    return network.statistics_over(state.evaluated, lanes.cohort.train.X)


def read(
    lanes: Lanes,
    objective: Objective,
    state: State,
    running_stats: Array,
    *,
    gradient: bool,
    metrics: Sequence[str] = (),
    moved: Flags,
) -> Readings:
    """Return the readings of the full objective at `state.evaluated`, by quantity, (lanes,) each.

    objective: the result of Engine.objective, which the engine evaluates. running_stats (lanes, Q):
    the running statistics for `state.evaluated`. gradient: whether the full gradient is needed.
    metrics: the names of the metrics to measure on the validation part. moved (lanes,): whether the
    learning rate was above zero since the last evaluation; if not, loss_change and weight_change
    are NaN, so that a rate of 0 does not look like convergence.
    """
    cohort, W = lanes.cohort, state.evaluated
    of_layers = layer_readings(lanes, objective, state)
    objective = objective.with_running_stats(running_stats)
    slope = None
    if gradient:  # before the loss, because the compiled engine computes both in one pass
        _, slope = objective.value_and_gradient(W, cohort.train.X, cohort.train.y)
    readings = _scores(cohort.train, "train", objective, W)
    readings["train_loss"] = readings["train_loss"] + objective.penalty(W)
    if cohort.validation is not None:
        readings |= _scores(cohort.validation, "validation", objective, W)
        readings |= _metrics(lanes, objective, W, metrics)
    if slope is not None:
        readings["full_grad_norm"] = scaled_norm(slope)
    readings |= of_layers
    loss_change = np.abs(readings["train_loss"] - state.last_loss)
    weight_change = scaled_norm(W - state.last_W)
    # The first evaluation has no earlier loss to compare with.
    known = moved & ~np.isnan(state.last_loss)
    readings["loss_change"] = np.where(known, loss_change, np.nan)
    readings["weight_change"] = np.where(known, weight_change, np.nan)
    return readings


def scores_on_test(
    test: Design | None, objective: Objective, W: Array, running_stats: Array
) -> tuple[Numbers, Numbers]:
    """The loss and the accuracy on the test part, (lanes,) each; NaN without a test part.

    W (lanes, P): the weights, with their running_stats (lanes, Q).
    """
    if test is None:
        unknown = np.full(len(W), np.nan)
        return unknown, unknown
    return objective.with_running_stats(running_stats).loss_and_accuracy(W, test.X, test.y)


def _scores(part: Design, name: str, objective: Objective, W: Array) -> Readings:
    loss, accuracy = objective.loss_and_accuracy(W, part.X, part.y)
    scores = {f"{name}_loss": loss}
    return scores | {f"{name}_accuracy": accuracy} if objective.model.classifies else scores


def _metrics(lanes: Lanes, objective: Objective, W: Array, names: Sequence[str]) -> Readings:
    """The metrics of these names on the validation part, (lanes,) each."""
    chosen = [METRICS[name] for name in names]
    if not chosen:
        return {}
    probable = any(metric.needs_probabilities for metric in chosen)
    found = [
        [metric.value(predictions) for metric in chosen]
        for predictions in predictions_of(
            lanes.cohort, "validation", objective, W, probabilities=probable
        )
    ]
    return {
        f"validation_{name}": column for name, column in zip(names, np.array(found).T, strict=True)
    }


def after_evaluation(
    state: State,
    readings: Readings,
    running_stats: Array,
    rules: StoppingRules,
    epoch: float,
    moved: Flags,
) -> State:
    """Return the state after an evaluation with these readings.

    The best weights, the scores for early stopping and the last readings are updated. running_stats
    (lanes, Q): the running statistics of batch normalisation that belong to the evaluated weights.
    epoch: the time of the evaluation. moved (lanes,): whether the learning rate was above zero
    since the evaluation before; if not, early stopping does not count the evaluation, because it
    cannot show an improvement.
    """
    loss = readings.get("validation_loss", readings["train_loss"])
    obeyed = rules.obeyed.early_stopping
    deciding = obeyed.score(readings) if obeyed else loss
    better = deciding < state.best_score
    both = [rules.obeyed.early_stopping, rules.watched.early_stopping]
    scores = np.stack([rule.score(readings) if rule else loss for rule in both], axis=1)
    # The first finite score is always an improvement: inf − margin is inf.
    improved = scores < state.to_beat - [rule.min_delta if rule else 0.0 for rule in both]
    return state.changed(
        evaluations=state.evaluations + 1,
        last_loss=readings["train_loss"],
        last_W=state.evaluated,
        last_running_stats=running_stats,
        best_W=_where(better, state.evaluated, state.best_W),
        best_running_stats=_where(better, running_stats, state.best_running_stats),
        best_score=np.where(better, deciding, state.best_score),
        best_step=np.where(better, state.step, state.best_step),
        best_epoch=np.where(better, epoch, state.best_epoch),
        to_beat=np.where(improved, scores, state.to_beat),
        to_beat_epoch=np.where(improved, epoch, state.to_beat_epoch),
        stale=np.where(improved, 0, state.stale + moved[:, None]),
    )


def _where(better: Flags, new: Array, old: Array) -> Array:
    """The rows of `new` where `better` is true, and the rows of `old` elsewhere."""
    return new if better.all() else np.where(better[:, None], new, old)


def fired(
    criteria: Criteria, column: int, readings: Readings, state: State
) -> Iterator[tuple[int, Firing]]:
    """Yield (index, firing) for each rule that fires in a run.

    criteria: the rules to check. index: the index of the run among the runs that still train.
    column: the column of State.to_beat for these rules: 0 if they stop the run, 1 if they are only
    reported.
    """
    for name, threshold in criteria.thresholds.items():
        rule = STOP_RULES[name]
        if rule.reading not in readings:
            continue
        for lane in np.flatnonzero(rule.fired(readings, threshold)).tolist():
            sentence = rule.sentence(float(readings[rule.reading][lane]), threshold)
            yield lane, Firing(name, "converged", sentence)
    early_stopping = criteria.early_stopping
    if early_stopping is not None:
        for lane in np.flatnonzero(state.stale[:, column] >= early_stopping.patience).tolist():
            best, epoch = state.to_beat[lane, column], state.to_beat_epoch[lane, column]
            yield lane, Firing("early_stopping", "stopped", early_stopping.sentence(best, epoch))
