"""The directory of one run, and a listener that writes its files during training."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.writing import to_yaml
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine
from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.outcome import Outcome
from gdrun.engine.trace import Columns
from gdrun.errors import TRACEBACK, GdrunError, Problem, RecordError
from gdrun.methods.stopping import Readings
from gdrun.runs.files import append_lines, cannot_write, write_atomically, write_text
from gdrun.runs.model_file import WEIGHTS, arrays_of, describe
from gdrun.runs.record import ResumeRecord, RunRecord
from gdrun.runs.record_contents import closing, opening, repeatable
from gdrun.runs.strict_json import dumps
from gdrun.runs.trace_file import (
    evaluation_stride,
    most_evaluations,
    thinned_evaluations,
    trace_lines,
)

SECONDS_BETWEEN_WRITES = 0.5
"""The least time in seconds between two writes of the trace, to save time in evaluations."""


def new_directory(parent: Path, name: str, started: datetime) -> Path:
    """Make a new directory in `parent`, named YYYYMMDD-HHMMSS-NAME-xxxx, and return its path.

    name: a free text for NAME; characters that a path cannot have are replaced. xxxx are random
    characters. started: the time in the name. Raises RecordError if the directory cannot be made.
    """
    # The name is free text: it may be too long for a path, or have characters that a path cannot.
    word = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "run"
    # Runs of the same name may start in the same second; the random suffix may still collide.
    for _ in range(100):
        path = parent / f"{started:%Y%m%d-%H%M%S}-{word}-{secrets.token_hex(2)}"
        try:
            path.mkdir(parents=True)
        except (FileExistsError, NotADirectoryError):
            # `parent`, or a directory on its path, is a file.
            if not parent.is_dir():
                break
        except OSError as error:
            raise cannot_write(parent, error) from None
        else:
            return path
    file = next((each for each in (parent, *parent.parents) if each.exists()), parent)
    raise RecordError(
        "is a file, not a directory for runs",
        where=str(file),
        hint='choose another directory, such as `out="runs"`',
    )


class RunDirectory(Listener):
    """Writes the files of one run while it trains.

    cohort: the runs that train together, including this one. lane: the index of this run in the
    cohort. started: the time of the start, for run.json. earlier: the contents of run.json if the
    run continues after a pause; None for a new run. If a file cannot be written, the training
    continues; the error is kept in `problem`, and no further files are written.
    """

    def __init__(
        self,
        path: Path,
        cohort: Cohort,
        engine: Engine,
        experiment: Experiment,
        lane: int,
        started: datetime,
        earlier: RunRecord | None = None,
    ) -> None:
        self.path = path
        self.problem: Problem | None = None
        self._cohort = cohort
        self._engine = engine
        self._lane = lane
        self._config = repeatable(engine, experiment)
        self._description = describe(experiment, cohort.data)
        self._clips = bool(experiment.clip.model_dump(exclude_none=True))
        self._record = opening(cohort, engine, experiment, path.name, started)
        self._earlier = earlier
        self._most = most_evaluations(experiment.log.points)
        self._points = self._evaluations = 0
        self._stride = 1
        # A run that continues writes its trace again, up to the step at which it continues.
        self._rewrites = 0 if earlier is None else -1
        self._written_at = 0.0

    def started(self, progress: Progress) -> None:
        # A run that continues has the same config, or one with an extended budget.
        self._guarded(self._write_experiment)
        if self._earlier is not None:
            if self._lane not in progress.state.lanes:
                self._record = self._earlier  # the run had ended before the pause
                return
            self._record = _continued(self._record, self._earlier, progress.state.step)
        process = {"process": {"pid": os.getpid(), "host": socket.gethostname()}}
        self._guarded(self._write_record, self._record | process)

    def together_with(self, ids: list[str]) -> None:
        """Record the ids of all runs that train together, in the order of their seeds."""
        self._record = {**self._record, "cohort": ids}

    def evaluated(self, progress: Progress, readings: Readings) -> None:
        now = time.monotonic()
        if (
            now - self._written_at < SECONDS_BETWEEN_WRITES
            or self._lane not in progress.state.lanes
        ):
            return
        self._guarded(self._append_trace, progress)
        self._written_at = now

    def ended(self, lane: int, outcome: Outcome) -> None:
        if lane != self._lane:
            return
        self._record = closing(self._record, self._cohort, self._engine, outcome, self._config)
        # run.json is last: once its status is final, the other files are complete.
        self._guarded(self._write_trace, outcome.steps, outcome.evaluations)
        self._guarded(self._write_weights, outcome)
        self._guarded(self._write_record, self._record)

    def interrupted(self, error: GdrunError, progress: Progress) -> None:
        """Write the trace of the run, the error that ended it, and the status `interrupted`.

        This method does nothing if the run had ended before the error. progress: the state and the
        traces of the runs that train together, at the time of the error.
        """
        if self._record["status"] != "running":
            return
        problem = error.problems[0]
        message = f"{problem.where}: {problem.what}" if problem.where else problem.what
        stop = {"epoch": progress.epoch, "step": progress.state.step, "message": message}
        self._guarded(self._append_trace, progress)
        self._guarded(
            self._write_record,
            {**self._record, "status": "interrupted", "stop": {"rule": "error", **stop}},
        )

    def failed(self, traceback: str) -> Path | None:
        """Write the traceback of an internal error, and the status `failed`.

        Returns the path of the file with the traceback; None if the run had ended before the error,
        or a file could not be written.
        """
        if self._record["status"] != "running":
            return None
        file = self.path / TRACEBACK
        self._guarded(write_text, file, traceback)
        self._guarded(self._write_record, {**self._record, "status": "failed"})
        return None if self.problem else file

    @property
    def record(self) -> RunRecord:
        """The contents of run.json so far."""
        return self._record

    def _guarded(self, write: Any, *arguments: Any) -> None:
        """Call write(*arguments), unless an earlier call failed; keep an OSError in `problem`."""
        if self.problem is None:
            try:
                write(*arguments)
            except OSError as error:
                self.problem = cannot_write(self.path, error).problems[0]

    def _write_experiment(self) -> None:
        write_text(self.path / "config.yaml", to_yaml(self._config))

    def _write_record(self, record: RunRecord) -> None:
        listed = {**record, "config": self._config}
        write_text(self.path / "run.json", dumps(listed, indent=2) + "\n")

    def _append_trace(self, progress: Progress) -> None:
        """Append new points and evaluations to trace.jsonl.

        The file is written again if points in it have been joined, or evaluations left out.
        """
        trace, evaluations = progress.steps, progress.evaluations
        closed = trace.closed_points
        stride = evaluation_stride(evaluations.points, self._most)
        if trace.rewrites != self._rewrites or stride != self._stride:
            self._write_trace(trace.lane(self._lane, 0, closed), evaluations.lane(self._lane))
        else:
            steps = trace.lane(self._lane, self._points, closed)
            # The next evaluation that is written is the next multiple of the stride.
            new_evaluations = {
                name: values[-self._evaluations % stride :: stride]
                for name, values in evaluations.lane(self._lane, self._evaluations).items()
            }
            append_lines(self.path / "trace.jsonl", self._lines(steps, new_evaluations))
        self._points, self._evaluations = closed, evaluations.points
        self._rewrites, self._stride = trace.rewrites, stride

    def _write_trace(self, steps: Columns, evaluations: Columns) -> None:
        kept = thinned_evaluations(evaluations, self._most)
        text = "".join(f"{line}\n" for line in self._lines(steps, kept))
        write_text(self.path / "trace.jsonl", text)

    def _lines(self, steps: Columns, evaluations: Columns) -> list[str]:
        return trace_lines(steps, evaluations, clips=self._clips)

    def _write_weights(self, outcome: Outcome) -> None:
        named = self._cohort.named
        arrays = arrays_of(
            self._description,
            named(outcome.weights, outcome.running_stats),
            named(outcome.best_weights, outcome.best_running_stats),
        )
        # The stub of np.savez refuses **arrays: a name might equal one of its own parameters.
        save: Any = np.savez
        write_atomically(self.path / WEIGHTS, lambda file: save(file, **arrays))


def _continued(record: RunRecord, earlier: RunRecord, step: int) -> RunRecord:
    """The record of a run that continues at this step. earlier: the record before the pause."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    entry: ResumeRecord = {"step": step, "time": now, "versions": record["versions"]}
    continued: RunRecord = {
        **record,
        "started": earlier["started"],
        "resumed": [*earlier.get("resumed", []), entry],
    }
    return continued
