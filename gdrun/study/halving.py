"""Successive halving: all candidates start, and at every rung only the best third continues.

A rung is an epoch at which candidates are dropped. With η = 3 and a budget of R epochs the rungs
are at R/3, and earlier at R/9, R/27, … as often as needed to leave one setting. Each is moved to
the next evaluation, and none is before the first evaluation. At a rung the candidates are ranked by
the median of the metric over seeds; those that do not lower the training loss come last, as in the
ranking of the whole study. The runs of dropped candidates end; the other runs continue with their
current weights and are never restarted. The schedule of the learning rate covers the whole budget
from the start.

Source: Jamieson & Talwalkar 2016; Li et al. 2018 for η.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gdrun.config.experiment import Experiment
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError, Parameter
from gdrun.stop_requests import Stopped
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.executors import InProcess
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import HALVING
from gdrun.study.judgement.rungs import Rung
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.symptoms import most_descend, rises, rising_runs
from gdrun.study.storage.results import Result, results_of
from gdrun.study.storage.study_record import read_rung, rung_record
from gdrun.study.study import StudyContext, StudyProgress, Work, keep
from gdrun.study.tasks import ListenersOf, Task, in_checkpoints, tasks_of, unfinished
from gdrun.symptoms.facts import Traced
from gdrun.symptoms.lowest_loss import lowest_loss

FACTOR = 3
"""η: at a rung (an epoch at which candidates are dropped), one of three candidates continues."""

Scores = dict[str, float]
"""The score of each trial by the trial's identity: lower is better, +∞ for a diverged trial."""


def carry_out_halving(
    plan: StudyPlan, context: StudyContext, metric: Metric
) -> tuple[dict[str, Result], Work, tuple[Rung, ...]]:
    """Run the trials of a plan, and drop candidates by successive halving.

    metric: ranks the candidates at a rung, which is an epoch at which candidates are dropped.
    Returns the results by the trial's identity, the work (the numbers of trials and cohorts, and
    seconds), and the rungs. The trace of a dropped run ends at the rung that dropped it. A resumed
    study repeats the decisions of the rungs that it had reached. Raises ConfigError if the plan has
    no budget of epochs, or would run in several processes.
    """
    runner = context.runner
    check_halving(plan, None if isinstance(runner, InProcess) else Parameter("jobs"))
    assert isinstance(runner, InProcess)  # checked above; mypy cannot see it
    begin = time.perf_counter()
    results = context.directory.finished() if context.directory else {}
    path = context.directory.path.absolute() if context.directory else None
    every = tasks_of(plan.different, context.table, jobs=context.jobs, directory=path)
    tasks = unfinished(every, results)
    known, begun = set(results), in_checkpoints(tasks)
    earlier = context.directory.record.get("rungs", []) if context.directory else []
    rungs = {float(rung["epoch"]): read_rung(rung) for rung in earlier}
    with suppress(Stopped):  # a signal while a kernel was compiled, before the first step
        _Race(plan, context, metric, tasks, runner.listeners_of, results, rungs).run()
    seconds = time.perf_counter() - begin
    new = results.keys() - known
    work = Work(len(new), len(known), len(tasks), seconds, len(begun & new))
    return results, work, tuple(rungs.values())


def check_halving(plan: StudyPlan, parallel: Parameter | None = None) -> None:
    """Raise ConfigError if a plan has no budget of epochs, or would run in several processes.

    parallel: the argument that requests several processes, for the error; None for one process.
    """
    if parallel is not None:
        what = "halving needs one process, because it compares all runs while they train"
        raise ConfigError(what, where=Parameter("halving"), hint=f"leave `{parallel}` out")
    rung_epochs(plan.candidates[0].experiment, len(plan.candidates))


def rung_epochs(experiment: Experiment, candidates: int) -> list[float]:
    """The epochs of the rungs, at which candidates are dropped, in ascending order.

    candidates: the number of candidates at the start. Raises ConfigError if the experiment has no
    budget of epochs.
    """
    budget, every = experiment.stopping.epochs, experiment.evaluate.every
    if budget is None:
        hint = "set stopping.epochs, or leave `halving` out"
        raise ConfigError("halving needs a budget of epochs", where=Parameter("halving"), hint=hint)
    epochs: list[float] = []
    at = budget / FACTOR
    # After log₃(candidates) rungs one candidate is left, so further rungs would decide nothing.
    while at >= every and FACTOR ** len(epochs) < candidates:
        # Candidates are compared at an evaluation, so a rung is moved to the next evaluation.
        # Without the 1e-9 a rounding error of the quotient could move it one evaluation further.
        epochs.insert(0, math.ceil(at / every - 1e-9) * every)
        at /= FACTOR
    # Rungs that were moved to the same evaluation are one rung.
    return sorted(set(epochs))


def fewest_epochs(experiment: Experiment, candidates: int) -> float:
    """The fewest epochs with which halving leaves one candidate.

    candidates: the number of candidates at the start.
    """
    epochs: float = experiment.evaluate.every
    at_the_end = 1
    while at_the_end < candidates:
        epochs, at_the_end = epochs * FACTOR, at_the_end * FACTOR
    return epochs


class _Race:
    """Trains all cohorts of a plan from rung to rung.

    A cohort is a group of trials that train together; a rung is an epoch at which candidates are
    dropped. results: of the trials that had ended before, by identity; new results are added.
    rungs: those that were reached before, by epoch; new rungs are added.
    """

    def __init__(
        self,
        plan: StudyPlan,
        context: StudyContext,
        metric: Metric,
        tasks: Sequence[Task],
        listeners_of: ListenersOf,
        results: dict[str, Result],
        rungs: dict[float, Rung],
    ) -> None:
        self._plan, self._context, self._metric = plan, context, metric
        self._results, self._rungs = results, rungs
        self._running = [
            (task, task.trainer(listeners_of(task), context.interrupted)) for task in tasks
        ]
        self._saved = [0] * len(tasks)  # outcomes that are saved already, by task

    def run(self) -> None:
        """Train to the end of the budget, or until interrupted."""
        self._report()
        remaining = [candidate.name for candidate in self._plan.candidates]
        epochs = rung_epochs(self._plan.candidates[0].experiment, len(remaining))
        for epoch in epochs:
            self._advance(epoch)
            if self._context.interrupted():
                self._advance(math.inf)  # each cohort writes its checkpoint and ends
                break
            # A resumed study must repeat the decisions of its earlier rungs.
            if epoch not in self._rungs:
                if len(remaining) <= 1:  # others diverged, so that nothing is left to decide
                    continue
                self._rungs[epoch] = self._judge(epoch, remaining)
                self._write()
            self._drop(self._rungs[epoch])
            remaining = list(self._rungs[epoch].kept)
        else:  # not interrupted
            self._advance(math.inf)

    def _advance(self, epoch: float) -> None:
        """Train all trials up to this epoch, and save the results of those that have ended."""
        for place, (task, trainer) in enumerate(self._running):
            trainer.run_until(epoch)
            self._save(place, task, trainer)

    def _judge(self, epoch: float, remaining: Sequence[str]) -> Rung:
        """Decide which `remaining` candidates are dropped at this epoch: all but the best third.

        A candidate with an infinite median, because its runs diverged, is never kept.
        """
        scores, rising = self._scores(), self._rising()
        orders = {
            candidate.name: (
                not most_descend([rising[identity] for identity in identities]),
                quantile([scores[identity] for identity in identities], 0.5),
            )
            for candidate, identities in self._candidates()
            if candidate.name in remaining
        }
        order = sorted(orders, key=lambda name: orders[name])
        most = math.ceil(len(order) / FACTOR)
        kept = tuple(name for name in order[:most] if math.isfinite(orders[name][1]))
        return Rung(epoch, kept, tuple(name for name in order if name not in kept))

    def _scores(self) -> Scores:
        """The score of every trial, by its hash: lower is better, +∞ for a diverged trial.

        The score of a running trial is that of its latest evaluation.
        """
        scores = {key: self._metric.score(result) for key, result in self._results.items()}
        for task, trainer in self._running:
            for lane in trainer.state.lanes.tolist():
                value = float(trainer.progress.evaluations.lane(lane)[self._metric.name][-1])
                score = self._metric.sign * value
                scores[task.trials[lane].identity] = score if math.isfinite(score) else math.inf
        return scores

    def _rising(self) -> dict[str, bool]:
        """Whether the training loss of each trial rises so far, by the trial's hash."""
        found = {}
        for trial in self._plan.trials:
            if (ended := self._results.get(trial.identity)) is not None:
                (found[trial.identity],) = rising_runs(trial.experiment, [ended])
        for task, trainer in self._running:
            for lane in trainer.state.lanes.tolist():
                trial = task.trials[lane]
                config = trial.experiment.plain()
                steps, evals = trainer.progress.steps, trainer.progress.evaluations
                run = Traced(config, evals.lane(lane), steps.lane(lane), lowest_loss(config))
                found[trial.identity] = rises(run)
        return found

    def _drop(self, rung: Rung) -> None:
        """End the runs of the candidates that this rung dropped, and save their results."""
        dropped = set(rung.dropped)
        sentence = f"dropped: not in the best third of {len(rung.kept) + len(dropped)} settings"
        for place, (task, trainer) in enumerate(self._running):
            lanes = [
                lane
                for lane, trial in enumerate(task.trials)
                if self._plan.candidates[trial.candidate].name in dropped
            ]
            trainer.retire(lanes, HALVING, sentence)
            self._save(place, task, trainer)

    def _save(self, place: int, task: Task, trainer: Trainer) -> None:
        """Save the results of a task's trials that have ended since the last call.

        place: the index of the task in `_running`.
        """
        new = list(trainer.outcomes.items())[self._saved[place] :]
        identities = (task.trials[lane].identity for lane, _ in new)
        ended = results_of(identities, (outcome for _, outcome in new), trainer)
        self._saved[place] = len(trainer.outcomes)
        self._results |= keep(task, ended, self._results, self._context.directory)
        self._report()

    def _report(self) -> None:
        """Report how many trials have ended."""
        progress = StudyProgress(self._plan, dict(self._results))
        self._context.on_progress(progress)

    def _candidates(self) -> list[tuple[Candidate, list[str]]]:
        """Every candidate of the plan, with the identity (a hash) of each of its trials."""
        trials: Mapping[int, list[str]] = {k: [] for k in range(len(self._plan.candidates))}
        for trial in self._plan.trials:
            trials[trial.candidate].append(trial.identity)
        return [(self._plan.candidates[k], identities) for k, identities in trials.items()]

    def _write(self) -> None:
        if self._context.directory is not None:
            rungs = [rung_record(rung) for rung in self._rungs.values()]
            self._context.directory.write({"rungs": rungs})
