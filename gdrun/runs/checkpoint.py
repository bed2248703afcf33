"""The file checkpoint.npz: the state of a training, which can continue from it bit for bit.

The file belongs to all runs that train together. It holds the arrays of a Snapshot by name, and a
JSON text `checkpoint` with everything else. That is the configs of the runs, the hash of their
data, the plugins, and the versions of the software. The training continues only with the same
configs, data and plugins.

While the runs train, the file is replaced every SECONDS_BETWEEN seconds. If one write takes longer
than SHARE of this time, the next write comes later, so that all writes take at most SHARE of the
time. The file is removed when the results of all runs are written.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from typing_extensions import TypedDict

from gdrun.array_types import Array
from gdrun.config.experiment import Experiment
from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine
from gdrun.engine.listeners import Listener, Progress
from gdrun.engine.snapshot import Snapshot
from gdrun.errors import Problem, RecordError
from gdrun.methods.plugins import loaded_plugins
from gdrun.runs.checked import check_version, checked
from gdrun.runs.files import cannot_write, write_atomically
from gdrun.runs.model_file import read_arrays
from gdrun.runs.packing import packed, unpacked
from gdrun.runs.record_contents import repeatable, versions
from gdrun.runs.strict_json import dumps, loads
from gdrun.threads import thread_count

CHECKPOINT = "checkpoint.npz"
"""The name of the file in the directory of a run."""

SCHEMA_VERSION = 1

SECONDS_BETWEEN = 4.0
"""The seconds between two writes. The environment variable GDRUN_CHECKPOINT_SECONDS replaces it."""

SHARE = 0.02
"""The largest share of the time that writes may take."""


class Origin(TypedDict):
    """What must be the same when a training continues.

    configs: the config of each run, with all defaults. data: the hash of the data. plugins: the
    path and the hash of each plugin.
    """

    configs: list[dict[str, Any]]
    data: str
    plugins: list[dict[str, str]]


class Machine(TypedDict):
    """What may change the last bits of a run: the versions of the software, and the threads."""

    versions: dict[str, str]
    threads: int


class CheckpointRecord(TypedDict):
    """The JSON text `checkpoint` in checkpoint.npz, without its key `training`.

    That key has the state of the training, except for its arrays.
    """

    schema_version: int
    origin: Origin
    machine: Machine


def origin_of(experiments: Sequence[Experiment], cohort: Cohort, engine: Engine) -> Origin:
    """What must be the same when the training of these experiments continues."""
    return {
        "configs": [_plain(repeatable(engine, experiment)) for experiment in experiments],
        "data": cohort.data.sha256,
        "plugins": loaded_plugins(),
    }


def machine_of(engine: Engine) -> Machine:
    """The software and the threads of this process."""
    return {"versions": versions(engine.compiler), "threads": thread_count()}


class Checkpoint(Listener):
    """Writes checkpoint.npz while a cohort (a group of runs) trains, and when it is interrupted.

    path: of the file. extendable: whether the state at the end of the budget is written too, so
    that the budget can be extended later without training again. The state is then written only if
    the training took longer than the time between two writes. `needed` is true if the file must be
    kept; else the caller removes the file when the results are written. If the file cannot be
    written, the training continues without it; the error is kept in `problem`.
    """

    def __init__(
        self, path: Path, origin: Origin, machine: Machine, *, extendable: bool = False
    ) -> None:
        self.path = path
        self.problem: Problem | None = None
        self._head = {"schema_version": SCHEMA_VERSION, "origin": origin, "machine": machine}
        self.needed = False
        self._extendable = extendable
        self._due = math.inf

    def started(self, progress: Progress) -> None:
        self._due = time.monotonic() + _seconds_between()

    def advanced(self, progress: Progress) -> None:
        if time.monotonic() >= self._due:
            self.write(progress.snapshot())

    def ending(self, progress: Progress, *, interrupted: bool) -> None:
        snapshot = progress.snapshot()
        long = snapshot.clock.total >= _seconds_between()
        if interrupted or (self._extendable and long):
            self.needed = True
            self.write(snapshot)

    def write(self, snapshot: Snapshot) -> None:
        """Write the file, unless an earlier write failed."""
        if self.problem is not None:
            return
        begin = time.monotonic()
        try:
            write_checkpoint(self.path, self._head, snapshot)
        except OSError as error:
            self.problem = cannot_write(self.path, error).problems[0]
        end = time.monotonic()
        self._due = end + max(_seconds_between(), (end - begin) / SHARE)


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint, if it exists."""
    with suppress(OSError):  # a file that is left over does no harm
        path.unlink(missing_ok=True)


def runs_in_checkpoint(path: Path) -> int:
    """The number of runs in a checkpoint that had not ended; 0 if the file cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            document = loads(str(stored["checkpoint"]))
            return len(document["origin"]["configs"]) - len(document["training"]["outcomes"])
    except (OSError, ValueError, LookupError, TypeError, BadZipFile):
        return 0


def write_checkpoint(path: Path, head: dict[str, Any], snapshot: Snapshot) -> None:
    """Write a checkpoint, so that the file is either complete or unchanged, even after a crash.

    head: its CheckpointRecord. snapshot: the state of the training. Raises OSError if the file
    cannot be written.
    """
    arrays: dict[str, Any] = {}
    # The surface is not an array, and the cohort has it already.
    outcomes = {lane: replace(each, surface=None) for lane, each in snapshot.outcomes.items()}
    document = packed(replace(snapshot, outcomes=outcomes), "training", arrays)
    arrays["checkpoint"] = np.array(dumps({**head, "training": document}))
    # The stub of np.savez refuses **arrays: a name might equal one of its own parameters.
    save: Any = np.savez
    write_atomically(path, lambda file: save(file, **arrays))


def read_checkpoint(
    path: Path, origin: Origin, machine: Machine, cohort: Cohort
) -> tuple[Snapshot | None, list[str]]:
    """Read a checkpoint of this cohort: the snapshot, and notes for the user.

    The snapshot is None if the file does not exist. A note says that the last bits may differ,
    because the software or the number of threads has changed. Raises RecordError if the file is
    damaged, if a newer gdrun wrote it, or if it belongs to another experiment or other data.
    """
    if not path.exists():
        return None, []
    try:
        arrays = read_arrays(path)
        document = loads(str(arrays["checkpoint"]))
    except RecordError as error:
        raise _damaged(path, error.problems[0].what.removeprefix("cannot be read: ")) from None
    except (KeyError, ValueError):
        raise _damaged(path, "it is not a checkpoint of gdrun") from None
    check_version(document, SCHEMA_VERSION, path)
    record = checked(document, CheckpointRecord, path)
    if changes := changes_between(record["origin"], origin):
        raise changed(path.parent, changes)
    snapshot = _snapshot(document, arrays, path)
    if (wrong := snapshot.misfit(cohort)) is not None:
        raise _damaged(path, f"{wrong} does not fit the experiment")
    outcomes = {
        lane: replace(each, surface=cohort.surface) for lane, each in snapshot.outcomes.items()
    }
    return replace(snapshot, outcomes=outcomes), notes_on(record["machine"], machine)


def changes_between(earlier: Origin, now: Origin) -> list[str]:
    """A sentence for each difference of config, data or plugins; empty if there is none."""
    changes: list[str] = []
    pairs = zip(earlier["configs"], now["configs"], strict=False)
    if len(earlier["configs"]) != len(now["configs"]):
        changes.append(
            f"{len(earlier['configs'])} runs trained together, now there are {len(now['configs'])}"
        )
    for old, new in pairs:
        changes += [each for each in differences(old, new) if each not in changes]
    if earlier["data"] != now["data"]:
        changes.append(f"the data: sha256 was {earlier['data'][:12]}, is {now['data'][:12]}")
    old_plugins, new_plugins = (
        {plugin["sha256"]: plugin["path"] for plugin in each["plugins"]} for each in (earlier, now)
    )
    if old_plugins.keys() != new_plugins.keys():
        before, after = (", ".join(each.values()) or "none" for each in (old_plugins, new_plugins))
        same = "; the file has changed" if before == after else ""
        changes.append(f"plugins: were {before}, are {after}{same}")
    return changes


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """A text `key: was OLD, is NEW` for each key in which two configs differ.

    >>> differences({"seed": 0, "clip": {}}, {"seed": 1, "clip": {}})
    ['seed: was 0, is 1']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys([*old, *new])
        return [
            text
            for key in keys
            for text in differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if old == new else [f"{path}: was {json.dumps(old)}, is {json.dumps(new)}"]


def changed(directory: Path, changes: Sequence[str]) -> RecordError:
    """The error for a training that cannot continue because its experiment has changed.

    directory: that of the run. changes: a sentence for each change.
    """
    return RecordError(
        f"cannot continue, because something changed: {'; '.join(changes)}",
        where=str(directory),
        hint="undo the change, or start a new run",
    )


def notes_on(earlier: Machine, now: Machine) -> list[str]:
    """A sentence for each difference of the software or the threads; empty if there is none.

    Such a difference may change the last bits of the results.
    """
    names = dict.fromkeys([*earlier["versions"], *now["versions"]])
    pairs = [(n, earlier["versions"].get(n), now["versions"].get(n)) for n in names]
    pairs.append(("threads", str(earlier["threads"]), str(now["threads"])))
    return [
        f"{name}: was {old or 'none'}, is {new or 'none'}, so the last bits may differ from those "
        "of an uninterrupted run"
        for name, old, new in pairs
        if old != new
    ]


def _snapshot(document: Any, arrays: dict[str, Array], path: Path) -> Snapshot:
    try:
        return unpacked(Snapshot, document["training"], arrays)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None


def _damaged(path: Path, reason: str) -> RecordError:
    return RecordError(
        f"cannot be read: {reason}",
        where=str(path),
        hint="delete the file to train from the start",
    )


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """The config after it was written and read as JSON: with lists in place of tuples."""
    plain: dict[str, Any] = loads(dumps(config))
    return plain


def _seconds_between() -> float:
    given = os.environ.get("GDRUN_CHECKPOINT_SECONDS", "")
    try:
        return max(float(given), 0.0)
    except ValueError:
        return SECONDS_BETWEEN
