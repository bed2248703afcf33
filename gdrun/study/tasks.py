"""Tasks: the trials of a plan, gathered into cohorts that run as lanes, each small enough.

A task is independent of all others: it can run in this process, in another, or on another machine,
and be run again if it is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gdrun.config.experiment import Experiment
from gdrun.config.settings import Log
from gdrun.data import Prepared, Table
from gdrun.engine.build import build, experiment_data, facts
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError, DataError, Problem
from gdrun.study.design.trials import Trial
from gdrun.study.storage.results import Result

TRACE_POINTS = 100
"""Step records that a trial keeps at most; a run of its own keeps what its config says."""

CACHE_ENTRIES = 2**16
"""Entries of the weights, or of the scores of one batch, of all lanes of a cohort: 512 KB of
float64 each. Beyond it every elementwise pass goes to main memory, and lanes gain nothing more.
"""

FEWEST_LANES, MOST_LANES = 16, 128
"""Even where one lane fills the cache by itself, so many share the gathering of batches; and above
so many, the interpreter's own share of a step is too small to be divided further.
"""

MEMORY_ENTRIES = 2**25
"""Entries of all arrays with a lane axis together: 256 MB of float64."""

ROWS_LENGTHWISE = 10
"""Arrays of the size of the weights that a step holds: W, gradient, slots, the last and best W."""


@dataclass(frozen=True)
class Task:
    """Trials that run as the lanes of one cohort, in the order of their seeds."""

    trials: tuple[Trial, ...]
    table: Table | None = None

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments as they are run: with a trace that a study has room for."""
        return tuple(lean(trial.experiment) for trial in self.trials)

    def run(
        self, listeners: Sequence[Listener] = (), interrupted: Interrupted = lambda: None
    ) -> list[Result]:
        """Train all lanes; the results of those that were not interrupted."""
        data = prepared(self.experiments[0], self.table)
        cohort, engine = build(self.experiments, data)
        trainer = Trainer(cohort, engine, listeners, interrupted)
        outcomes = trainer.run()
        return [
            Result.of(trial.identity, outcome, trainer)
            for trial, outcome in zip(self.trials, outcomes, strict=True)
            if outcome.status != "interrupted"
        ]


def tasks_of(
    trials: Iterable[Trial], table: Table | None = None, *, jobs: int = 1, alone: bool = False
) -> list[Task]:
    """The trials as tasks: by shape, then in chunks that fit, at least `jobs` where that serves.

    alone: one trial a task, so that no trial shares its time with others.
    Raises DataError where an experiment does not fit its data.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.experiment.shape, []).append(trial)
    tasks: list[Task] = []
    share = math.ceil(jobs / max(len(groups), 1))
    for group in groups.values():
        most = most_lanes(group[0].experiment, table)
        lanes = 1 if alone else min(most, math.ceil(len(group) / share))
        ordered = sorted(group, key=lambda trial: trial.experiment.seed)
        tasks.extend(Task(tuple(chunk), table) for chunk in even_chunks(ordered, lanes))
    return tasks


def check_fit(experiments: Iterable[Experiment], table: Table | None = None) -> None:
    """Raise DataError or ConfigError, with all that is wrong, where one does not fit its data."""
    problems: dict[Problem, None] = {}
    by_shape = {experiment.shape: experiment for experiment in experiments}
    for experiment in by_shape.values():
        try:
            most_lanes(experiment, table)
        except (ConfigError, DataError) as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise DataError(problems)


def most_lanes(experiment: Experiment, table: Table | None) -> int:
    """How many lanes of this kind one cohort should hold: what the cache, and memory, has room for.

    Raises DataError or ConfigError where the experiment does not fit its data.
    """
    known = facts(experiment, prepared(experiment, table))
    scores = known.batch_size * known.outputs
    fit_cache = CACHE_ENTRIES // max(known.parameters, scores)
    each = ROWS_LENGTHWISE * known.parameters + 20 * TRACE_POINTS + 4 * scores
    lanes = min(max(fit_cache, FEWEST_LANES), MOST_LANES)
    return max(min(lanes, MEMORY_ENTRIES // each), 1)


def loss_of(experiment: Experiment, table: Table | None = None) -> str:
    """The name of the loss that its model minimises; empty where it has none."""
    return facts(experiment, prepared(experiment, table)).loss


def even_chunks(trials: Sequence[Trial], most: int) -> Iterator[Sequence[Trial]]:
    """Consecutive parts of nearly equal length, none above `most`."""
    parts = math.ceil(len(trials) / most)
    size, longer = divmod(len(trials), parts)
    start = 0
    for part in range(parts):
        end = start + size + (part < longer)
        yield trials[start:end]
        start = end


def lean(experiment: Experiment) -> Experiment:
    """The experiment with a step trace of at most TRACE_POINTS; its run is the same."""
    points = experiment.log.points
    if points != "all" and points <= TRACE_POINTS:
        return experiment
    return replace(experiment, log=Log(points=TRACE_POINTS))


def prepared(experiment: Experiment, table: Table | None = None) -> Prepared:
    """The data of an experiment, kept while the next ones ask for the same."""
    surface = experiment.surface.plain() if experiment.surface else None
    source = table.sha256 if table is not None else None
    key = repr((experiment.dataset.plain(), surface, experiment.dtype, experiment.task, source))
    if key not in _PREPARED:
        data = experiment_data(experiment, table)
        if len(_PREPARED) >= MOST_PREPARED:
            _PREPARED.clear()
        _PREPARED[key] = data
    return _PREPARED[key]


MOST_PREPARED = 4
_PREPARED: dict[str, Prepared] = {}
