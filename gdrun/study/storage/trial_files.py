"""The two files of lines of a study: trials.jsonl and traces.jsonl, with a line for each trial."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from gdrun.errors import RecordError
from gdrun.runs.checked import misfit
from gdrun.runs.strict_json import loads
from gdrun.study.design.trials import StudyPlan
from gdrun.study.storage.results import Result
from gdrun.study.storage.trial_records import TraceRecord, TrialRecord

TRIALS, TRACES = "trials.jsonl", "traces.jsonl"

_DELETE_LINE = "delete the line; `resume` runs its trial again"

Line = TypeVar("Line", TrialRecord, TraceRecord)


def read_results(path: Path, plan: StudyPlan) -> dict[str, Result]:
    """The results of the plan's trials in the files of a study, by the trial's identity.

    path: the directory of the study. Raises RecordError if a line is damaged.
    """
    wanted = {trial.identity for trial in plan.trials}
    trials = _by_identity(path / TRIALS, TrialRecord)
    traces = _by_identity(path / TRACES, TraceRecord)
    found = {}
    for key in trials.keys() & traces.keys() & wanted:
        try:
            found[key] = Result.read(trials[key], traces[key])
        except (ValueError, TypeError) as error:
            what = f"the line of trial {trials[key]['trial']} is damaged: {error}"
            place, hint = str(path / TRACES), _DELETE_LINE
            raise RecordError(what, where=place, hint=hint) from None
    return found


def remove_cut_line(path: Path) -> None:
    """Remove an incomplete last line from a file, so that lines can be appended."""
    if path.exists():
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)


def _lines(path: Path) -> list[bytes]:
    """The complete lines of a file, without a last line that a crash cut off.

    Empty if the file does not exist.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return content.split(b"\n")[:-1]


def _by_identity(path: Path, kind: type[Line]) -> dict[str, Line]:
    """The records in the lines of a file, by the trial's identity.

    kind: the type of the records. Raises RecordError if a line is not a record of this type.
    """
    found = {}
    for number, text in enumerate(_lines(path), start=1):
        try:
            line = loads(text.decode())
            wrong = misfit(line, kind)
        except ValueError as error:
            wrong = str(error)
        if wrong is not None:
            what = f"this line is damaged: {wrong}"
            raise RecordError(what, where=f"{path}:{number}", hint=_DELETE_LINE)
        found[line["identity"]] = line
    return found
