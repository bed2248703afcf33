"""The arguments that sweeps and comparisons share, and the functions that a running study calls."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any, Self

from gdrun.config.document import Document
from gdrun.config.experiment import Experiment
from gdrun.config.loading import (
    Change,
    Source,
    arrays_for_dataset,
    divided,
    load,
    read,
    settings_of,
)
from gdrun.config.overrides import Override
from gdrun.data import Table, table_from_pair
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.errors import ConfigError, Parameter, Problem
from gdrun.study.default_batches import SIZE, fitting_size
from gdrun.study.design.trials import Candidate, Settings, StudyPlan
from gdrun.study.executors import (
    InProcess,
    InProcesses,
    Note,
    OnExecutor,
    Runner,
    end_if_imported,
)
from gdrun.study.growth import GrowthReporter, OnGrowth
from gdrun.study.judgement.metrics import (
    Metric,
    Target,
    measuring,
    metric_called,
    parse_target,
)
from gdrun.study.study import OnProgress
from gdrun.study.tasks import Task


@dataclass(frozen=True)
class Observers:
    """Functions that a study calls while it runs.

    listeners: called by the trainer of each task that runs in this process. note: called with a
    sentence for the user when a worker process died and was replaced. interrupted: returns the name
    of a signal when the study should stop, else None. on_progress: called at the start, and
    whenever trials have ended. on_growth: called again and again while tasks train, each time with
    the evaluations and the used budget of one task; None for no such calls. If the tasks train in
    other processes of this machine, another thread makes the calls.
    """

    listeners: Sequence[Listener] = ()
    note: Note = lambda text: None
    interrupted: Interrupted = lambda: None
    on_progress: OnProgress = lambda progress: None
    on_growth: OnGrowth | None = None

    def listeners_of(self, task: Task) -> list[Listener]:
        """The `listeners`, and one that calls `on_growth`, if it is set, while this task trains."""
        reporters = [] if self.on_growth is None else [GrowthReporter(task, self.on_growth)]
        return [*self.listeners, *reporters]


@dataclass(frozen=True, kw_only=True)
class StudyRequest:
    """The arguments that a sweep and a comparison share.

    config, overrides: the experiment to start from, as in gdrun.train. seeds: the number of seeds;
    the first is the seed of the experiment. metric: a name such as validation_accuracy or f1; None
    for the default metric. target: a text such as loss=0.1; None for the default target. jobs: the
    number of processes of this machine. executor: runs the tasks instead of this machine, `jobs` at
    a time; with jobs=1, as many at a time as this machine has cores. None to use this machine.
    data: (X, y), which replace the dataset, with the features X (N, d) and the targets y (N,) of N
    examples with d features; None to use the dataset. out: the directory in which a new directory
    is made for the study; None writes nothing. resume: the directory of an earlier study to
    continue; None for a new study. command: the command line, for the record of the study; None if
    the study was started from Python. call: the arguments of the Python function, for the record;
    None if the study was started by a command, or they are no plain data. assumed: a sentence for
    each override that was assumed, by key.
    """

    config: Source = None
    overrides: Sequence[Change] = ()
    seeds: int = 1
    metric: str | None = None
    target: str | None = None
    jobs: int = 1
    executor: Executor | None = None
    data: tuple[Any, Any] | None = None
    out: str | Path | None = None
    resume: str | Path | None = None
    command: str | None = None
    call: Mapping[str, Any] | None = None
    assumed: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """The arguments that must be whole numbers ≥ 1, by name."""
        return {"seeds": self.seeds, "jobs": self.jobs}

    @property
    def parallel(self) -> Parameter | None:
        """The name of the argument that makes tasks run in parallel: executor or jobs.

        None if tasks run one after another.
        """
        if self.executor is not None:
            return Parameter("executor")
        return Parameter("jobs") if self.jobs > 1 else None

    @property
    def width(self) -> int:
        """How many tasks run at a time."""
        several = self.executor is None or self.jobs > 1
        return self.jobs if several else os.cpu_count() or 1

    def runner(self, observers: Observers) -> Runner:
        """The runner of tasks: in this process, in several processes, or on the executor."""
        if self.executor is not None:
            return OnExecutor(self.executor, self.width)
        if self.jobs > 1:
            return InProcesses(self.jobs, observers.note, observers.on_growth)
        return InProcess(observers.listeners_of)

    @cached_property
    def document(self) -> Document | None:
        """The config as plain data; None without a config: the study starts from the quickstart.

        The config is read only once, because stdin cannot be read again.
        """
        return None if self.config is None else read(self.config)

    def base(
        self, names: Sequence[Override] = (), varied: Sequence[Override] = ()
    ) -> tuple[Experiment, Table | None, Settings]:
        """The experiment from `config` and `overrides`, `data` as a table, and settings for all.

        names: the names that candidates choose, such as optimizer=adam. Overrides whose keys exist
        only with one of these names are not applied to the experiment. The settings are the values
        of all overrides, by key; each candidate gets those for which it has an option. The table is
        None without data. varied: all keys that candidates set, as overrides whose values are not
        used. Raises ConfigError or DataError if one of these arguments is wrong, or an
        argument of `counts` is not a whole number ≥ 1.
        """
        self._check_counts()
        if self.jobs > 1:
            end_if_imported()
        table = None if self.data is None else table_from_pair(self.data)
        config = self.document
        changes = [] if self.data is None else [arrays_for_dataset(config)]
        own, later = divided(config, [*changes, *self.overrides], names)
        base = load(config, own, varied)
        return base, table, settings_of(own[len(changes) :], base) | later

    def with_fitting_batches(
        self, candidates: Sequence[Candidate], table: Table | None
    ) -> Self | None:
        """The same request with all training rows as one batch, if a default batch is larger.

        None if no default batch is larger, the user has set the batch size, or the candidates
        differ in the number of training rows. candidates: those of this request.
        """
        found = fitting_size(self.document, self.overrides, candidates, table)
        if found is None:
            return None
        size, reason = found
        return replace(
            self,
            config=self.document,
            overrides=[*self.overrides, size],
            assumed={**self.assumed, SIZE: f"{size.value}, {reason}"},
        )

    def judged(
        self, plan: StudyPlan, table: Table | None
    ) -> tuple[StudyPlan, Metric, Target | None]:
        """The plan, the metric that ranks its trials, and the target; None if no target is given.

        The experiments of the returned plan measure the metric and the metric of the target. Raises
        GdrunError if an experiment cannot measure one of them.
        """
        experiments = [candidate.experiment for candidate in plan.candidates]
        target = parse_target(self.target, experiments, table) if self.target else None
        metric = metric_called(self.metric, experiments, table)
        metrics = [metric] if target is None else [metric, target.metric]
        candidates = tuple(
            replace(each, experiment=measuring(each.experiment, metrics))
            for each in plan.candidates
        )
        return replace(plan, candidates=candidates), metric, target

    def _check_counts(self) -> None:
        checks = [_count_problem(name, count) for name, count in self.counts.items()]
        if problems := [problem for problem in checks if problem is not None]:
            raise ConfigError(problems)


def _count_problem(name: str, count: Any) -> Problem | None:
    """The error to report if an argument is not a whole number ≥ 1; None if it is one."""
    try:
        wrong = index(count) < 1
    except TypeError:
        return Problem(f"must be a whole number, got {count!r}", Parameter(name))
    return Problem(f"must be ≥ 1, got {count}", Parameter(name)) if wrong else None
