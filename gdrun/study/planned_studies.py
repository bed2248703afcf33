"""Studies whose plan is made and checked, ready to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.judgement.comparison import Comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.sweep import Sweep
from gdrun.study.storage.records import StudyOrigin
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.studies import run_comparison, run_sweep
from gdrun.study.study import StudyContext
from gdrun.study.study_request import Observers, StudyRequest
from gdrun.study.tasks import prepared

FoundStudy = TypeVar("FoundStudy", bound=Sweep | Comparison, covariant=True)


@dataclass(frozen=True)
class PlannedStudy(ABC, Generic[FoundStudy]):
    """A request whose plan is made and checked, ready to run.

    table: stands in for the dataset where the request has data of its own.
    """

    request: StudyRequest
    base: Experiment
    plan: StudyPlan
    metric: Metric
    target: Target | None
    table: Table | None

    @property
    def name(self) -> str:
        """What its directory is named after: the question, and the experiment."""
        return f"{self.plan.verb}-{self.base.name}"

    def directory(self) -> StudyDirectory | None:
        """The directory to continue in, or else a new one; None where nothing is written.

        Raises RecordError where it cannot be written, or holds another study.
        """
        resume, out = self.request.resume, self.request.out
        if resume is not None:
            return StudyDirectory.resumed(Path(resume), self.plan, self._origin())
        if out is not None:
            return StudyDirectory.new(Path(out), self.name, self.plan, self._origin())
        return None

    def run(self) -> FoundStudy:
        """Run it, in a directory where the request names one, and return what it found."""
        return self.run_in(self.directory(), Observers())

    @abstractmethod
    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> FoundStudy:
        """Run it in this directory, and return what it found."""

    def context(self, directory: StudyDirectory | None, observers: Observers) -> StudyContext:
        """What its plan is carried out with."""
        return StudyContext(
            self.request.runner(observers),
            self.request.width,
            directory,
            self.table,
            observers.interrupted,
            observers.on_progress,
        )

    def _origin(self) -> StudyOrigin:
        """Where study.json says that the study comes from."""
        data = prepared(self.plan.candidates[0].experiment, self.table)
        origin: StudyOrigin = {
            "base": self.base.plain(),
            "data": {"name": data.name, "sha256": data.sha256},
        }
        command = self.request.command
        return origin if command is None else {"command": command, **origin}


@dataclass(frozen=True)
class PlannedSweep(PlannedStudy[Sweep]):
    """A sweep that is ready to run. halving: whether only the best third continues at a rung."""

    axes: tuple[Axis, ...]
    halving: bool

    @property
    def name(self) -> str:
        """With its axes, such as sweep-lr-digits."""
        return f"sweep-{'-'.join(axis.leaf for axis in self.axes)}-{self.base.name}"

    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> Sweep:
        """Run it in this directory, and return what it found."""
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
    """A comparison that is ready to run. tuning: what its contenders try first; None for none."""

    tuning: TuningPlan | None

    def run_in(self, directory: StudyDirectory | None, observers: Observers) -> Comparison:
        """Run it in this directory, and return what it found."""
        return run_comparison(
            self.plan,
            self.metric,
            self.context(directory, observers),
            target=self.target,
            tuning=self.tuning,
        )
