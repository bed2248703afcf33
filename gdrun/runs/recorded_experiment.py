"""The experiment of a recorded run, with the plugins with which the run was trained."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from gdrun.config.experiment import Experiment
from gdrun.config.resolving import resolve
from gdrun.errors import ConfigError, RecordError
from gdrun.methods.plugins import changed, loaded_plugins, loading, shown_path
from gdrun.runs.run import Run


def experiment_of(run: Run) -> Experiment:
    """The experiment of a run. Raises ConfigError if it needs a plugin that is not loaded."""
    try:
        return resolve(run.config)
    except ConfigError as error:
        known = {plugin["sha256"] for plugin in loaded_plugins()}
        missing = [each["path"] for each in run.record["plugins"] if each["sha256"] not in known]
        if not missing:
            raise
        hint = f"load the plugins of the run: {' '.join(map(loading, missing))}"
        if gone := [shown_path(path) for path in missing if not Path(path).is_file()]:
            copy = loading(Path("copy.py"))
            hint = f"{gone[0]} no longer exists: restore it, or load a copy of it with {copy}"
        raise ConfigError(error.problems[0].what, where=_place(run), hint=hint) from None


def repeatable_experiment(run: Run) -> Experiment:
    """The experiment of a run, to train it again.

    Raises ConfigError as `experiment_of`, RecordError if a plugin has changed since the run,
    because the same config would then train differently.
    """
    if others := changed_plugins(run):
        raise RecordError(
            f"cannot be trained again: the plugin {others[0]} changed since this run",
            where=_place(run),
            hint=f"undo the change, or `gdrun train {config_of(run)}` makes a new run",
        )
    return experiment_of(run)


def changed_plugins(run: Run) -> list[str]:
    """The paths of the plugins of a run that are loaded, but have changed since the run."""
    return [shown_path(each["path"]) for each in changed(run.record["plugins"])]


def plugin_notes(plugins: Iterable[Mapping[str, str]]) -> list[str]:
    """A sentence for each plugin whose file has changed or vanished since a run was trained.

    plugins: as in run.json. A plugin that is loaded as it was then, from any file, has no sentence.
    """
    known = {plugin["sha256"] for plugin in loaded_plugins()}
    notes = []
    for plugin in plugins:
        shown, file = f"the plugin {shown_path(plugin['path'])}", Path(plugin["path"])
        if plugin["sha256"] in known:
            continue
        try:
            same = hashlib.sha256(file.read_bytes()).hexdigest() == plugin["sha256"]
        except OSError:
            notes.append(f"{shown}, with which the run was trained, no longer exists")
            continue
        if not same:
            notes.append(f"{shown} changed since the run, which was trained with the old version")
    return notes


def config_of(run: Run) -> str:
    """The path of a run's config for a shell; the word CONFIG for a run that was not written."""
    return "CONFIG" if run.directory is None else shlex.quote(f"{run.directory}/config.yaml")


def _place(run: Run) -> str:
    return run.id if run.directory is None else str(run.directory)
