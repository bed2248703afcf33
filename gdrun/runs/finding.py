"""Finding the directories of runs and studies by a path, an id, a part of an id, or `last`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gdrun.errors import RecordError, suggestion

RECORD = "run.json"
"""The name of the file with the record of a run."""

STUDY = "study.json"
"""The name of the file with the record of a study."""

BEST = "best.yaml"
"""The name of the file with the config of the best candidate of a study."""


@dataclass(frozen=True)
class Kind:
    """What a directory with a record contains, in words: a run or a study.

    noun: its name, and plural: that of several. command: one that makes it.
    """

    noun: str
    plural: str
    command: str

    def making(self, parameter: str = "out") -> str:
        """A hint on how to make one. parameter: the argument for the directory that holds them."""
        held = f"`{parameter}` is the directory that holds the {self.plural}"
        return f"{self.command} makes a {self.noun}; {held}"


KINDS = {
    RECORD: Kind("run", "runs", "`gdrun train`"),
    STUDY: Kind("study", "studies", "`gdrun sweep lr`"),
}
"""What a directory contains, by the file name of its record."""


def find_run(
    word: str, out: Path, records: Sequence[str] = (RECORD,), parameter: str = "out"
) -> Path:
    """Find the directory of a run or a study.

    word: its path, its id, its name, a unique part of its id, or `last`, the run in `out` whose
    record was written last. A name counts before a part of the id of another run. After any of
    these, a slash and the name of a directory inside may follow, such as last/tuning. out: the
    parent directory of the runs. records: file names; only directories in `out` that contain a file
    of one of these names are searched. parameter: what hints call the argument `out`. Raises
    RecordError if no run or several runs match.
    """
    path = Path(word)
    if path.is_dir():
        return path
    directories, kinds = run_directories(out, records), [KINDS[name] for name in records]
    if word == "last" and directories:
        return directories[-1]
    matches = [run for run in directories if word in run.name]
    # bgd is the run of this name, and not that of the name mbgd.
    matches = [run for run in matches if _name_in(run.name) == word] or matches
    if len(matches) == 1:
        return matches[0]
    name, slash, part = word.rpartition("/")
    if slash and name and part and not matches and not Path(name).is_dir():
        return _part_of(find_run(name, out, records, parameter), part)
    if matches:
        hint = f"write more of the id: {', '.join(run.name for run in matches[-5:])}"
        what = f"{len(matches)} {' or '.join(kind.plural for kind in kinds)} match {word!r}"
        raise RecordError(what, where=str(out), hint=hint)
    kind = " or ".join(each.noun for each in kinds)
    what, hint = f"no {kind} is called {word!r}", kinds[0].making(parameter)
    if directories:
        hint = suggestion(word, [run.name for run in reversed(directories)], most_listed=5)
    elif word == "last":
        what = f"has no {kind}" if out.is_dir() else "there is no such directory"
    raise RecordError(what, where=str(out), hint=hint)


def _name_in(identity: str) -> str:
    """The name in the id of a run, which also has its time and four hexadecimal digits.

    >>> _name_in("20261129-204024-mbgd-3f9a"), _name_in("mine")
    ('mbgd', 'mine')
    """
    found = re.fullmatch(r"\d{8}-\d{6}-(.+)-[0-9a-f]{4}", identity)
    return identity if found is None else found[1]


def _part_of(directory: Path, part: str) -> Path:
    """The directory of a part of a run or study. Raises RecordError if it has no such part."""
    if (directory / part).is_dir():
        return directory / part
    parts = sorted(each.name for each in directory.iterdir() if each.is_dir())
    hint = suggestion(part, parts) if parts else f"`gdrun show {directory}` shows all that there is"
    raise RecordError(f"has no part {part!r}", where=str(directory), hint=hint)


def run_directories(out: Path, records: Sequence[str] = (RECORD,)) -> list[Path]:
    """The directories in `out` that contain a record, from the least to the most recently written.

    records: the file names of records. The order is by the time at which the record was last
    written. The names of the directories do not suffice: they are only exact to a second, and users
    may rename directories.
    """
    try:
        files = [entry / name for entry in out.iterdir() for name in records]
        existing = [file for file in files if file.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    existing.sort(key=lambda file: (file.stat().st_mtime_ns, file.parent.name))
    return [file.parent for file in existing]


def hint_for_other(path: Path) -> str:
    """A hint for a directory that is not the directory of a run: what it contains instead."""
    if (path / STUDY).is_file():
        best = path / BEST
        more = f", and `gdrun train {best}` trains its best setting" if best.is_file() else ""
        return (
            f"it is a sweep or comparison: `gdrun show {path}` or gdrun.read_study reads it{more}"
        )
    runs = run_directories(path)
    return f"it contains runs, such as {runs[-1]}" if runs else KINDS[RECORD].making()
