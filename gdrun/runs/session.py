"""A session trains experiments together, as one cohort, and returns one run for each experiment."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gdrun.config.experiment import Experiment
from gdrun.data import Prepared, Table
from gdrun.engine.build import build, cohort_of, in_lane_order
from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.outcome import Outcome
from gdrun.engine.snapshot import Snapshot
from gdrun.engine.trainer import Trainer
from gdrun.errors import GdrunError, Problem, RecordError, note_traceback
from gdrun.runs.checkpoint import (
    CHECKPOINT,
    Checkpoint,
    machine_of,
    origin_of,
    read_checkpoint,
    remove_checkpoint,
)
from gdrun.runs.directory import RunDirectory, new_directory
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.extending import Extension, extended, notes_on_rates
from gdrun.runs.files import remove_empty
from gdrun.runs.lock import DirectoryLock
from gdrun.runs.model_file import describe
from gdrun.runs.record import RunRecord
from gdrun.runs.record_contents import closing, opening, repeatable
from gdrun.runs.resuming import Paused, paused
from gdrun.runs.run import Run


class Session:
    """Trains experiments together, as one cohort.

    They may differ only in names, seeds and options that are one number per run, such as lr. out:
    the directory in which a new directory is made for each run; None writes nothing. table: the
    data that replace the dataset; None to use the dataset. Raises ConfigError, DataError or
    MissingExtraError if the experiments cannot be run; then nothing has been written. Raises
    RecordError if a directory cannot be made.
    """

    def __init__(
        self,
        experiments: Sequence[Experiment],
        *,
        table: Table | None = None,
        out: Path | None,
        paused: Paused | None = None,
        before: Sequence[Experiment] = (),
        data: Prepared | None = None,
        read: Table | None = None,
        spent: float = 0.0,
    ) -> None:
        """paused: earlier runs, to continue in their directories; None to start new runs.

        experiments, table, out: see the class. before: the experiments of these runs before their
        budget was extended; empty if it was not. data: the data of the experiments, if they have
        been prepared already. read: the table of the dataset, if it has been read already; its
        arrays may be overwritten. spent: the seconds of that reading.
        """
        self.started = datetime.now().astimezone()
        self.experiments = in_lane_order(experiments)
        self.notes: list[str] = []
        self.directories: list[RunDirectory] = []
        self._snapshot: Snapshot | None = None
        self._lock: DirectoryLock | None = None
        self._checkpoint: Checkpoint | None = None
        data = data or experiment_data(self.experiments[0], table, read=read)
        data = replace(data, seconds=data.seconds + spent)
        if paused is not None:
            paused.check_data(data)
        self.cohort, self.engine = build(self.experiments, data)
        if paused is not None:
            self._continue(paused, before)
        elif out is not None:
            # Directories are made last, so that an error in the config or data leaves none.
            names = (experiment.name for experiment in self.experiments)
            self._open([new_directory(out, name, self.started) for name in names])
            self._lock = DirectoryLock(self.directories[0].path)

    @classmethod
    def resumed(
        cls, directory: Path, *, table: Table | None = None, extension: Extension | None = None
    ) -> Session:
        """The session that continues the run in a directory, and the runs that trained with it.

        table: the arrays that were the data of the run; None for its dataset. extension: a larger
        budget; None to keep the budget of the run. Raises RecordError if the run cannot continue:
        its files are damaged, another process trains it, or its config, data or plugins have
        changed. Raises ConfigError for a wrong extension, and the errors of a new session.
        """
        earlier = paused(directory)
        try:
            before = earlier.experiments()
            if extension is None:
                return cls(before, table=table, out=None, paused=earlier)
            earlier.check_extendable()
            data = experiment_data(before[0], table)
            plan = cohort_of(before, data).plan
            found = [extended(experiment, plan, extension) for experiment in before]
            session = cls(
                [experiment for experiment, _ in found],
                table=table,
                out=None,
                paused=earlier,
                before=before,
                data=data,
            )
            session.notes += notes_on_rates(session.cohort, found[0][1])
            return session
        except BaseException:
            earlier.lock.release()
            raise

    def _open(self, paths: Sequence[Path], earlier: Sequence[RunRecord | None] = ()) -> None:
        """Make the writers of the runs' files. earlier: the records of runs that continue."""
        records = earlier or [None] * len(paths)
        self.directories = [
            RunDirectory(path, self.cohort, self.engine, experiment, lane, self.started, record)
            for lane, (path, experiment, record) in enumerate(
                zip(paths, self.experiments, records, strict=True)
            )
        ]
        origin = origin_of(self.experiments, self.cohort, self.engine)
        self._checkpoint = Checkpoint(
            paths[0] / CHECKPOINT, origin, machine_of(self.engine), extendable=True
        )
        if len(paths) > 1:
            for directory in self.directories:
                directory.together_with([path.name for path in paths])

    def _continue(self, paused: Paused, before: Sequence[Experiment]) -> None:
        """Read the checkpoint of earlier runs, and open their directories.

        before: the experiments of these runs before their budget was extended; empty if it was not.
        """
        self._open(paused.directories, paused.records)
        self._lock = paused.lock
        self._snapshot, notes = self._read(paused.directories[0] / CHECKPOINT, before)
        if self._snapshot is None:
            self.notes = ["there is no checkpoint, so the run starts again from its first step"]
        else:
            step = self._snapshot.state.step
            self.notes = [f"continues after step {step:,}", *notes]
            if before and self._checkpoint is not None:
                # The checkpoint is written before config.yaml changes, so that both files fit each
                # other.
                self._checkpoint.write(self._snapshot)

    def _read(self, path: Path, before: Sequence[Experiment]) -> tuple[Snapshot | None, list[str]]:
        """Read the checkpoint in a file, which must belong to `before` or to this session.

        before: the experiments before their budget was extended; empty if it was not.
        """
        machine = machine_of(self.engine)
        own = origin_of(self.experiments, self.cohort, self.engine)
        if not before:
            return read_checkpoint(path, own, machine, self.cohort)
        try:
            earlier = origin_of(before, self.cohort, self.engine)
            return read_checkpoint(path, earlier, machine, self.cohort)
        except RecordError as error:
            # A process that extended the budget may have been killed directly after it began.
            try:
                return read_checkpoint(path, own, machine, self.cohort)
            except RecordError:
                raise error from None

    def run(
        self, listeners: Sequence[Listener] = (), interrupted: Interrupted = lambda: None
    ) -> list[Run]:
        """Train, and return the runs, ordered by seed.

        interrupted: a function that returns the name of a signal when training should stop, else
        None. Raises DataError if another program changes a file that is read during the training;
        the runs are then recorded as interrupted. If an internal error ends the training, its
        traceback is written to the directories of the runs. The error is then raised again, with a
        note that names the file.
        """
        own = [*self.directories, *filter(None, [self._checkpoint])]
        try:
            trainer = Trainer(
                self.cohort, self.engine, (*own, *listeners), interrupted, self._snapshot
            )
            outcomes = self._outcomes(trainer)
        except GdrunError:  # not an internal error
            raise
        except Exception as error:
            text = traceback.format_exc()
            kept = [directory.failed(text) for directory in self.directories]
            if file := next(filter(None, kept), None):
                note_traceback(error, file)
            raise
        else:
            if self._checkpoint and not self._checkpoint.needed:
                remove_checkpoint(self._checkpoint.path)
        finally:
            self.discard()
        return [self._run(lane, outcome) for lane, outcome in enumerate(outcomes)]

    def discard(self) -> None:
        """Free the lock of the runs, and remove the directories into which nothing was written."""
        for directory in self.directories:
            remove_empty(directory.path)
        if self._lock is not None:
            self._lock.release()

    def _outcomes(self, trainer: Trainer) -> tuple[Outcome, ...]:
        """Train. If the data become unreadable, the runs are recorded as interrupted."""
        try:
            return trainer.run()
        except GdrunError as error:
            for directory in self.directories:
                directory.interrupted(error, trainer.progress)
            raise

    @property
    def opening(self) -> RunRecord:
        """The contents of run.json for the first run, before its first step."""
        return opening(self.cohort, self.engine, self.experiments[0], "", self.started)

    @property
    def problems(self) -> list[Problem]:
        """The errors that occurred while files were written; they did not stop the training."""
        problems = [each.problem for each in self.directories if each.problem is not None]
        of_checkpoint = self._checkpoint.problem if self._checkpoint else None
        return problems or ([] if of_checkpoint is None else [of_checkpoint])

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
        return closing(record, self.cohort, self.engine, outcome, experiment.plain())
