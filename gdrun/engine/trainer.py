"""The one training loop: it advances a cohort from evaluation to evaluation until every lane ends.

The loop is silent. Listeners hear what happens; the state is one record of arrays; the stepper does
the arithmetic. A lane that stops or diverges leaves with its outcome, and the rest go on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from gdrun.array_types import Counts, Flags, Numbers
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.endings import divergence_at, outcome_of, stop_for, used_up
from gdrun.engine.evaluation import Firing, fired, judged_memory, read, remember
from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.outcome import Divergence, Outcome, Timing
from gdrun.engine.plan import Place, Plan
from gdrun.engine.state import State
from gdrun.engine.steppers import Failure, Measures
from gdrun.engine.trace import Columns, EvaluationTrace, StepTrace
from gdrun.methods.stopping import Readings, Stop

Interrupted = Callable[[], str | None]


class Trainer:
    """One training of a cohort.

    interrupted: asked between chunks; a name such as SIGINT ends all lanes there, with a last
    evaluation, as interrupted.
    """

    def __init__(
        self,
        cohort: Cohort,
        listeners: Sequence[Listener] = (),
        interrupted: Interrupted = lambda: None,
    ) -> None:
        self.cohort = cohort
        self.plan = Plan(cohort.shared, cohort.batching)
        self.state = State.start(cohort)
        self._listeners = listeners
        self._interrupted = interrupted
        self._batches = Batches(cohort)
        points = cohort.shared.log.points
        lanes = len(cohort.experiments)
        bound = None if points == "all" else points
        self.steps = StepTrace(lanes, bound, cohort.place_names)
        self.evaluations = EvaluationTrace(lanes)
        self.outcomes: dict[int, Outcome] = {}
        self._started: float
        self._watched: dict[int, dict[str, Stop]] = {lane: {} for lane in range(lanes)}
        self._evaluating = 0.0
        self._moved: Flags
        self._readings: Readings = {}
        self._evaluated_step = -1
        self._use(Lanes(cohort, self.state.lanes))

    def run(self) -> tuple[Outcome, ...]:
        """Train until every lane has ended; the outcomes, in the order of the cohort's lanes."""
        self.run_until(math.inf)
        return tuple(self.outcomes[lane] for lane in sorted(self.outcomes))

    def run_until(self, epoch: float) -> None:
        """Train up to the first evaluation at or after this epoch, or until every lane has ended.

        May be called again, for what lies beyond.
        """
        with np.errstate(all="ignore"), self.cohort.engine.threads():
            if not self.state.evaluations:
                self._started = time.perf_counter()
                self._tell_started()
                self._batches.foresee([seed for seed, _ in self._lanes.streams], 0)
                self._evaluate()
            while len(self.state.lanes) and self.plan.epoch_time(self.state.place) < epoch:
                self._advance_to_evaluation()

    def retire(self, lanes: Sequence[int], rule: str, sentence: str) -> None:
        """End these lanes of the cohort, at the evaluation that was just made, as stopped."""
        epoch = self.plan.epoch_time(self.state.place)
        chosen = np.flatnonzero(np.isin(self.state.lanes, lanes)).tolist()
        for place in chosen:
            self._end(place, stop_for(Firing(rule, "stopped", sentence), epoch, self.state.step))
        self._drop(dict.fromkeys(chosen))

    @property
    def progress(self) -> Progress:
        return Progress(self.cohort, self.plan, self.state, self.steps, self.evaluations)

    def _advance_to_evaluation(self) -> None:
        """Take the steps up to the next evaluation, or the end if that comes first."""
        index = int(self.plan.epoch_time(self.state.place) / self.plan.evaluation_time(1) + 1e-9)
        while len(self.state.lanes):
            if self._ending() or not (steps := self._steps_due(index + 1)):
                return self._evaluate()
            self._advance(steps)
        return None

    def _steps_due(self, evaluation: int) -> int:
        """Steps to the next evaluation, within this epoch and the budget; 0 when it is due."""
        place, budget = self.state.place, self.plan.budget
        due = self.plan.steps_to_evaluation(evaluation, place)
        left = self.plan.steps_ahead(evaluation, place)
        steps = left if due is None else min(due, left)
        return steps if budget is None else min(steps, budget.steps - self.state.step)

    def _advance(self, steps: int) -> None:
        """Take at most `steps` steps, one chunk of them."""
        state, steps = self.state, min(steps, self._stepper.most_steps(self.state.place.epoch))
        begin = time.perf_counter()
        times = self.plan.times(state.step, state.place, steps)
        rates, betas = self.plan.rates(self._lanes, times, steps, state.schedule.drops)
        measures = self._stepper.advance(
            state.W, state.slots, state.step, state.place, rates, betas, state.memory
        )
        # A pass that serves an evaluation and a step is the step's: only that one needs it anyway.
        self._evaluating -= measures.borrowed
        self._record(measures, rates, time.perf_counter() - begin + measures.borrowed)
        if measures.bad:
            self._retire_diverged(measures, state.last_batch_loss)
        for listener in self._listeners:
            listener.advanced(self.progress)

    def _record(self, measures: Measures, rates: Numbers, seconds: float) -> None:
        """Take the state over from the stepper, and write the steps down."""
        state, steps = self.state, measures.steps
        epoch, position = state.place.epoch, state.place.position
        per_epoch = self.plan.steps_per_epoch(epoch)
        spent = partial(self._batches.spent, state.place)

        def shared(chosen: Counts) -> Columns:
            count = chosen + 1
            used = spent(count)
            return {
                "step": state.step + count,
                "epoch": epoch + (position + count) / per_epoch,
                "gradients": state.gradients + used,
                "seconds": state.seconds + seconds * count / steps,
                "batch_size": used - spent(chosen),
            }

        self.steps.add(
            shared,
            {
                "lr": rates[:steps],
                "batch_loss": measures.batch_loss,
                "grad_norm": measures.grad_norm,
                "update_norm": measures.update_norm,
                "weight_norm": measures.weight_norm,
                "clipped": measures.clipped,
                **self._places(measures),
            },
            state.lanes,
        )
        self._moved |= (rates[:steps] > 0).any(axis=0)
        position += steps
        losses = measures.batch_loss
        rises = (losses[0] > state.last_batch_loss) + _count(losses[1:] > losses[:-1])
        self.state = state.changed(
            W=measures.W,
            memory=state.memory if measures.memory is None else measures.memory,
            before=state.W if measures.before is None else measures.before,
            slots=measures.slots,
            place=Place(epoch + position // per_epoch, position % per_epoch),
            step=state.step + steps,
            gradients=state.gradients + int(spent(np.array(steps))),
            seconds=state.seconds + seconds,
            last_batch_loss=losses[-1],
            rising=state.rising + rises,
            clipped=state.clipped + _count(measures.clipped),
            largest_grad_norm=np.maximum(state.largest_grad_norm, _largest(measures.grad_norm)),
        )

    def _places(self, measures: Measures) -> Columns:
        if measures.places is None:
            return {}
        return {name: measures.places[..., k] for k, name in enumerate(self.cohort.place_names)}

    def _retire_diverged(self, measures: Measures, loss_before: Numbers) -> None:
        losses = np.array([self.state.initial_loss, loss_before, *measures.batch_loss[-2:]])
        for lane, failure in measures.bad.items():
            self._end_diverged(lane, failure, losses[:, lane])
        self._drop(measures.bad)

    def _evaluate(self) -> None:
        """Read the full objective, judge every rule and budget, and retire what has ended."""
        epoch = self.plan.epoch_time(self.state.place)
        if self.state.step != self._evaluated_step:
            self._read(epoch)
        self._judge(epoch)

    def _read(self, epoch: float) -> None:
        begin = time.perf_counter()
        obeyed = self.cohort.shared.stopping
        rules = (obeyed, obeyed.watch)
        wants_gradient = any("grad_norm" in section.thresholds for section in rules)
        state = self.state
        memory = judged_memory(self._lanes, state)
        readings = read(self._lanes, state, memory, gradient=wants_gradient, moved=self._moved)
        self._moved = np.zeros(len(state.lanes), dtype=bool)
        first = state.evaluations == 0
        if first:
            initial = readings["train_loss"]
            factor = obeyed.divergence.factor
            # From a start without any loss every step is an infinite rise: any number is fine.
            limit = np.where(initial > 0, factor * initial, np.inf)
            limit = np.minimum(limit, np.finfo(np.float64).max)
            state = state.changed(initial_loss=initial, loss_limit=limit)
        if state.evaluations:
            loss = readings.get("validation_loss", readings["train_loss"])
            options = self._lanes.schedule_options
            state = state.changed(
                schedule=self.plan.schedule.watched(state.schedule, loss, options)
            )
        self.state = remember(state, readings, memory, rules, epoch)
        shared = {
            "step": state.step,
            "epoch": epoch,
            "gradients": state.gradients,
            "seconds": state.seconds,
        }
        self.evaluations.add(shared, readings, state.lanes)
        self._evaluating += time.perf_counter() - begin
        if first:
            self._use(self._lanes)
        for listener in self._listeners:
            listener.evaluated(self.progress, readings)
        self._readings, self._evaluated_step = readings, state.step

    def _judge(self, epoch: float) -> None:
        state, readings, rules = self.state, self._readings, self.cohort.shared.stopping
        ended: dict[int, None] = {}
        limit = state.loss_limit
        for lane in np.flatnonzero(~(readings["train_loss"] <= limit)).tolist():
            value = float(readings["train_loss"][lane])
            losses = np.array([state.initial_loss[lane], state.last_batch_loss[lane], value])
            self._end_diverged(lane, Failure("training loss", value, None), losses)
            ended[lane] = None
        for lane, firing in fired(rules.watch, 1, readings, state):
            watched = self._watched[int(state.lanes[lane])]
            if lane not in ended and firing.rule not in watched:
                watched[firing.rule] = stop_for(firing, epoch, state.step)
        stopping = [*fired(rules, 0, readings, state), *self._budget_firings()]
        for lane, firing in stopping:
            if lane not in ended:
                self._end(lane, stop_for(firing, epoch, state.step))
                ended[lane] = None
        self._drop(ended)

    def _budget_firings(self) -> list[tuple[int, Firing]]:
        """The end of a budget, or an interruption: it comes to every lane."""
        firing = self._ending()
        return [(lane, firing) for lane in range(len(self.state.lanes))] if firing else []

    def _ending(self) -> Firing | None:
        """What ends all lanes now, if anything does."""
        if signal := self._interrupted():
            return Firing("interrupted", "interrupted", f"interrupted by {signal}")
        return used_up(self.plan, self.state)

    def _end_diverged(self, lane: int, failure: Failure, losses: Numbers) -> None:
        """Close a diverged lane; `losses` are its latest ones, the last finite one among them."""
        stop, divergence = divergence_at(
            failure,
            losses,
            epoch=self.plan.epoch_time(self.state.place),
            step=self.state.step,
            factor=self.cohort.shared.stopping.divergence.factor,
            initial_loss=float(self.state.initial_loss[lane]),
        )
        self._end(lane, stop, divergence)

    def _end(self, place: int, stop: Stop, divergence: Divergence | None = None) -> None:
        """Close the record of the lane at `place` among those still training."""
        lane, elapsed = int(self.state.lanes[place]), time.perf_counter() - self._started
        outcome = outcome_of(
            self.cohort,
            self.state,
            place,
            stop,
            divergence,
            steps=self.steps,
            evaluations=self.evaluations,
            watched=tuple(self._watched[lane].values()),
            timing=Timing(self.state.seconds, self._evaluating, elapsed),
        )
        self.outcomes[lane] = outcome
        for listener in self._listeners:
            listener.ended(lane, outcome)

    def _drop(self, places: dict[int, None] | dict[int, Failure]) -> None:
        """Let the lanes at these places go; the arrays close up behind them."""
        if not places:
            return
        alive = np.ones(len(self.state.lanes), dtype=bool)
        alive[list(places)] = False
        self.state = self.state.keep(alive)
        self._readings = {name: column[alive] for name, column in self._readings.items()}
        moved = self._moved[alive]
        if alive.any():
            self._use(self._lanes.keep(alive))
            self._moved = moved

    def _use(self, lanes: Lanes) -> None:
        """Advance these lanes from now on."""
        self._lanes = lanes
        engine = self.cohort.engine
        self._stepper = engine.stepper(lanes, self._batches, self.state.loss_limit)
        self._moved = np.zeros(len(lanes.index), dtype=bool)

    def _tell_started(self) -> None:
        for listener in self._listeners:
            listener.started(self.progress)


def _count(true: Flags) -> Counts:
    """How often each lane's column of (steps, lanes) is true."""
    counts: Counts = np.count_nonzero(np.ascontiguousarray(true.T), axis=-1)
    return counts


def _largest(numbers: Numbers) -> Numbers:
    """The largest in each lane's column of (steps, lanes)."""
    found: Numbers = np.ascontiguousarray(numbers.T).max(axis=-1)
    return found
