"""The exception tree, and the one way an error is worded: where, what, and the next move.

Every error that a user can cause is a `GdrunError`. The command line catches exactly these;
anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path


class Parameter(str):
    """The name of an argument, as the place of a mistake; the command line shows its option."""

    __slots__ = ()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is, what it is, and what to do about it.

    A hint writes an argument in backticks and as Python takes it, such as `trials` or
    `search="random"`; the command line shows its option instead.
    """

    what: str
    where: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\nhint: {self.hint}" if self.hint else ""
        return f"error: {place}{self.what}{advice}"


class GdrunError(Exception):
    """Anything a user can cause and mend. Carries one or more problems; the exit code is 2."""

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

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problems,))


class ConfigError(GdrunError):
    """The experiment's description cannot be read or makes no sense."""


class DataError(GdrunError):
    """The data cannot be read, or cannot be trained on as they are."""


class RecordError(GdrunError):
    """A run directory is missing, damaged, or cannot be written."""


class MissingExtraError(GdrunError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs a package that is not installed",
            hint=f'python -m pip install "gdrun[{extra}]"',
        )
        self.feature, self.extra = feature, extra

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.feature, self.extra))


def abridged(text: str, most: int) -> str:
    """The text, or its beginning where it is longer than `most` characters.

    >>> abridged("momentum", 9), abridged("momentum", 5)
    ('momentum', 'mome…')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


TRACEBACK = "traceback.txt"
"""The file in which the directory of a run or study keeps the traceback of a fault."""

_KEPT = "the traceback is kept in"


def note_traceback(error: BaseException, file: Path) -> str:
    """Add a note to an error that says where its traceback is kept; Python shows it last."""
    note = f"{_KEPT} {file}"
    error.add_note(note)
    return note


def traceback_note(error: BaseException) -> str | None:
    """The note that says where the traceback of an error is kept; None where it has none."""
    notes: list[str] = getattr(error, "__notes__", [])
    return next((note for note in notes if note.startswith(_KEPT)), None)


def near(name: object, choices: Iterable[str], *, most: int = 3) -> list[str]:
    """The choices that look like `name`, nearest first.

    >>> near("momentun", ["adam", "momentum", "vanilla"])
    ['momentum']
    """
    wanted = str(name).lower().replace("-", "_")
    by_form = {choice.lower().replace("-", "_"): choice for choice in choices}
    found = difflib.get_close_matches(wanted, by_form, n=most, cutoff=0.6)
    contained = [form for form in by_form if len(wanted) > 2 and wanted in form]
    return [by_form[form] for form in dict.fromkeys(found + contained)][:most]


def near_files(path: Path, endings: tuple[str, ...] = ()) -> str | None:
    """A hint for a file that is missing: files beside it with a like name, or else those with one
    of these endings; None where there are none.
    """
    folder = path.parent
    try:
        if not folder.is_dir():
            return f"there is no directory {folder} either"
        beside = sorted(entry.name for entry in islice(folder.iterdir(), 1000) if entry.is_file())
    except OSError:
        return None
    usual = [name for name in beside if endings and name.endswith(endings)]
    alike = near(path.name, beside) or near(path.stem, usual) or usual[:5]
    return f"did you mean {' or '.join(str(folder / name) for name in alike)}?" if alike else None


def suggestion(name: object, choices: Iterable[str], *, most_listed: int = 40) -> str:
    """A hint for a name that is not among `choices`: the near ones, or else all of them."""
    known = list(choices)
    alike = near(name, known)
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    if not known:
        return "nothing can be named here"
    listed = ", ".join(known[:most_listed])
    return f"choose from {listed}" + (", …" if len(known) > most_listed else "")
