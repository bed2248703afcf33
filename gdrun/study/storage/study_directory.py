"""The directory of a study: its plan and ranking, and a line for each trial that has ended.

study.json is always replaced as a whole. For each trial, one line is added to traces.jsonl and then
one to trials.jsonl. A trial has finished when both lines exist, so a crash loses only running
trials.
"""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from errno import ELOOP, ENOSPC
from pathlib import Path
from typing import Any, cast

from gdrun.config.flat_configs import flat
from gdrun.errors import TRACEBACK, GdrunError, RecordError, note_traceback
from gdrun.methods.plugins import loaded_plugins
from gdrun.runs import strict_json
from gdrun.runs.checked import check_version, checked, unreadable
from gdrun.runs.directory import new_directory
from gdrun.runs.files import append_lines, remove_empty, was_removed, write_text
from gdrun.runs.finding import RECORD, STUDY, find_run, run_directories
from gdrun.runs.labels import read_labels
from gdrun.runs.lock import DirectoryLock
from gdrun.runs.processes import is_alive
from gdrun.runs.record_contents import versions
from gdrun.runs.strict_json import dumps
from gdrun.study.design.trials import Candidate, StudyPlan, Trial, identity
from gdrun.study.storage.records import (
    CandidateRecord,
    PlanRecord,
    StudyNews,
    StudyOrigin,
    StudyRecord,
    StudyRow,
)
from gdrun.study.storage.results import Result
from gdrun.study.storage.trial_files import TRACES, TRIALS, read_results, remove_cut_line
from gdrun.study.storage.trial_records import TrialLabel

SCHEMA_VERSION = 1
TUNING = "tuning"
"""The directory of the tuning of a comparison, in that of the comparison."""


class StudyDirectory:
    """Writes a study to its directory while it runs, and reads the trials that have ended.

    earlier: the record that the directory had when the study was resumed; None for a new study.
    Methods that write raise RecordError if a file cannot be written.
    """

    def __init__(self, path: Path, plan: StudyPlan, origin: StudyOrigin | None = None) -> None:
        self.path = path
        self.earlier: StudyRecord | None = None
        planned = _planned(plan)
        self.record: StudyRecord = {
            "schema_version": SCHEMA_VERSION,
            "id": path.name,
            "verb": plan.verb,
            "status": "running",
            "process": {"pid": os.getpid(), "host": socket.gethostname()},
            "started": datetime.now().astimezone().isoformat(timespec="seconds"),
            "versions": versions(),
            "plugins": loaded_plugins(),
            "asked": [identity(candidate.experiment) for candidate in plan.candidates],
            "seeds": planned["seeds"],
            "candidates": planned["candidates"],
            "trials": planned["trials"],
            "runs": planned["runs"],
        }
        if origin is not None:
            self._set(origin)
        self._plan = plan

    def adopt(self, plan: StudyPlan) -> None:
        """Replace the plan, after tuning has changed the contenders or widened a range."""
        self._plan = plan
        self._set(_planned(plan))

    @classmethod
    def new(
        cls, out: Path, name: str, plan: StudyPlan, origin: StudyOrigin | None = None
    ) -> StudyDirectory:
        """Make a new directory for a study in `out`, and write the plan to study.json.

        name: for the directory. origin: the base config, the data and the command line. Raises
        RecordError if the directory cannot be made.
        """
        study = cls(new_directory(out, name, datetime.now().astimezone()), plan, origin)
        try:
            study.write()
        except RecordError:
            remove_empty(study.path)
            raise
        return study

    @classmethod
    def within(cls, path: Path, plan: StudyPlan) -> StudyDirectory:
        """The directory for the tuning of a comparison: a new one, or an earlier one to continue.

        path: this directory; it is inside that of the comparison. Raises RecordError if it cannot
        be made or written, or is a symbolic link, which could lead out of the directory of the
        comparison.
        """
        try:
            if path.is_symlink():
                raise OSError(ELOOP, "it is a symbolic link")
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise _cannot_write(path, error) from None
        study = cls(path, plan)
        study.write()
        return study

    @classmethod
    def resumed(
        cls, path: Path, plan: StudyPlan, origin: StudyOrigin | None = None
    ) -> StudyDirectory:
        """The directory of an earlier study, to continue the study with this plan.

        origin: the base config, the data and the command line. Raises RecordError if the directory
        contains no study, or a study that does not fit: it is of another kind, used other data or
        another version of a plugin, or has none of the plan's candidates.
        """
        earlier = read_study(path)
        study = cls(path, plan, origin)
        shared = set(earlier["asked"]) & set(study.record["asked"])
        if earlier["verb"] == plan.verb:
            _require_same_plugins(path, earlier, study.record)
        if earlier["verb"] != plan.verb or not shared:
            hint = f"that study was started by: {earlier.get('command', earlier['verb'])}"
            why = "it is of another kind" if shared else "it has none of these experiments"
            changed = _differences(earlier.get("base", {}), study.record.get("base", {}))
            if earlier["verb"] == plan.verb and changed:
                why = f"{why}, which have {changed}"
            raise RecordError(f"contains a different study: {why}", where=str(path), hint=hint)
        if earlier.get("data") != study.record.get("data"):
            hint = "start a new study: runs on different data cannot be compared"
            what = "the data changed since this study began"
            raise RecordError(what, where=str(path), hint=hint)
        study.earlier = earlier
        if "started" in earlier:
            study.record["started"] = earlier["started"]
        if "rungs" in earlier:
            study.record["rungs"] = earlier["rungs"]
        return study

    def finished(self) -> dict[str, Result]:
        """The results of the plan's trials that have ended already, by the trial's identity.

        Raises RecordError if a line is damaged.
        """
        # After a crash, the last line may be incomplete, and the next line would be appended to it.
        for name in (TRIALS, TRACES):
            remove_cut_line(self.path / name)
        return read_results(self.path, self._plan)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A context for running the study, in which no other process can run it.

        If an error ends the study, the error is raised again, after the status of the study is
        written, and for an internal error also the traceback. Raises RecordError if another process
        runs the study.
        """
        lock = DirectoryLock(self.path)
        try:
            yield
        except BaseException as error:
            # Ctrl-C and SystemExit are not an Exception, and a GdrunError is not an internal error.
            fault = isinstance(error, Exception) and not isinstance(error, GdrunError)
            # If writing fails too, for example on a full disk, the first error is reported.
            with suppress(RecordError):
                if fault:
                    self.write_text(TRACEBACK, traceback.format_exc())
                    note_traceback(error, self.path / TRACEBACK)
                self.write({"status": "failed" if fault else "interrupted"})
            raise
        finally:
            lock.release()

    def add(self, ended: Iterable[tuple[Trial, Result]]) -> None:
        """Write the results of trials that have just ended.

        The trials may come from a part of the plan, in which they have other numbers: the lines
        have the numbers and the settings of the whole plan. Raises KeyError if a trial is not in
        the plan.
        """
        planned = {trial.identity: trial for trial in self._plan.trials}
        lines = []
        for trial, result in ((planned[trial.identity], result) for trial, result in ended):
            candidate = self._plan.candidates[trial.candidate]
            label: TrialLabel = {
                "trial": trial.number,
                "name": candidate.name,
                "settings": dict(candidate.settings),
                "seed": trial.experiment.seed,
            }
            lines.append(result.lines(label))
        self._write(append_lines, self.path / TRACES, [trace for _, trace in lines])
        self._write(append_lines, self.path / TRIALS, [trial for trial, _ in lines])

    def write(self, news: StudyNews | None = None) -> None:
        """Write study.json. news: entries that are added or replaced before it is written."""
        if news is not None:
            self._set(news)
        self._write(write_text, self.path / STUDY, dumps(self.record, indent=2) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file in the directory of the study."""
        self._write(write_text, self.path / name, text)

    def remove(self, name: str) -> None:
        """Delete a file in the directory of the study, if it exists."""
        self._write((self.path / name).unlink, True)

    def _set(self, part: StudyOrigin | PlanRecord | StudyNews) -> None:
        # mypy cannot join TypedDicts. A test checks that each part has only keys of StudyRecord.
        self.record = cast(StudyRecord, {**self.record, **part})

    def _write(self, write: Any, *arguments: Any) -> None:
        try:
            write(*arguments)
        except OSError as error:
            raise _cannot_write(self.path, error) from None


def find_study(word: str, out: Path) -> Path:
    """The directory of the study to resume: its path, its id, a unique part of its id, or `last`.

    out: the parent directory of the studies that are searched. Raises RecordError if no study or
    several studies match an id.
    """
    path = Path(word)
    return find_run(word, out, (STUDY,)) if path.name == word and not path.is_dir() else path


def read_study(path: Path) -> StudyRecord:
    """Read the study.json of a directory.

    If the process that ran the study has died, the status is "interrupted". Raises RecordError if
    there is no study.json, or it is damaged, or a newer gdrun wrote it.
    """
    file = path / STUDY
    try:
        document = strict_json.read(file)
    except (FileNotFoundError, NotADirectoryError):
        hint = "a command prints the directory of a study at its end; in Python, .directory has it"
        if (path / RECORD).is_file():
            hint = f"it is a run: `gdrun show {path}` or gdrun.read_run reads it"
        raise RecordError("is not the directory of a study", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:
        raise unreadable(file, str(error)) from None
    check_version(document, SCHEMA_VERSION, file)
    record = checked(document, StudyRecord, file)
    if record["status"] == "running" and not is_alive(record.get("process")):
        record["status"] = "interrupted"
    return record


def _require_same_plugins(path: Path, earlier: StudyRecord, now: StudyRecord) -> None:
    """Raise RecordError if a plugin of the earlier study has another content now."""
    before, after = (
        {plugin["path"]: plugin["sha256"] for plugin in record.get("plugins", ())}
        for record in (earlier, now)
    )
    changed = [file for file in before if file in after and after[file] != before[file]]
    if changed:
        what = f"cannot continue, because the plugin {changed[0]} has changed"
        hint = "undo the change, or start a new study"
        raise RecordError(what, where=str(path), hint=hint)


def _cannot_write(path: Path, error: OSError) -> RecordError:
    if (removed := was_removed(path, error)) is not None:
        return RecordError(removed, where=str(path), hint="start the study again")
    what = f"cannot be written: {error.strerror or error}"
    cure = "free disk space" if error.errno == ENOSPC else "correct this"
    hint = f'{cure}, then continue with `resume="{path}"`'
    return RecordError(what, where=str(path), hint=hint)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The first differences between two configs: `optimizer.lr 0.2 in place of 0.1`, or empty."""
    old, new = flat(before), flat(after)
    changed = [key for key in old | new if old.get(key) != new.get(key)]
    unset = "not set"
    texts = [f"{key} {new.get(key, unset)} in place of {old.get(key, unset)}" for key in changed]
    return ", ".join(texts[:3]) + (", …" if texts[3:] else "")


def list_studies(out: Path) -> list[StudyRow]:
    """A row for each study in `out`, from the oldest to the newest.

    A study whose record cannot be read has the status `damaged`.
    """
    rows = [_row(path) for path in run_directories(out, (STUDY,))]
    return sorted(rows, key=lambda row: str(row["started"]))


def _row(path: Path) -> StudyRow:
    try:
        record = read_study(path)
        labels = read_labels(path)
    except RecordError:
        return {"id": path.name, "status": "damaged", "started": ""}
    first = [each["name"] for each in record.get("ranking", ()) if each["rank"] == 1]
    return {
        "id": record["id"],
        "verb": record["verb"],
        "status": record["status"],
        "started": record.get("started", ""),
        "trials": record["trials"],
        "runs": record.get("runs", record["trials"]),
        # Earlier versions of gdrun did not record the best contender of a comparison.
        "best": record.get("best", next(iter(first), None)),
        "tags": labels["tags"],
        "note": labels["note"] or None,
    }


def _planned(plan: StudyPlan) -> PlanRecord:
    """The entries of a plan in study.json."""
    return {
        "seeds": list(plan.seeds),
        "candidates": [_described(candidate, plan.verb) for candidate in plan.candidates],
        "trials": len(plan.trials),
        "runs": plan.runs,
    }


def _described(candidate: Candidate, verb: str) -> CandidateRecord:
    """The record of a candidate: its settings; in a comparison also its whole config."""
    described: CandidateRecord = {
        "name": candidate.name,
        "settings": dict(candidate.settings),
    }
    if verb == "compare":
        described["config"] = candidate.experiment.plain()
    return described
