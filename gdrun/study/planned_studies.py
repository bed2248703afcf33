"""Planned studies: sweeps and comparisons that are checked and ready to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.runs.signals import Interruption
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.symptoms import data_symptoms_of_all
from gdrun.study.run_studies import run_comparison, run_sweep
from gdrun.study.storage.records import StudyOrigin
from gdrun.study.storage.study_directory import StudyDirectory, find_study
from gdrun.study.study import StudyContext
from gdrun.study.study_request import Observers, StudyRequest
from gdrun.study.tasks import prepared

FoundStudy = TypeVar("FoundStudy", bound=Sweep | Comparison, covariant=True)


@dataclass(frozen=True)
class PlannedStudy(ABC, Generic[FoundStudy]):
    """A sweep or a comparison whose plan is made and checked, ready to run.

    request: the arguments of the user. base: the experiment from which the candidates are derived.
    metric: ranks the candidates. target: the value of a metric to reach; None for the default
    target. table: the data of the request, which replace the dataset; None if it has no data.
    """

    request: StudyRequest
    base: Experiment
    plan: StudyPlan
    metric: Metric
    target: Target | None
    table: Table | None

    @property
    def name(self) -> str:
        """The name for the study's directory: its kind and its experiment, as compare-digits."""
        return f"{self.plan.verb}-{self.base.name}"

    def directory(self) -> StudyDirectory | None:
        """The directory of the study to resume, or a new one; None if nothing is to be written.

        The study to resume may also be named by its id, a unique part of it, or `last`. Raises
        RecordError if there is no such study, the directory cannot be written, or it contains a
        different study.
        """
        resume, out = self.request.resume, self.request.out
        if resume is not None:
            path = find_study(str(resume), Path(out or "runs"))
            return StudyDirectory.resumed(path, self.plan, self._origin())
        if out is not None:
            return StudyDirectory.new(Path(out), self.name, self.plan, self._origin())
        return None

    def run(self) -> FoundStudy:
        """Run the study, and return its findings; with a directory in the request, also write them.

        Raises RecordError if the directory cannot be written, or contains a different study.
        """
        interruption = Interruption()
        with interruption.watching_keyboard():
            return self.run_in(self.directory(), Observers(interrupted=interruption.name))

    @abstractmethod
    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> FoundStudy:
        """Run the study, record it in this directory, and return its findings.

        directory: None writes nothing. Raises RecordError if the directory cannot be written.
        """

    def context(self, directory: StudyDirectory | None, observers: Observers) -> StudyContext:
        """What is needed to run the plan: the runner, the directory, the data and the observers."""
        return StudyContext(
            self.request.runner(observers),
            self.request.width,
            directory,
            self.table,
            observers.interrupted,
            observers.on_progress,
        )

    def _origin(self) -> StudyOrigin:
        """Where the study comes from, for study.json: base config, data, and any command line."""
        first = self.plan.candidates[0].experiment
        data = prepared(first, self.table)
        origin: StudyOrigin = {
            "base": self.base.plain(),
            "for_all": dict(self.plan.for_all),
            "data": {
                "name": data.name,
                "sha256": data.sha256,
                "classes": list(data.classes),
            },
            "data_symptoms": data_symptoms_of_all(
                [each.experiment for each in self.plan.candidates], self.table
            ),
        }
        command, call = self.request.command, self.request.call
        if command is not None:
            return {"command": command, **origin}
        return origin if call is None else {"call": dict(call), **origin}


@dataclass(frozen=True)
class PlannedSweep(PlannedStudy[Sweep]):
    """A sweep that is ready to run.

    axes: the swept keys with their values. halving: whether the sweep uses successive halving.
    """

    axes: tuple[Axis, ...]
    halving: bool

    @property
    def name(self) -> str:
        """The name for the sweep's directory, with the swept keys, such as sweep-lr-digits."""
        return f"sweep-{'-'.join(axis.leaf for axis in self.axes)}-{self.base.name}"

    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> Sweep:
        """Run the sweep, record it in this directory, and return its findings."""
        return run_sweep(
            self.plan,
            self.axes,
            self.metric,
            self.context(directory, observers),
            target=self.target,
            halving=self.halving,
        )


@dataclass(frozen=True)
class PlannedComparison(PlannedStudy[Comparison]):
    """A comparison that is ready to run.

    tuning: the settings to try for each contender before the comparison; None without tuning.
    baseline: the name of the contender with which all others are compared; None for all pairs.
    """

    tuning: TuningPlan | None
    baseline: str | None

    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> Comparison:
        """Run the comparison, record it in this directory, and return its findings."""
        return run_comparison(
            self.plan,
            self.metric,
            self.context(directory, observers),
            target=self.target,
            tuning=self.tuning,
            baseline=self.baseline,
        )
