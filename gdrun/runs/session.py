"""A session trains experiments together, as one cohort, and returns one run for each experiment."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gdrun.config.experiment import Experiment
from gdrun.data import Table
from gdrun.engine.build import build, experiment_data, in_lane_order
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.outcome import Outcome
from gdrun.engine.trainer import Trainer
from gdrun.errors import Problem, note_traceback
from gdrun.runs.directory import RunDirectory, new_directory
from gdrun.runs.model_file import describe
from gdrun.runs.record import RunRecord, closing, opening, repeatable
from gdrun.runs.run import Run


class Session:
    """Trains experiments that differ only in numbers and seeds together, as one cohort.

    out: the directory in which a new directory is made for each run; None writes nothing. table:
    the data that replace the dataset; None for the dataset. Raises ConfigError, DataError or
    MissingExtraError if the experiments cannot be run; then nothing has been written. Raises
    RecordError if a directory cannot be made.
    """

    def __init__(
        self, experiments: Sequence[Experiment], *, table: Table | None = None, out: Path | None
    ) -> None:
        self.started = datetime.now().astimezone()
        self.experiments = in_lane_order(experiments)
        data = experiment_data(self.experiments[0], table)
        self.cohort, self.engine = build(self.experiments, data)
        # Directories are made last, so that an error in the config or data leaves no directory.
        self.directories: list[RunDirectory] = []
        if out is not None:
            self.directories = [
                RunDirectory(
                    new_directory(out, experiment.name, self.started),
                    self.cohort,
                    self.engine,
                    experiment,
                    lane,
                    self.started,
                )
                for lane, experiment in enumerate(self.experiments)
            ]

    def run(
        self, listeners: Sequence[Listener] = (), interrupted: Interrupted = lambda: None
    ) -> list[Run]:
        """Train, and return the runs, ordered by seed.

        interrupted: a function that returns the name of a signal when training should stop, else
        None. If an internal error ends the training, its traceback is written to the directories of
        the runs, and the error is raised again with a note that names the file.
        """
        trainer = Trainer(self.cohort, self.engine, (*self.directories, *listeners), interrupted)
        try:
            outcomes = trainer.run()
        except Exception as error:
            text = traceback.format_exc()
            kept = [directory.failed(text) for directory in self.directories]
            if file := next(filter(None, kept), None):
                note_traceback(error, file)
            raise
        return [self._run(lane, outcome) for lane, outcome in enumerate(outcomes)]

    @property
    def opening(self) -> RunRecord:
        """The contents of run.json for the first run, before its first step."""
        return opening(self.cohort, self.engine, self.experiments[0], "", self.started)

    @property
    def problems(self) -> list[Problem]:
        """The errors that occurred while files were written; they did not stop the training."""
        return [directory.problem for directory in self.directories if directory.problem]

    def _run(self, lane: int, outcome: Outcome) -> Run:
        return Run(
            record=self._record(lane, outcome),
            config=repeatable(self.engine, self.experiments[lane]),
            steps=outcome.steps,
            evals=outcome.evaluations,
            weights=self.cohort.named(outcome.weights, outcome.running_stats),
            best_weights=self.cohort.named(outcome.best_weights, outcome.best_running_stats),
            directory=self.directories[lane].path if self.directories else None,
            description=describe(self.experiments[lane], self.cohort.data),
        )

    def _record(self, lane: int, outcome: Outcome) -> RunRecord:
        if self.directories:
            return self.directories[lane].record
        experiment = self.experiments[lane]
        identity = f"{experiment.name}-{secrets.token_hex(2)}"
        record = opening(self.cohort, self.engine, experiment, identity, self.started)
        return closing(record, self.cohort, self.engine, outcome)
