"""The judge of a training: it decides which runs end at an evaluation, and for which reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from gdrun.array_types import Numbers
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Failure
from gdrun.engine.endings import stop_for
from gdrun.engine.evaluation import Firing, fired
from gdrun.engine.state import State
from gdrun.methods.stopping import SMALL_CHANGES, Readings, Stop

Interrupted = Callable[[], str | None]
"""A function that returns the name of a signal, such as SIGINT, when training should stop."""


class Judge:
    """Applies the stopping rules and budgets of a cohort.

    It also records when watched rules fired. A watched rule is reported but does not stop the run.
    """

    def __init__(self, cohort: Cohort, watched: Sequence[Mapping[str, Stop]] = ()) -> None:
        """watched: for each run of a resumed training, the first firing of each watched rule."""
        self._plan = cohort.plan
        self._rules = cohort.stopping
        self._noisy = cohort.surface is None and not cohort.exact_steps
        self._named = cohort.named_metrics
        self._watched = [dict(each) for each in watched] or [{} for _ in range(cohort.lanes)]

    @property
    def wants_gradient(self) -> bool:
        """Whether evaluations must compute the full gradient.

        They must for a rule on the norm of this gradient. They also must for a rule on small
        changes, because it may stop a run far from a minimum, and only the full gradient shows
        this. The second reason does not count on a surface, or if each step uses the full gradient
        without dropout.
        """
        obeyed, watched = self._rules.obeyed.thresholds, self._rules.watched.thresholds
        return "grad_norm" in {**obeyed, **watched} or (
            self._noisy and not SMALL_CHANGES.keys().isdisjoint(obeyed)
        )

    @property
    def wanted_metrics(self) -> tuple[str, ...]:
        """The metrics that each evaluation measures in addition to the loss and the accuracy.

        They are the metrics that the config names and the metrics that the stopping rules need.
        """
        early = (each.early_stopping for each in (self._rules.obeyed, self._rules.watched))
        readings = dict.fromkeys(rule.reading for rule in early if rule is not None)
        names = (reading.removeprefix("validation_") for reading in readings)
        every = dict.fromkeys([*names, *self._named])
        return tuple(name for name in every if name not in ("loss", "accuracy"))

    def loss_limits(self, initial: Numbers) -> Numbers:
        """The loss above which each run has diverged, (lanes,). initial: the initial losses."""
        # With an initial loss of 0 every loss is infinitely larger, so there is no limit.
        limits = np.where(initial > 0, self._rules.divergence_factor * initial, np.inf)
        bounded: Numbers = np.minimum(limits, np.finfo(np.float64).max)
        return bounded

    def diverged(self, readings: Readings, state: State) -> Iterator[tuple[int, Failure, Numbers]]:
        """Yield each run whose training loss is not finite or above its limit.

        Each item is (index, failure, losses). index: the index of the run among the runs that still
        train. losses (3,): the initial loss, the last batch loss and the training loss of the run.
        """
        # Not `> limit`, which is false for NaN.
        for place in np.flatnonzero(~(readings["train_loss"] <= state.loss_limit)).tolist():
            value = float(readings["train_loss"][place])
            losses = np.array([state.initial_loss[place], state.last_batch_loss[place], value])
            yield place, Failure("training loss", value, None), losses

    def stops(
        self, readings: Readings, state: State, ending: Firing | None
    ) -> Iterator[tuple[int, Stop]]:
        """Yield (index, stop) for each run that a rule, a budget or an interruption ends.

        ending: the budget or the interruption that ends all runs; None if they continue. index: the
        index of the run among the runs that still train. A run may occur more than once; its first
        stop is the one that counts.
        """
        epoch = self._plan.epoch_time(state.place)
        for place, firing in fired(self._rules.obeyed, 0, readings, state):
            yield place, stop_for(firing, epoch, state.step)
        if ending is not None:
            for place in range(len(state.lanes)):
                yield place, stop_for(ending, epoch, state.step)

    def watch(self, readings: Readings, state: State, ended: set[int]) -> None:
        """Record each watched rule that fires for the first time in a run.

        A watched rule is reported but does not stop the run. ended: the runs that diverged at this
        evaluation, as indices among the runs that still train; nothing is recorded for them.
        """
        epoch = self._plan.epoch_time(state.place)
        for place, firing in fired(self._rules.watched, 1, readings, state):
            known = self._watched[int(state.lanes[place])]
            if place not in ended and firing.rule not in known:
                known[firing.rule] = stop_for(firing, epoch, state.step)

    def watched(self, lane: int) -> tuple[Stop, ...]:
        """The first firing of each watched rule in one run. lane: the run's index in the cohort.

        A watched rule is reported but does not stop the run. Rules that did not fire are left out.
        """
        return tuple(self._watched[lane].values())

    @property
    def all_watched(self) -> tuple[dict[str, Stop], ...]:
        """For each run, the first firing of each watched rule, by the name of the rule."""
        return tuple(dict(each) for each in self._watched)
