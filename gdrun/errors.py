"""The exceptions of gdrun: each says where the error is, what is wrong, and what to do about it.

Every error that a user can cause is a `GdrunError`. The command line catches only these; any other
exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MOST_SHOWN = 1000
"""The largest number of characters of the place, the message or the hint of an error."""


class Parameter(str):
    """The name of a Python argument that is wrong, as the `where` of a Problem.

    The command line shows the name of its option instead.
    """

    __slots__ = ()


COMPLETIONS: list[Callable[[str], str]] = []
"""Functions that complete the commands in a hint; a later layer registers them here.

For example, a command needs the options that load the plugins of this process.
"""


@dataclass(frozen=True)
class Problem:
    """One error: what is wrong, where it is, and a hint on how to correct it.

    str() gives the text for the user, two lines that begin with `error:` and `hint:`. A hint names
    an argument in backticks and in the form of Python, such as `trials` or `search="random"`; the
    command line shows its option instead. Each part is shown up to MOST_SHOWN characters, because
    it may quote names and texts of a file.
    """

    what: str
    where: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{_shown(self.where)}: " if self.where else ""
        hint = self.hint or ""
        for complete in COMPLETIONS:
            hint = complete(hint)
        advice = f"\nhint: {_shown(hint)}" if hint else ""
        return f"error: {place}{_shown(self.what)}{advice}"


class GdrunError(Exception):
    """An error that a user can cause and correct. It holds one or more problems.

    what: the message of a single problem, with its `where` and `hint`, or several problems.
    """

    exit_code = 2

    def __init__(
        self,
        what: str | Iterable[Problem],
        *,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        if isinstance(what, str):
            self.problems: tuple[Problem, ...] = (Problem(what, where, hint),)
        else:
            self.problems = tuple(what)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    # By default pickle would call the class with the joined text, and lose the problems.
    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problems,))


class ConfigError(GdrunError):
    """The config of an experiment cannot be read, or has wrong or contradictory values."""


class DataError(GdrunError):
    """The data cannot be read, or cannot be used for training."""


class RecordError(GdrunError):
    """The directory of a run or a study is missing, damaged, or cannot be written."""


class MissingExtraError(GdrunError):
    """A feature of gdrun needs a package that is not installed.

    feature: what needs the package, such as `gdrun report`. extra: the extra of gdrun that installs
    the package. missing: what the message says is needed, such as `matplotlib 3.8 or newer`; empty
    to say only that a package is not installed. other: another way to install it, for the hint.
    """

    def __init__(self, feature: str, extra: str, missing: str = "", other: str = "") -> None:
        command = f'python -m pip install "gdrun[{extra}]"'
        super().__init__(
            f"{feature} needs {missing or 'a package that is not installed'}",
            hint=f"{other}, or run: {command}" if other else command,
        )
        self._given = (feature, extra, missing, other)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), self._given)


def printable(text: str) -> str:
    r"""The text, with an escape in place of each control character except line ends and tabs.

    A file can contain such characters in its names and texts; a terminal would obey them. Marks
    that change the direction of writing are replaced too, because they can disguise a text.

    >>> printable("a\x1b[2J\u202eb"), printable("Größe ≥ 3")
    ('a\\x1b[2J\\u202eb', 'Größe ≥ 3')
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _shown(text: str) -> str:
    """A part of a message as it is shown: printable, and not too long."""
    # Escapes are longer than the characters that they replace.
    return abridged(printable(abridged(text, MOST_SHOWN)), MOST_SHOWN)


def one_line(text: str) -> str:
    """The text as one printable line: with one space for each series of white space.

    >>> one_line(" a\\n\\tb ")
    'a b'
    """
    return printable(" ".join(text.split()))


def abridged(text: str, most: int) -> str:
    """The text; if it is longer than `most` characters, its beginning and an ellipsis.

    >>> abridged("momentum", 9), abridged("momentum", 5)
    ('momentum', 'mome…')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


TRACEBACK = "traceback.txt"
"""The name of the file with the traceback of an internal error, in a run or study directory."""

_KEPT = "the traceback is kept in"


def note_traceback(error: BaseException, file: Path) -> str:
    """Add a note with the path of the traceback to an error, and return the note.

    Python shows the notes of an exception after its message.
    """
    note = f"{_KEPT} {file}"
    error.add_note(note)
    return note


def traceback_note(error: BaseException) -> str | None:
    """The note that `note_traceback` has added to an error; None if it added none."""
    notes: list[str] = getattr(error, "__notes__", [])
    return next((note for note in notes if note.startswith(_KEPT)), None)


MOST_COMPARED = 200
"""The longest name that is compared with others: the time grows with the square of its length."""


def near(name: object, choices: Iterable[str], *, most: int = 3, least: float = 0.6) -> list[str]:
    """The choices with a spelling similar to `name`, the most similar first; at most `most`.

    A choice that differs from `name` only in capital letters, or in - instead of _, is the only
    result. A choice that contains `name` counts as similar. least: the similarity that is required
    of other choices, from 0 to 1.

    >>> near("momentun", ["adam", "momentum", "vanilla"]), near("Adam", ["radam", "adam"])
    (['momentum'], ['adam'])
    """
    wanted = str(name).lower().replace("-", "_")
    if len(wanted) > MOST_COMPARED:
        return []
    by_form = {choice.lower().replace("-", "_"): choice for choice in choices}
    if wanted in by_form:
        return [by_form[wanted]]
    similar = difflib.get_close_matches(wanted, by_form, n=most, cutoff=least)
    # One or two letters occur in many names, so they suggest nothing.
    contained = [form for form in by_form if len(wanted) > 2 and wanted in form]
    return [by_form[form] for form in dict.fromkeys(similar + contained)][:most]


def near_files(path: Path, endings: tuple[str, ...] = (), *, inside: bool = False) -> str | None:
    """A hint for a missing file: files with a similar name, in its directory and the current one.

    If some files of a directory differ from `path` only in the ending, such as houses.parquet for
    houses.csv, the hint suggests only them. endings: if no name is similar, the hint suggests up to
    five files in the file's directory with one of these endings. If this directory does not exist,
    and no name is similar, the hint says so. inside: whether only its files are suggested. None if
    there is no file to suggest, or a directory cannot be read.
    """
    folder = path.parent
    try:
        there, exists = _files_in(folder), folder.is_dir()
        elsewhere = not inside and folder.resolve() != Path.cwd()
        here = _files_in(Path()) if elsewhere else []
    except OSError:
        return None
    expected = [name for name in there if endings and name.endswith(endings)]
    similar = _alike(path, there) or near(path.stem, expected)
    found = [*(folder / name for name in similar), *map(Path, _alike(path, here))]
    if found := found or [folder / name for name in expected[:5]]:
        return f"did you mean {' or '.join(map(str, found))}?"
    return None if exists else f"the directory {folder} does not exist"


def _files_in(folder: Path) -> list[str]:
    """The sorted names of the files in a directory, of the first 1000 entries; none without it."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in islice(folder.iterdir(), 1000) if entry.is_file())


def _alike(path: Path, names: list[str]) -> list[str]:
    """The names that differ from that of a path in the ending only, or else are similar to it."""
    stem = path.name.partition(".")[0]
    same = [name for name in names if name.partition(".")[0] == stem and stem]
    return same or near(path.name, names)


def suggestion(name: object, choices: Iterable[str], *, most_listed: int = 40) -> str:
    """A hint for a name that is not in `choices`: the similar choices, or else all choices.

    most_listed: the largest number of choices in the hint.
    """
    known = list(choices)
    alike = near(name, known)
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    if not known:
        return "there is nothing to choose from"
    listed = ", ".join(known[:most_listed])
    return f"choose from {listed}" + (", …" if len(known) > most_listed else "")
