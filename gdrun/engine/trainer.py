"""The training loop: it trains a cohort from evaluation to evaluation until every lane has ended.

A cohort is a group of runs that train together; each run is a lane, one row of the arrays. The loop
prints nothing. The state is one record of arrays. The stepper of the engine takes the steps, the
recorder keeps the traces, the judge decides which lanes end, and listeners are called at each
event. A lane that stops or diverges is removed from the arrays; the others continue.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from gdrun.array_types import Flags, Numbers
from gdrun.engine.advancing import after_steps
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.contract import Engine, Failure, Measures
from gdrun.engine.endings import divergence_at, interruption, outcome_of, stop_for, used_up
from gdrun.engine.evaluation import Firing, after_evaluation, evaluated_running_stats, read
from gdrun.engine.judging import Interrupted, Judge
from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.outcome import Divergence, Outcome, Timing
from gdrun.engine.rates_ahead import RatesAhead
from gdrun.engine.recording import Recorder
from gdrun.engine.snapshot import Snapshot
from gdrun.engine.state import State
from gdrun.engine.steps_ahead import StepsAhead
from gdrun.engine.stopwatch import Stopwatch
from gdrun.methods.stopping import Readings, Stop


class Trainer:
    """Trains a cohort with an engine.

    A cohort is a group of runs (lanes) that train together; a chunk is several consecutive steps.
    listeners: called at the start, after each chunk and each evaluation, and when a lane ends.
    interrupted: called between chunks; if it returns the name of a signal, all lanes are evaluated
    once more and end as interrupted. snapshot: an earlier training of this cohort that continues;
    None to train from the start. Raises ValueError if the snapshot does not fit the cohort.
    outcomes (an attribute): the outcome of each ended lane, by the index of the lane in the cohort.
    """

    def __init__(
        self,
        cohort: Cohort,
        engine: Engine,
        listeners: Sequence[Listener] = (),
        interrupted: Interrupted = lambda: None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.cohort = cohort
        self.engine = engine
        self.plan = cohort.plan
        self.state = State.start(cohort) if snapshot is None else snapshot.state
        self.outcomes: dict[int, Outcome] = {}
        self._listeners = listeners
        self._interrupted = interrupted
        self._batches = Batches(cohort)
        self._recorder = Recorder(cohort, self._batches)
        self._judge = Judge(cohort, snapshot.watched if snapshot else ())
        self._stopwatch = Stopwatch(snapshot.clock if snapshot else None)
        self._moved: Flags
        self._readings: Readings = {}
        self._evaluated_step = -1
        self._next_evaluation = 0
        self._ahead = StepsAhead()
        self._goal = math.inf
        if len(self.state.lanes):
            self._use(Lanes(cohort, self.state.lanes))
        if snapshot is not None:
            self._restore(snapshot)

    def run(self) -> tuple[Outcome, ...]:
        """Train until every run has ended. Returns the outcomes, in the order of seeds."""
        self.run_until(math.inf)
        return tuple(self.outcomes[lane] for lane in sorted(self.outcomes))

    def run_until(self, epoch: float) -> None:
        """Train up to the first evaluation at or after this epoch, or until every run has ended.

        Call it again with a later epoch to continue.
        """
        self._goal = epoch
        # Overflow is not an error here: the stepper checks for non-finite numbers itself.
        with np.errstate(all="ignore"), self.engine.threads():
            if not self._stopwatch.runs:
                self._start()
            while len(self.state.lanes) and not self._evaluated_at(epoch):
                self._advance_to_evaluation()
            self._ahead.drop()

    def _evaluated_at(self, epoch: float) -> bool:
        """Whether the current step is evaluated, and is at or after this epoch."""
        evaluated = self._evaluated_step == self.state.step
        return evaluated and self.plan.epoch_time(self.state.place) >= epoch

    def retire(self, lanes: Sequence[int], rule: str, sentence: str) -> None:
        """End some runs now, with the status stopped. Call it directly after `run_until`.

        lanes: the indices of the runs in the cohort. rule: the name of the rule that ends the runs,
        for the record. sentence: the reason, for the record.
        """
        epoch = self.plan.epoch_time(self.state.place)
        chosen = np.flatnonzero(np.isin(self.state.lanes, lanes)).tolist()
        for place in chosen:
            self._end(place, stop_for(Firing(rule, "stopped", sentence), epoch, self.state.step))
        self._drop(chosen)

    @property
    def progress(self) -> Progress:
        """The current progress of the training."""
        return Progress(self.cohort, self.state, self._recorder, self.snapshot)

    def snapshot(self) -> Snapshot:
        """Everything that is needed to continue this training. Call it between two chunks."""
        return Snapshot(
            state=self.state,
            evaluation=self._next_evaluation,
            moved=self._moved.copy(),
            readings=self._readings,
            evaluated_step=self._evaluated_step,
            steps=self._recorder.steps.recorded(),
            evaluations=self._recorder.evaluations.recorded(),
            watched=self._judge.all_watched,
            outcomes=dict(self.outcomes),
            clock=self._stopwatch.clock,
        )

    def _restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot. Raises ValueError if it does not fit the cohort."""
        if (wrong := snapshot.misfit(self.cohort)) is not None:
            raise ValueError(f"the snapshot does not fit the experiment: {wrong}")
        self._recorder.steps.restore(snapshot.steps)
        self._recorder.evaluations.restore(snapshot.evaluations)
        self._moved, self._readings = snapshot.moved.copy(), snapshot.readings
        self._evaluated_step = snapshot.evaluated_step
        self._next_evaluation = snapshot.evaluation
        self.outcomes = dict(snapshot.outcomes)

    def _start(self) -> None:
        """Call the listeners, and evaluate the initial weights if the training is new."""
        self._stopwatch.start()
        for listener in self._listeners:
            listener.started(self.progress)
        if len(self.state.lanes):
            seeds = [seed for seed, _ in self._lanes.streams]
            self._batches.draw_ahead(seeds, self.state.place.epoch)
        if not self.state.evaluations:
            self._evaluate()

    def _advance_to_evaluation(self) -> None:
        """Take the steps up to the next evaluation or to the end, and evaluate."""
        while len(self.state.lanes):
            steps = self._next_steps(self._next_evaluation)
            if (ending := self._ending(evaluation_due=not steps)) is not None:
                for listener in self._listeners:
                    listener.ending(self.progress, interrupted=ending.status == "interrupted")
            if ending is not None or not steps:
                return self._evaluate(ending)
            self._advance(steps)
        return None

    def _ending(self, *, evaluation_due: bool) -> Firing | None:
        """The used-up budget or the interruption that ends all runs; None if they continue.

        evaluation_due: whether an evaluation is due now. If so, an interruption ends the runs only
        after this evaluation.
        """
        if (budget := used_up(self.plan, self.state)) is not None:
            return budget
        signal = None if evaluation_due else self._interrupted()
        return interruption(signal) if signal else None

    def _next_steps(self, evaluation: int) -> int:
        """The number of steps of the next chunk; 0 if the evaluation is due now.

        evaluation: the index of the next evaluation.
        """
        steps = self.plan.steps_in_chunk(evaluation, self.state.place, self.state.step)
        return min(steps, self._stepper.most_steps(self.state.place.epoch))

    def _advance(self, steps: int) -> None:
        """Take one chunk of `steps` consecutive steps."""
        state = self.state
        rates, betas = self._rates.next(state, steps)
        taken = self._ahead.take(self._stepper, state, rates, betas)
        measures = taken.measures
        # The time that both the last evaluation and these steps took counts for the steps.
        self._stopwatch.count_for_steps(measures.borrowed + taken.beside)
        seconds = taken.seconds + measures.borrowed
        self._recorder.add_steps(state, measures, rates, seconds)
        self._moved |= (rates[: measures.steps] > 0).any(axis=0)
        self.state = after_steps(state, measures, self.plan, self._batches, seconds)
        if measures.bad:
            self._end_failed(measures, state.last_batch_loss)
        for listener in self._listeners:
            listener.advanced(self.progress)

    def _end_failed(self, measures: Measures, loss_before: Numbers) -> None:
        """End the runs that diverged at the last step of a chunk of consecutive steps.

        loss_before (lanes,): the batch losses of the step before the chunk.
        """
        losses = np.array([self.state.initial_loss, loss_before, *measures.batch_loss[-2:]])
        for place, failure in measures.bad.items():
            self._end_diverged(place, failure, losses[:, place])
        self._drop(measures.bad)

    def _evaluate(self, ending: Firing | None = None) -> None:
        """Evaluate the full objective, and end the runs that a rule or a budget stops.

        ending: the budget or the interruption that ends all runs; None if they continue. The rules
        do not apply at an interruption, because a run that was not interrupted may have no
        evaluation at this step.
        """
        # If an interruption comes directly after an evaluation, the step is not evaluated again.
        if self.state.step != self._evaluated_step:
            if ending is None:
                self._begin_ahead()
            self._read()
        if ending is not None and ending.status == "interrupted":
            return self._end_all(ending)
        ended: set[int] = set()
        for place, failure, losses in self._judge.diverged(self._readings, self.state):
            self._end_diverged(place, failure, losses)
            ended.add(place)
        self._judge.watch(self._readings, self.state, ended)
        for place, stop in self._judge.stops(self._readings, self.state, ending):
            if place not in ended:
                self._end(place, stop)
                ended.add(place)
        self._drop(ended)
        return None

    def _end_all(self, ending: Firing) -> None:
        """End all runs for the same reason."""
        places = range(len(self.state.lanes))
        stop = stop_for(ending, self.plan.epoch_time(self.state.place), self.state.step)
        for place in places:
            self._end(place, stop)
        self._drop(places)

    def _begin_ahead(self) -> None:
        """Begin to take the steps after this evaluation, which most probably ends no run."""
        epoch = self.plan.epoch_time(self.state.place)
        steps = self._next_steps(self.plan.evaluation_after(epoch))
        # The first evaluation sets the loss limits of the stepper.
        if self.state.evaluations and steps and epoch < self._goal:
            self._ahead.begin(self._stepper, self.state, *self._rates.next(self.state, steps))

    def _read(self) -> None:
        """Evaluate the full objective, record the readings, and update the state."""
        epoch, state = self.plan.epoch_time(self.state.place), self.state
        with self._stopwatch.evaluating():
            running_stats = evaluated_running_stats(self._lanes, state)
            gradient = self._judge.wants_gradient
            readings = read(
                self._lanes,
                self._objective,
                state,
                running_stats,
                gradient=gradient,
                metrics=self._judge.wanted_metrics,
                moved=self._moved,
            )
            moved, self._moved = self._moved, np.zeros(len(state.lanes), dtype=bool)
            first = state.evaluations == 0
            if first:
                initial = readings["train_loss"]
                limit = self._judge.loss_limits(initial)
                state = state.changed(initial_loss=initial, loss_limit=limit)
            else:
                loss = readings.get("validation_loss", readings["train_loss"])
                watched = self.plan.schedule.form.watched
                schedule = watched(state.schedule, loss, self._lanes.schedule_options, moved)
                state = state.changed(schedule=schedule)
            self.state = after_evaluation(
                state, readings, running_stats, self.cohort.stopping, epoch, moved
            )
            self._recorder.add_evaluation(state, epoch, readings)
        # The stepper needs the loss limits, which the first evaluation has set.
        if first:
            self._use(self._lanes)
        for listener in self._listeners:
            listener.evaluated(self.progress, readings)
        self._readings, self._evaluated_step = readings, state.step
        self._next_evaluation = self.plan.evaluation_after(epoch)

    def _end_diverged(self, place: int, failure: Failure, losses: Numbers) -> None:
        """End a run that diverged.

        place: the index of the run among the runs that still train. failure: the quantity that
        diverged. losses (k,): the latest losses of the run, including its last finite loss.
        """
        stop, divergence = divergence_at(
            failure,
            losses,
            epoch=self.plan.epoch_time(self.state.place),
            step=self.state.step,
            factor=self.cohort.stopping.divergence_factor,
            initial_loss=float(self.state.initial_loss[place]),
        )
        self._end(place, stop, divergence)

    def _end(self, place: int, stop: Stop, divergence: Divergence | None = None) -> None:
        """Make the outcome of a run that ends, and pass it to the listeners.

        place: the index of the run among the runs that still train.
        """
        lane, clock = int(self.state.lanes[place]), self._stopwatch.clock
        outcome = outcome_of(
            self.cohort,
            self.engine,
            self.state,
            place,
            stop,
            divergence,
            steps=self._recorder.steps,
            evaluations=self._recorder.evaluations,
            watched=self._judge.watched(lane),
            timing=Timing(self.state.seconds, clock.evaluations, clock.total),
        )
        self.outcomes[lane] = outcome
        for listener in self._listeners:
            listener.ended(lane, outcome)

    def _drop(self, places: Iterable[int]) -> None:
        """Remove runs from the arrays. places: their indices among the runs that still train."""
        ended = list(places)
        if not ended:
            return
        alive = np.ones(len(self.state.lanes), dtype=bool)
        alive[ended] = False
        self.state = self.state.keep(alive)
        self._readings = {name: column[alive] for name, column in self._readings.items()}
        moved = self._moved[alive]
        if alive.any():
            self._use(self._lanes.keep(alive))
            self._moved = moved

    def _use(self, lanes: Lanes) -> None:
        """Make the stepper and the objective for the lanes (runs) that train from now on."""
        self._lanes = lanes
        self._objective = self.engine.objective(lanes.objective)
        self._rates = RatesAhead(self.plan, lanes)
        self._stepper = self.engine.stepper(lanes, self._batches, self.state.loss_limit)
        self._moved = np.zeros(len(lanes.index), dtype=bool)
