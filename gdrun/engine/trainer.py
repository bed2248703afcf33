"""The training loop: it trains a cohort from evaluation to evaluation until every lane has ended.

A cohort is a group of runs that train together; each run is a lane, one row of the arrays. The loop
prints nothing. The state is one record of arrays. The stepper of the engine takes the steps, the
recorder keeps the traces, the judge decides which lanes end, and listeners are called at each
event. A lane that stops or diverges is removed from the arrays; the others continue.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

import numpy as np

from gdrun.array_types import Counts, Flags, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.contract import Engine, Failure, Measures
from gdrun.engine.endings import divergence_at, outcome_of, stop_for
from gdrun.engine.evaluation import Firing, after_evaluation, evaluated_running_stats, read
from gdrun.engine.judging import Interrupted, Judge
from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.outcome import Divergence, Outcome, Timing
from gdrun.engine.plan import Place
from gdrun.engine.recording import Recorder
from gdrun.engine.state import State
from gdrun.methods.stopping import Readings, Stop


class Trainer:
    """Trains a cohort with an engine.

    A cohort is a group of runs (lanes) that train together; a chunk is several consecutive steps.
    listeners: called at the start, after each chunk and each evaluation, and when a lane ends.
    interrupted: called between chunks; if it returns the name of a signal, all lanes are evaluated
    once more and end as interrupted. outcomes: of the lanes that have ended, by the index of the
    lane in the cohort.
    """

    def __init__(
        self,
        cohort: Cohort,
        engine: Engine,
        listeners: Sequence[Listener] = (),
        interrupted: Interrupted = lambda: None,
    ) -> None:
        self.cohort = cohort
        self.engine = engine
        self.plan = cohort.plan
        self.state = State.start(cohort)
        self.outcomes: dict[int, Outcome] = {}
        self._listeners = listeners
        self._batches = Batches(cohort)
        self._recorder = Recorder(cohort, self._batches)
        self._judge = Judge(cohort, interrupted)
        self._started: float
        self._evaluating = 0.0
        self._moved: Flags
        self._readings: Readings = {}
        self._evaluated_step = -1
        self._use(Lanes(cohort, self.state.lanes))

    def run(self) -> tuple[Outcome, ...]:
        """Train until every run has ended. Returns the outcomes, in the order of seeds."""
        self.run_until(math.inf)
        return tuple(self.outcomes[lane] for lane in sorted(self.outcomes))

    def run_until(self, epoch: float) -> None:
        """Train up to the first evaluation at or after this epoch, or until every run has ended.

        Call it again with a later epoch to continue.
        """
        # Overflow is not an error here: the stepper checks for non-finite numbers itself.
        with np.errstate(all="ignore"), self.engine.threads():
            if not self.state.evaluations:
                self._started = time.perf_counter()
                for listener in self._listeners:
                    listener.started(self.progress)
                self._batches.draw_ahead([seed for seed, _ in self._lanes.streams], 0)
                self._evaluate()
            while len(self.state.lanes) and self.plan.epoch_time(self.state.place) < epoch:
                self._advance_to_evaluation()

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
        recorder = self._recorder
        return Progress(self.cohort, self.state, recorder.steps, recorder.evaluations)

    def _advance_to_evaluation(self) -> None:
        """Take the steps up to the next evaluation or to the end, and evaluate."""
        # Without the 1e-9 a rounding error could repeat the evaluation of this step.
        index = int(self.plan.epoch_time(self.state.place) / self.plan.evaluation_time(1) + 1e-9)
        while len(self.state.lanes):
            if self._judge.ending(self.state) or not (steps := self._steps_due(index + 1)):
                return self._evaluate()
            self._advance(steps)
        return None

    def _steps_due(self, evaluation: int) -> int:
        """The number of steps to the next evaluation, within this epoch and within the budget.

        0 if the evaluation is due now. evaluation: the index of the next evaluation.
        """
        place, budget = self.state.place, self.plan.budget
        due = self.plan.steps_to_evaluation(evaluation, place)
        left = self.plan.steps_ahead(evaluation, place)
        steps = left if due is None else min(due, left)
        return steps if budget is None else min(steps, budget.steps - self.state.step)

    def _advance(self, steps: int) -> None:
        """Take one chunk of at most `steps` consecutive steps."""
        state, lanes = self.state, self._lanes
        steps = min(steps, self._stepper.most_steps(state.place.epoch))
        begin = time.perf_counter()
        times = self.plan.times(state.step, state.place, steps)
        rates, betas = self.plan.rates(
            lanes.numbers.lr, lanes.schedule_options, times, steps, state.schedule.drops
        )
        measures = self._stepper.advance(
            state.W, state.slots, state.step, state.place, rates, betas, state.running_stats
        )
        # The time of a pass that both the last evaluation and this step used counts for the step.
        self._evaluating -= measures.borrowed
        seconds = time.perf_counter() - begin + measures.borrowed
        self._recorder.add_steps(state, measures, rates, seconds)
        self._moved |= (rates[: measures.steps] > 0).any(axis=0)
        self.state = self._after(measures, seconds)
        if measures.bad:
            self._end_failed(measures, state.last_batch_loss)
        for listener in self._listeners:
            listener.advanced(self.progress)

    def _after(self, measures: Measures, seconds: float) -> State:
        """The state after a chunk of consecutive steps. seconds: the time that the chunk took."""
        state, losses = self.state, measures.batch_loss
        per_epoch = self.plan.steps_per_epoch(state.place.epoch)
        position = state.place.position + measures.steps
        rises = (losses[0] > state.last_batch_loss) + _count(losses[1:] > losses[:-1])
        spent = self._batches.spent(state.place, np.array(measures.steps))
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

    def _end_failed(self, measures: Measures, loss_before: Numbers) -> None:
        """End the runs that diverged at the last step of a chunk of consecutive steps.

        loss_before (lanes,): the batch losses of the step before the chunk.
        """
        losses = np.array([self.state.initial_loss, loss_before, *measures.batch_loss[-2:]])
        for place, failure in measures.bad.items():
            self._end_diverged(place, failure, losses[:, place])
        self._drop(measures.bad)

    def _evaluate(self) -> None:
        """Evaluate the full objective, and end the runs that a rule or a budget stops."""
        # If an interruption comes directly after an evaluation, the step is not evaluated again.
        if self.state.step != self._evaluated_step:
            self._read()
        ended: set[int] = set()
        for place, failure, losses in self._judge.diverged(self._readings, self.state):
            self._end_diverged(place, failure, losses)
            ended.add(place)
        self._judge.watch(self._readings, self.state, ended)
        for place, stop in self._judge.stops(self._readings, self.state):
            if place not in ended:
                self._end(place, stop)
                ended.add(place)
        self._drop(ended)

    def _read(self) -> None:
        """Evaluate the full objective, record the readings, and update the state."""
        begin = time.perf_counter()
        epoch, state = self.plan.epoch_time(self.state.place), self.state
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
        self._moved = np.zeros(len(state.lanes), dtype=bool)
        first = state.evaluations == 0
        if first:
            initial = readings["train_loss"]
            limit = self._judge.loss_limits(initial)
            state = state.changed(initial_loss=initial, loss_limit=limit)
        else:
            loss = readings.get("validation_loss", readings["train_loss"])
            watched = self.plan.schedule.form.watched
            schedule = watched(state.schedule, loss, self._lanes.schedule_options)
            state = state.changed(schedule=schedule)
        self.state = after_evaluation(state, readings, running_stats, self.cohort.stopping, epoch)
        self._recorder.add_evaluation(state, epoch, readings)
        self._evaluating += time.perf_counter() - begin
        # The stepper needs the loss limits, which the first evaluation has set.
        if first:
            self._use(self._lanes)
        for listener in self._listeners:
            listener.evaluated(self.progress, readings)
        self._readings, self._evaluated_step = readings, state.step

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
        lane, elapsed = int(self.state.lanes[place]), time.perf_counter() - self._started
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
            timing=Timing(self.state.seconds, self._evaluating, elapsed),
        )
        self.outcomes[lane] = outcome
        for listener in self._listeners:
            listener.ended(lane, outcome)

    def _drop(self, places: Iterable[int]) -> None:
        """Remove runs from the arrays. places: their indices among the runs that still train."""
        alive = np.ones(len(self.state.lanes), dtype=bool)
        alive[list(places)] = False
        if alive.all():
            return
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
        self._stepper = self.engine.stepper(lanes, self._batches, self.state.loss_limit)
        self._moved = np.zeros(len(lanes.index), dtype=bool)


def _count(true: Flags) -> Counts:
    """The number of true values in each column, (lanes,). true: (steps, lanes)."""
    # NumPy counts along a contiguous axis much faster.
    counts: Counts = np.count_nonzero(np.ascontiguousarray(true.T), axis=-1)
    return counts


def _largest(numbers: Numbers) -> Numbers:
    """The largest number in each column, (lanes,). numbers: (steps, lanes)."""
    found: Numbers = np.ascontiguousarray(numbers.T).max(axis=-1)
    return found
