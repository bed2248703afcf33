"""Find the runs that a resumed training continues, and check that nothing has changed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from gdrun.config.experiment import Experiment
from gdrun.config.loading import load
from gdrun.data import Prepared
from gdrun.engine.build import in_lane_order
from gdrun.errors import RecordError
from gdrun.methods.plugins import loaded_plugins, loading
from gdrun.runs.checkpoint import changed, differences
from gdrun.runs.finding import RECORD
from gdrun.runs.lock import DirectoryLock
from gdrun.runs.missing_model import shows_cause
from gdrun.runs.processes import is_elsewhere
from gdrun.runs.record import RunRecord
from gdrun.runs.record_contents import with_absolute_paths
from gdrun.runs.run import Run, read_record, read_run
from gdrun.runs.statuses import ENDED, ENDED_EARLY


@dataclass(frozen=True)
class Paused:
    """Runs that trained together and are to continue, in the order of their seeds.

    directories, records: of the runs. The directory of the first run contains the checkpoint of all
    runs, and is locked until `lock` is released.
    """

    directories: tuple[Path, ...]
    records: tuple[RunRecord, ...]
    lock: DirectoryLock

    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments of the runs. Raises RecordError if a plugin is missing or has changed,
        ConfigError if config.yaml cannot be read.
        """
        _check_plugins(self.directories[0], self.records[0])
        return in_lane_order([load(each / "config.yaml") for each in self.directories])

    def check_data(self, data: Prepared) -> None:
        """Raise RecordError if these are not the data of the runs."""
        earlier = self.records[0]["data"]["sha256"]
        if data.sha256 != earlier:
            text = f"the data: sha256 was {earlier[:12]}, is {data.sha256[:12]}"
            raise changed(self.directories[0], [text])

    def check_extendable(self) -> None:
        """Raise RecordError if every run ended for another reason than its budget."""
        if any(record["status"] not in ENDED_EARLY for record in self.records):
            return
        directory, record = self.directories[0], self.records[0]
        stop = record["stop"]
        assert stop is not None  # read_record refuses a run that has ended without one
        if record["status"] == "diverged":
            remedy = shows_cause(directory)
        else:
            config = shlex.quote(str(directory / "config.yaml"))
            rule = f"stopping.{stop['rule']}"
            remedy = f"`gdrun train {config} {rule}=null` trains a new run without {rule}"
        raise RecordError(
            f"did not end by its budget: {stop['message']}",
            where=str(directory),
            hint=f"a larger budget changes nothing; {remedy}",
        )


def ended_runs(directory: Path) -> list[Run] | None:
    """The run in a directory and the runs that trained with it; None if any has not ended.

    Raises RecordError if the directory contains no run or a damaged run.
    """
    directories = _cohort(directory)
    if any(read_record(each)["status"] not in ENDED for each in directories):
        return None
    return [read_run(each) for each in directories]


def paused(directory: Path) -> Paused:
    """The run in a directory, with the runs that trained with it, to continue them.

    Raises RecordError if the directory contains no run or a damaged run, if another process trains
    it, or if a run that trained with it is missing.
    """
    directories = _cohort(directory)
    lock = DirectoryLock(directories[0])
    try:
        records = tuple(map(read_record, directories))
        for path, record in zip(directories, records, strict=True):
            process = record.get("process")
            # A lock may not be visible on another machine.
            if record["status"] == "running" and process is not None and is_elsewhere(process):
                raise RecordError(
                    f"process {process['pid']} on {process['host']} trains it",
                    where=str(path),
                    hint="if that process has died, remove `process` from run.json",
                )
    except BaseException:
        lock.release()
        raise
    return Paused(directories, records, lock)


def check_config(directory: Path, experiment: Experiment) -> None:
    """Raise RecordError if the config of a run is not that of this experiment.

    The engine `auto` agrees with every engine.
    """
    earlier = load(directory / "config.yaml").plain()
    now = with_absolute_paths(experiment.plain())
    if now["engine"] == "auto":
        now["engine"] = earlier["engine"]
    if changes := differences(earlier, now):
        raise changed(directory, changes)


def _cohort(directory: Path) -> tuple[Path, ...]:
    """The directories of the runs that trained together, one of which is `directory`."""
    record = read_record(directory)
    ids = record.get("cohort", [])
    # A run that trained alone may have been renamed.
    if len(ids) < 2:
        return (directory,)
    for each in ids:
        # Otherwise an edited record could let gdrun write outside the directory of the runs.
        if Path(each).name != each:
            what = f"`cohort` has {each!r}, which is not the name of a run"
            hint = "the file was edited; restore the names of the directories"
            raise RecordError(what, where=str(directory / RECORD), hint=hint)
    directories = tuple(directory.absolute().parent / each for each in ids)
    for path in directories:
        if not path.is_dir():
            raise RecordError(
                f"trained together with {path.name}, which is missing",
                where=str(directory),
                hint=f"put all {len(ids)} runs back into one directory, under their old names",
            )
    return directories


def _check_plugins(directory: Path, record: RunRecord) -> None:
    """Raise RecordError if a plugin of the run is not loaded, or is loaded in another version."""
    loaded = {plugin["path"]: plugin["sha256"] for plugin in loaded_plugins()}
    for plugin in record["plugins"]:
        path = plugin.get("path", "")
        if plugin.get("sha256") in loaded.values():
            continue
        if path in loaded:
            raise changed(directory, [f"the plugin {path}"])
        hint = f"add {loading(path)}"
        raise RecordError(f"needs the plugin {path}", where=str(directory), hint=hint)
