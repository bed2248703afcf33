"""Successive halving: all candidates start, and at every rung only the best third continues.

A rung is an epoch at which candidates are dropped. With η = 3 and a budget of R epochs the rungs
are at …, R/9, R/3; the first rung is not before the first evaluation. At a rung the candidates are
ranked by their medians over seeds. The runs of dropped candidates end; the other runs continue from
their weights and are never restarted. A schedule is planned for the whole budget from the start.

Source: Jamieson & Talwalkar 2016; Li et al. 2018 for η.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from gdrun.config.experiment import Experiment
from gdrun.engine.build import build
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError, Parameter
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.executors import InProcess
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import HALVING
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.sweep_findings import Rung
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_record import read_rung, rung_record
from gdrun.study.study import StudyContext, Work, keep, unique
from gdrun.study.tasks import Task, prepared, tasks_of

FACTOR = 3
"""η: at a rung, one of three candidates continues."""

Scores = dict[str, float]


def carry_out_halving(
    plan: StudyPlan, context: StudyContext, metric: Metric
) -> tuple[dict[str, Result], Work, tuple[Rung, ...]]:
    """Run a plan by successive halving.

    Returns the results by the identity of the trial, the work, and the rungs. The traces of dropped
    candidates end at their rung. A study that is resumed repeats the decisions of its earlier
    rungs. Raises the errors of `check_halving`.
    """
    runner = context.runner
    check_halving(plan, None if isinstance(runner, InProcess) else Parameter("jobs"))
    assert isinstance(runner, InProcess)  # checked above; mypy cannot see it
    begin = time.perf_counter()
    results = context.directory.finished() if context.directory else {}
    found = len(results)
    left = [trial for trial in unique(plan) if trial.identity not in results]
    tasks = tasks_of(left, context.table, jobs=context.jobs)
    race = _Race(plan, context, metric, tasks, runner.listeners, results)
    rungs = race.run()
    seconds = time.perf_counter() - begin
    work = Work(len(results) - found, found, len(tasks), seconds)
    return results, work, rungs


def check_halving(plan: StudyPlan, parallel: Parameter | None = None) -> None:
    """Raise ConfigError if a plan has no budget of epochs, or runs in several processes.

    parallel: the argument that sets several processes; None for one process.
    """
    if parallel is not None:
        hint = f"leave `{parallel}` out: every rung compares all runs"
        raise ConfigError("halving runs in one process", where=Parameter("halving"), hint=hint)
    rung_epochs(plan.candidates[0].experiment, len(plan.candidates))


def rung_epochs(experiment: Experiment, candidates: int) -> list[float]:
    """The epochs of the rungs, in ascending order.

    Raises ConfigError if the experiment has no budget of epochs.
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


class _Race:
    """All cohorts of a plan, trained from rung to rung."""

    def __init__(
        self,
        plan: StudyPlan,
        context: StudyContext,
        metric: Metric,
        tasks: Sequence[Task],
        listeners: Sequence[Listener],
        results: dict[str, Result],
    ) -> None:
        self._plan, self._context, self._metric = plan, context, metric
        self._results = results
        self._running = [(task, _trainer(task, listeners, context.interrupted)) for task in tasks]
        self._saved = [0] * len(tasks)  # outcomes that are saved already, by task
        self._total = len(unique(plan))

    def run(self) -> tuple[Rung, ...]:
        """Train to the end of the budget, or until interrupted. Returns the rungs."""
        earlier = self._context.directory.record.get("rungs", []) if self._context.directory else []
        known = {float(rung["epoch"]): read_rung(rung) for rung in earlier}
        remaining = [candidate.name for candidate in self._plan.candidates]
        rungs: list[Rung] = []
        epochs = rung_epochs(self._plan.candidates[0].experiment, len(remaining))
        for epoch in epochs:
            self._advance(epoch)
            if self._context.interrupted():
                break
            # A resumed study must repeat the decisions of its earlier rungs.
            rung = known.get(epoch) or self._judge(epoch, remaining)
            rungs.append(rung)
            self._write(rungs)
            self._drop(rung)
            remaining = list(rung.kept)
        else:  # not interrupted
            self._advance(math.inf)
        return tuple(rungs)

    def _advance(self, epoch: float) -> None:
        """Train all cohorts up to this epoch, and save the trials that have ended."""
        for place, (task, trainer) in enumerate(self._running):
            trainer.run_until(epoch)
            self._save(place, task, trainer)

    def _judge(self, epoch: float, remaining: Sequence[str]) -> Rung:
        """The rung at this epoch. It keeps the best third, without candidates that diverged."""
        scores = self._scores()
        medians = {
            candidate.name: quantile([scores[identity] for identity in identities], 0.5)
            for candidate, identities in self._candidates()
            if candidate.name in remaining
        }
        order = sorted(medians, key=lambda name: medians[name])
        most = math.ceil(len(order) / FACTOR)
        kept = tuple(name for name in order[:most] if math.isfinite(medians[name]))
        return Rung(epoch, kept, tuple(name for name in order if name not in kept))

    def _scores(self) -> Scores:
        """The score of every trial by identity; for a running trial, at its latest evaluation."""
        scores = {key: self._metric.score(result) for key, result in self._results.items()}
        for task, trainer in self._running:
            for lane in trainer.state.lanes.tolist():
                value = float(trainer.progress.evaluations.lane(lane)[self._metric.name][-1])
                score = self._metric.sign * value
                scores[task.trials[lane].identity] = score if math.isfinite(score) else math.inf
        return scores

    def _drop(self, rung: Rung) -> None:
        """Remove the lanes of the dropped candidates."""
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
        """Save the trials of a task that ended since the last call."""
        ended = [
            Result.of(task.trials[lane].identity, outcome, trainer)
            for lane, outcome in list(trainer.outcomes.items())[self._saved[place] :]
            if outcome.status != "interrupted"
        ]
        self._saved[place] = len(trainer.outcomes)
        keep(task, ended, self._context.directory)
        self._results |= {result.identity: result for result in ended}
        self._context.on_progress(len(self._results), self._total)

    def _candidates(self) -> list[tuple[Candidate, list[str]]]:
        """Every candidate with the identities of its trials."""
        trials: Mapping[int, list[str]] = {k: [] for k in range(len(self._plan.candidates))}
        for trial in self._plan.trials:
            trials[trial.candidate].append(trial.identity)
        return [(self._plan.candidates[k], identities) for k, identities in trials.items()]

    def _write(self, rungs: Sequence[Rung]) -> None:
        if self._context.directory is not None:
            self._context.directory.write({"rungs": [rung_record(rung) for rung in rungs]})


def _trainer(task: Task, listeners: Sequence[Listener], interrupted: Interrupted) -> Trainer:
    cohort, engine = build(task.experiments, prepared(task.experiments[0], task.table))
    return Trainer(cohort, engine, listeners, interrupted)
