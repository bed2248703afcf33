"""Run the plan of a study: the trials without a result. Each result is saved immediately."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gdrun.data import Table
from gdrun.engine.judging import Interrupted
from gdrun.runs.checkpoint import remove_checkpoint
from gdrun.study.design.trials import StudyPlan, Trial
from gdrun.study.executors import InProcess, Runner
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.tasks import CHECKPOINTS, Task, in_checkpoints, tasks_of, unfinished


@dataclass(frozen=True)
class StudyProgress:
    """The progress of the plan of a study: its trials, and the results of those that have ended.

    plan: the whole plan, or the part of it that runs now, such as a tuning before a comparison.
    results: by the trial's identity.
    """

    plan: StudyPlan
    results: Mapping[str, Result]

    @property
    def ended(self) -> int:
        """The number of runs that have ended."""
        return self.plan.runs_ended(self.results)

    @property
    def of(self) -> int:
        """The number of runs of the plan."""
        return self.plan.runs


OnProgress = Callable[[StudyProgress], None]
"""A function that is called when a plan starts, and whenever some of its trials have ended."""


@dataclass(frozen=True)
class StudyContext:
    """How to run the plan of a study.

    runner: runs the tasks, which are groups of trials that train together. jobs: how many tasks run
    at a time. directory: where the results are written; None writes nothing. table: the data that
    replace the dataset of the experiments; None to use the dataset. interrupted: a function that
    returns the name of a signal when the study should stop, else None. on_progress: a function that
    is called at the start, and whenever trials have ended.
    """

    runner: Runner = InProcess()  # noqa: RUF009 (it holds nothing that changes)
    jobs: int = 1
    directory: StudyDirectory | None = None
    table: Table | None = None
    interrupted: Interrupted = lambda: None
    on_progress: OnProgress = lambda progress: None


@dataclass(frozen=True)
class Work:
    """What it cost to run the plan of a study.

    run: the number of runs that were trained now. found: the number of runs whose results were in
    the directory already. cohorts: the number of cohorts, which are groups of trials that train
    together. seconds: wall-clock time. continued: the number of runs, of those trained now, that
    continued from a checkpoint; the seconds before it are not counted.
    """

    run: int
    found: int
    cohorts: int
    seconds: float
    continued: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.run + other.run,
            self.found + other.found,
            self.cohorts + other.cohorts,
            self.seconds + other.seconds,
            self.continued + other.continued,
        )


def carry_out(
    plan: StudyPlan, context: StudyContext, *, alone: bool = False
) -> tuple[dict[str, Result], Work]:
    """Run the trials of a plan that have no result yet.

    If nothing in the training of a candidate is random, one of its trials is run, and its trials
    with other seeds have the same result. Returns the results by the trial's identity, with those
    that were in the directory already, and the work (the numbers of trials and cohorts, and
    seconds). If the study was interrupted, results are missing. alone: whether each trial trains
    alone, so that the seconds of trials can be compared. Raises DataError if an experiment does not
    fit its data, RecordError if the directory cannot be read or written, GdrunError if worker
    processes die repeatedly.
    """
    begin = time.perf_counter()
    directory = context.directory
    own = {trial.identity for trial in plan.different}
    known = directory.finished() if directory is not None else {}
    # The directory may have results of further trials: tuning runs its trials in several plans.
    results = {identity: result for identity, result in known.items() if identity in own}
    found = plan.runs_ended(results)
    groups = {group[0].identity: group for group in plan.equal_runs}
    for group in groups.values():
        results |= _shared(group, results, directory)
    path = directory.path.absolute() if directory is not None else None
    firsts = [group[0] for group in groups.values()]
    tasks = tasks_of(firsts, context.table, jobs=context.jobs, alone=alone, directory=path)
    left = unfinished(tasks, results)
    context.on_progress(StudyProgress(plan, dict(results)))
    begun = in_checkpoints(left)
    run, continued = 0, 0
    for task, ended in context.runner.run(left, context.interrupted):
        new = keep(task, ended, results, directory)
        results, run = results | new, run + len(new)
        continued += len(begun & new.keys())
        for identity in new:
            results |= _shared(groups[identity], results, directory)
        context.on_progress(StudyProgress(plan, dict(results)))
    if path is not None and len(results) == len(own):
        # With another number of processes the study had other tasks; their checkpoints are useless
        # now.
        for file in path.glob(CHECKPOINTS):
            remove_checkpoint(file)
    seconds = time.perf_counter() - begin
    return results, Work(run, found, len(left), seconds, continued)


def keep(
    task: Task,
    ended: Iterable[Result],
    known: Container[str],
    directory: StudyDirectory | None,
) -> dict[str, Result]:
    """Write new results of a task to the directory of the study, and return them by identity.

    ended: the results of the trials that have ended. known: the identities of the trials whose
    results are written already. directory: None writes nothing. If all trials of the task have
    ended, its checkpoint is removed.
    """
    new = {result.identity: result for result in ended if result.identity not in known}
    if directory is not None:
        trials = {trial.identity: trial for trial in task.trials}
        directory.add((trials[identity], result) for identity, result in new.items())
    finished = all(each.identity in known or each.identity in new for each in task.trials)
    if finished and task.checkpoint is not None:
        remove_checkpoint(task.checkpoint)
    return new


def _shared(
    group: Sequence[Trial], results: Mapping[str, Result], directory: StudyDirectory | None
) -> dict[str, Result]:
    """New results for the trials of a group that have none, by identity: copies of another trial's.

    group: trials that have the same result. The new results are also written to the directory,
    unless that is None. Empty if no trial of the group has a result.
    """
    known = next((results[each.identity] for each in group if each.identity in results), None)
    left = [each for each in group if each.identity not in results]
    if known is None or not left:
        return {}
    new = {each.identity: replace(known, identity=each.identity) for each in left}
    if directory is not None:
        directory.add((trial, new[trial.identity]) for trial in left)
    return new
