"""Tasks: groups of trials that train together, as one cohort whose arrays fit cache and memory.

A task does not depend on other tasks. It can run in this process, in another process, or on another
machine, and it can be run again if a worker process dies. Each trial is a lane of the cohort: one
row of the cohort's arrays.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from gdrun.config.experiment import SURFACE_LOG, Experiment
from gdrun.config.settings import Log
from gdrun.data import Prepared, Table
from gdrun.data.sources import files_read_for
from gdrun.data.unchanged_files import states_of
from gdrun.engine.build import build, facts
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError, DataError, Problem
from gdrun.runs.checkpoint import Checkpoint, machine_of, origin_of, read_checkpoint
from gdrun.runs.experiment_data import experiment_data
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Trial
from gdrun.study.storage.results import Result, results_of

TRACE_POINTS, WALK_POINTS = 100, 2000
"""The most points in the step trace of a trial, and of a trial on a surface, by default.

Thousands of trials with the default of `gdrun train` would need much memory. On a surface the trace
is the path that is drawn, and thinning hides steps that alternate. A value of `log.points` other
than the default is obeyed. A default that is written out is no such value, because gdrun itself
writes out all defaults in the configs of runs, with which most studies begin.
"""

CACHE_ENTRIES = 2**16
"""The most entries of the weights W of all runs that train together, and of their scores (model
outputs) for one batch: 512 KB of float64 each. Larger arrays do not fit the cache, so every
elementwise operation reads main memory, and training more runs together does not save time.
"""

FEWEST_LANES, MOST_LANES = 16, 128
"""Bounds on the number of lanes of a cohort, which are runs that train together. Even if one lane
fills the cache, FEWEST_LANES lanes save time, because each batch is gathered only once for all of
them. With MOST_LANES lanes the Python interpreter takes so little of the time that more lanes do
not help.
"""

MEMORY_ENTRIES = 2**25
"""The most entries of all arrays of a cohort (runs that train together): 256 MB of float64."""

WEIGHT_ARRAYS = 10
"""How many arrays of the size of the weights W each run has: W, gradient, slots (the state of the
update rule), the previous and the best W, …
"""


@dataclass(frozen=True)
class Task:
    """Trials that train together, as the lanes of one cohort, in the order of their seeds.

    table: the data that replace the dataset of the experiments; None to use the dataset. directory:
    where the checkpoint of the trials is written; None writes none.
    """

    trials: tuple[Trial, ...]
    table: Table | None = None
    directory: Path | None = None

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments of the trials; those with the default log.points record fewer points."""
        return tuple(lean(trial.experiment) for trial in self.trials)

    @cached_property
    def checkpoint(self) -> Path | None:
        """The file for the state of the trials while they train; None writes none."""
        if self.directory is None:
            return None
        names = "\n".join(trial.identity for trial in self.trials)
        digest = hashlib.sha256(names.encode()).hexdigest()[:16]
        return self.directory / CHECKPOINTS.replace("*", digest)

    def trainer(
        self, listeners: Sequence[Listener] = (), interrupted: Interrupted = lambda: None
    ) -> Trainer:
        """The trainer of the trials, which continues from the checkpoint, if there is one.

        interrupted: a function that returns the name of a signal when training should stop. Raises
        RecordError if the checkpoint is damaged, or the data or plugins have changed since it was
        written.
        """
        data = prepared(self.experiments[0], self.table)
        cohort, engine = build(self.experiments, data)
        if self.checkpoint is None:
            return Trainer(cohort, engine, listeners, interrupted)
        origin, machine = origin_of(self.experiments, cohort, engine), machine_of(engine)
        snapshot, _ = read_checkpoint(self.checkpoint, origin, machine, cohort)
        writer = Checkpoint(self.checkpoint, origin, machine)
        return Trainer(cohort, engine, [writer, *listeners], interrupted, snapshot)

    def run(
        self, listeners: Sequence[Listener] = (), interrupted: Interrupted = lambda: None
    ) -> list[Result]:
        """Train all trials, and return the results of the trials that were not interrupted.

        interrupted: a function that returns the name of a signal when training should stop.
        """
        try:
            trainer = self.trainer(listeners, interrupted)
        except Stopped:  # while a kernel was compiled
            return []
        outcomes = trainer.run()
        return results_of((trial.identity for trial in self.trials), outcomes, trainer)


ListenersOf = Callable[[Task], Sequence[Listener]]
"""A function that returns the listeners of a task that is about to train.

Lane k of the cohort that they listen to is trial k of the task.
"""

CHECKPOINTS = "checkpoint-*.npz"
"""The names of the checkpoints in the directory of a study: one for each task that trains."""


def tasks_of(
    trials: Iterable[Trial],
    table: Table | None = None,
    *,
    jobs: int = 1,
    alone: bool = False,
    directory: Path | None = None,
) -> list[Task]:
    """Divide trials into tasks: groups of trials that train together.

    The trials of a task differ only in their seeds and in numeric options such as the rate. table:
    the data that replace the dataset; None to use the dataset. jobs: the number of processes; there
    are at least as many tasks if there are enough trials. alone: whether each task has only one
    trial, so that the seconds of trials can be compared. directory: where checkpoints are written;
    None writes none. Raises ConfigError or DataError if an experiment does not fit its data.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.experiment.shape, []).append(trial)
    tasks: list[Task] = []
    # Every group is split so that all groups together have at least `jobs` tasks.
    share = math.ceil(jobs / max(len(groups), 1))
    for group in groups.values():
        most = most_lanes(group[0].experiment, table)
        lanes = 1 if alone else min(most, math.ceil(len(group) / share))
        # Lanes with the same seed share batches, so they should be in the same task.
        ordered = sorted(group, key=lambda trial: trial.experiment.seed)
        tasks.extend(Task(tuple(chunk), table, directory) for chunk in even_chunks(ordered, lanes))
    return tasks


def unfinished(tasks: Iterable[Task], results: Mapping[str, Result]) -> list[Task]:
    """The tasks that must still run: those with a trial that has no result.

    tasks: those of all trials of the study. results: by the trial's identity. A task that was
    interrupted is returned as a whole, and trained from its checkpoint, if there is one: its
    results are then the same bit for bit. Of a task with trials that the earlier study did not
    have, only the trials without a result are returned.
    """
    left: list[Task] = []
    for task in tasks:
        known = [results[each.identity] for each in task.trials if each.identity in results]
        if len(known) == len(task.trials):
            continue
        same = all(result.record["lanes"] == len(task.trials) for result in known)
        new = tuple(each for each in task.trials if each.identity not in results)
        left.append(task if same else replace(task, trials=new))
    return left


def in_checkpoints(tasks: Iterable[Task]) -> set[str]:
    """The identities of the trials that would continue from the checkpoint of their task."""
    begun = (task for task in tasks if task.checkpoint is not None and task.checkpoint.exists())
    return {trial.identity for task in begun for trial in task.trials}


def check_fit(experiments: Iterable[Experiment], table: Table | None = None) -> None:
    """Raise DataError, with every problem, if an experiment does not fit its data.

    table: the data that replace the dataset of the experiments; None to use the dataset.
    """
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
    """The most runs of this experiment that can train together, as the lanes of one cohort.

    The arrays of more lanes would not fit the cache or the memory. table: the data that replace the
    dataset; None to use the dataset. Raises DataError or ConfigError if the experiment does not fit
    its data.
    """
    known = facts(experiment, prepared(experiment, table))
    scores = known.batch_size * known.outputs
    fit_cache = CACHE_ENTRIES // max(known.parameters, scores)
    # A lane also has about 20 trace columns, and 4 arrays of the size of the scores.
    steps = MEMORY_ENTRIES if known.steps is None else known.steps
    given = _trace_points(experiment)
    points = min(steps, given) if isinstance(given, int) else steps
    each = WEIGHT_ARRAYS * known.parameters + 20 * points + 4 * scores
    lanes = min(max(fit_cache, FEWEST_LANES), MOST_LANES)
    return max(min(lanes, MEMORY_ENTRIES // each), 1)


def loss_of(experiment: Experiment, table: Table | None = None) -> str:
    """The name of the loss that the experiment's model minimises; an empty text for a surface.

    table: the data that replace the dataset; None to use the dataset. Raises DataError or
    ConfigError if the experiment does not fit its data.
    """
    return facts(experiment, prepared(experiment, table)).loss


def even_chunks(trials: Sequence[Trial], most: int) -> Iterator[Sequence[Trial]]:
    """Split trials into consecutive parts of nearly equal length, each of at most `most` trials."""
    parts = math.ceil(len(trials) / most)
    size, longer = divmod(len(trials), parts)
    start = 0
    for part in range(parts):
        end = start + size + (part < longer)
        yield trials[start:end]
        start = end


def lean(experiment: Experiment) -> Experiment:
    """The same experiment; if log.points is the default, with fewer points in its step trace.

    These are TRACE_POINTS, or WALK_POINTS on a surface.
    """
    points = _trace_points(experiment)
    if points == experiment.log.points:
        return experiment
    return replace(experiment, log=Log(points=points))


def _trace_points(experiment: Experiment) -> int | Literal["all"]:
    """The most points in the step trace of a trial."""
    points, usual, fewer = experiment.log.points, Log().points, TRACE_POINTS
    if experiment.surface is not None:
        usual, fewer = SURFACE_LOG["points"], WALK_POINTS
    return fewer if points == usual else points


def prepared(
    experiment: Experiment,
    table: Table | None = None,
    *,
    read: Table | None = None,
    known: Prepared | None = None,
) -> Prepared:
    """The data of an experiment, split and standardised. At most MOST_PREPARED are cached.

    A file that has changed is read again. table: the data that replace the dataset; None to use the
    dataset. read: the table of the dataset if it has been read already; its arrays may be
    overwritten. known: the data, if they have been prepared already. Raises DataError if the data
    cannot be read or prepared.
    """
    key = data_key(experiment, table)
    if key not in _PREPARED:
        data = known or experiment_data(experiment, table, read=read)
        # Studies rarely have more datasets, so it is enough to clear the whole cache.
        if len(_PREPARED) >= MOST_PREPARED:
            _PREPARED.clear()
        _PREPARED[key] = data
    return _PREPARED[key]


def data_key(experiment: Experiment, table: Table | None = None) -> str:
    """A text of all that the prepared data of an experiment depend on, also the states of files.

    table: the data that replace the dataset; None to use the dataset.
    """
    surface = experiment.surface.plain() if experiment.surface else None
    source = table.sha256 if table is not None else None
    seed = experiment.data_seed if surface is None else None
    dataset = experiment.dataset.plain()
    files = states_of(files_read_for(dataset))
    return repr((dataset, files, seed, surface, experiment.dtype, experiment.task, source))


MOST_PREPARED = 4
"""The most prepared datasets in the cache."""

_PREPARED: dict[str, Prepared] = {}
