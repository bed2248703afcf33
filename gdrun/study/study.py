"""Carrying out a plan: what is missing is run, each trial is kept as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gdrun.data import Table
from gdrun.engine.judging import Interrupted
from gdrun.study.design.trials import StudyPlan, Trial
from gdrun.study.executors import InProcess, Runner
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.tasks import Task, tasks_of

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class StudyContext:
    """How a plan is carried out.

    runner: where tasks run, `jobs` at a time. directory: None keeps nothing. table: stands in for
    the dataset. on_progress: called with how many trials of how many have ended.
    """

    runner: Runner = InProcess()  # noqa: RUF009 (it holds nothing that changes)
    jobs: int = 1
    directory: StudyDirectory | None = None
    table: Table | None = None
    interrupted: Interrupted = lambda: None
    on_progress: OnProgress = lambda ended, of: None


@dataclass(frozen=True)
class Work:
    """What carrying out a plan took: trials run now and found finished, cohorts, wall seconds."""

    run: int
    found: int
    cohorts: int
    seconds: float

    def __add__(self, other: Work) -> Work:
        return Work(
            self.run + other.run,
            self.found + other.found,
            self.cohorts + other.cohorts,
            self.seconds + other.seconds,
        )


def carry_out(
    plan: StudyPlan, context: StudyContext, *, alone: bool = False
) -> tuple[dict[str, Result], Work]:
    """The results of a plan's trials by identity; fewer than all where it was interrupted.

    alone: whether each trial has its time to itself.
    """
    begin = time.perf_counter()
    directory = context.directory
    results = directory.finished() if directory is not None else {}
    found = len(results)
    everyone = unique(plan)
    left = [trial for trial in everyone if trial.identity not in results]
    tasks = tasks_of(left, context.table, jobs=context.jobs, alone=alone)
    for task, ended in context.runner.run(tasks, context.interrupted):
        keep(task, ended, directory)
        results |= {result.identity: result for result in ended}
        context.on_progress(len(results), len(everyone))
    seconds = time.perf_counter() - begin
    return results, Work(len(results) - found, found, len(tasks), seconds)


def keep(task: Task, ended: list[Result], directory: StudyDirectory | None) -> None:
    """Write down those trials of a task that have ended."""
    if directory is not None:
        trials = {trial.identity: trial for trial in task.trials}
        directory.add((trials[result.identity], result) for result in ended)


def unique(plan: StudyPlan) -> list[Trial]:
    """The trials of a plan, each experiment once: two candidates may be the same."""
    return list({trial.identity: trial for trial in plan.trials}.values())
