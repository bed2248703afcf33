"""A snapshot of a training: everything that is needed to continue it with the same bits.

A snapshot has no random number generators. The order of an epoch and the dropout of a step depend
only on the seed and on the number of the epoch or step (see gdrun.methods.randomness).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gdrun.array_types import Flags
from gdrun.engine.cohort import Cohort
from gdrun.engine.outcome import Outcome
from gdrun.engine.state import State
from gdrun.engine.stopwatch import Clock
from gdrun.engine.trace import EvaluationTrace, Recorded, StepTrace
from gdrun.methods.schedules import Memory
from gdrun.methods.stopping import Readings, Stop

Watched = tuple[dict[str, Stop], ...]
"""For each lane of a cohort (runs that train together), the first firing of each watched rule."""


@dataclass(frozen=True)
class Snapshot:
    """A training between two chunks of steps (a chunk is several consecutive steps).

    evaluation: the index of the next evaluation, which may be due at this step. moved (lanes,):
    whether the rate of each run was above 0 since its last evaluation. readings: the results of the
    last evaluation, by quantity. evaluated_step: the step of the last evaluation; -1 before the
    first. steps, evaluations: the points of both traces. watched: for each run the first firing of
    each rule that is only reported and does not stop it. outcomes: the outcomes of the runs that
    have ended; the key is the index of the run in the cohort.
    """

    state: State
    evaluation: int
    moved: Flags
    readings: Readings
    evaluated_step: int
    steps: Recorded
    evaluations: Recorded
    watched: Watched
    outcomes: dict[int, Outcome]
    clock: Clock

    def misfit(self, cohort: Cohort) -> str | None:
        """The name of the first part of the snapshot that does not fit the cohort; None if all fit.

        The shapes are checked here, because the compiled kernels do not check them.
        """
        lanes, known = self.state.lanes, set(self.outcomes)
        alive = lanes.tolist() if lanes.dtype == np.int64 and lanes.ndim == 1 else [-1]
        if sorted([*alive, *known]) != list(range(cohort.lanes)) or alive != sorted(alive):
            return "lanes"
        if (wrong := _misfit(self.state, State.start(cohort), len(alive))) is not None:
            return wrong
        place, per_epoch = self.state.place, cohort.plan.steps_per_epoch
        if place.epoch < 0 or not 0 <= place.position < per_epoch(place.epoch):
            return "place"
        try:
            StepTrace(cohort.lanes, cohort.points, cohort.place_names).restore(self.steps)
            EvaluationTrace(cohort.lanes).restore(self.evaluations)
        except ValueError:
            return "trace"
        columns = {"moved": self.moved, **self.readings}
        return next((name for name, each in columns.items() if each.shape != (len(alive),)), None)


def _misfit(state: State | Memory, start: State | Memory, lanes: int) -> str | None:
    """The name of the first field with an array of a wrong dtype or shape; None if all are right.

    start: the same record at the start of training, which has the right dtypes and shapes. lanes:
    the number of runs that still train.
    """
    for field in fields(state):
        given, model = getattr(state, field.name), getattr(start, field.name)
        if isinstance(model, Memory):
            if _misfit(given, model, lanes) is not None:
                return field.name
            continue
        pairs = [(given, model)] if isinstance(model, np.ndarray) else []
        if isinstance(model, tuple):
            if len(given) != len(model):
                return field.name
            pairs = list(zip(given, model, strict=True))
        for own, first in pairs:
            if own.dtype != first.dtype or own.shape != (lanes, *first.shape[1:]):
                return field.name
    return None
