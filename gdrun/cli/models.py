"""The parts that the commands with a trained model share: the run, the data, and the notes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from gdrun.cli import completion, console
from gdrun.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gdrun.runs.trained_model import TrainedModel

Trained: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run: its directory, its id or a part of it, or `last`.",
        autocompletion=completion.run_names,
    ),
]
Data: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A data file, the name of a dataset, or a query=… in SQL over files."
    ),
]
Runs: TypeAlias = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="The directory of the runs.")
]
UnseenOption: TypeAlias = Annotated[
    Literal["error", "ignore"],
    typer.Option(
        "--unseen",
        metavar="error|ignore",
        help="How to treat a category that training did not see; ignore sets all its 0/1 columns "
        "to 0.",
    ),
]
EncodingOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The encoding of a text file, such as latin-1 (default: that of the training data).",
    ),
]
ThresholdOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="P",
        help="Predict the positive one of two classes if its probability is at least P (default: "
        "0.5, the more probable class). The key dataset.positive chooses it in training; by "
        "default it is the second.",
    ),
]
DecimalOption: TypeAlias = Annotated[
    Literal[".", ","] | None,
    typer.Option(
        "--decimal",
        metavar=".|,",
        help="The decimal sign of numbers in texts (default: that of the training data).",
    ),
]


def reading(encoding: str | None, decimal: str | None) -> dict[str, str]:
    """The options `encoding` and `decimal` for text files, by name, without those that are None."""
    options = {"encoding": encoding, "decimal": decimal}
    return {name: value for name, value in options.items() if value is not None}


def with_options(
    data: str,
    threshold: float | None,
    unseen: str,
    encoding: str | None,
    decimal: str | None,
) -> list[str]:
    """The words that make another command read the same data and predict in the same way.

    They are the word for the data and all options that do not have their defaults.
    """
    options = {
        "--threshold": None if threshold is None else str(threshold),
        "--unseen": None if unseen == "error" else unseen,
        "--encoding": encoding,
        "--decimal": decimal,
    }
    given = [(name, value) for name, value in options.items() if value is not None]
    return [data, *(word for pair in given for word in pair)]


def open_model(word: str, runs: Path, parameter: str = "runs") -> tuple[Path, TrainedModel]:
    """The directory of a run, or the file weights.npz if `word` is its path; and the model.

    word: the directory of the run, its file weights.npz, its id, a unique part of the id, or
    `last`. runs: the parent directory of the runs. parameter: the argument that sets this
    directory, for hints. Raises RecordError if there is no such run, or the run has no model.
    """
    from gdrun.runs.finding import find_run
    from gdrun.runs.model_reading import read_model
    from gdrun.runs.run import read_record

    path = Path(word)
    if path.is_file() and path.suffix != ".npz":
        hint = "the run comes first, then the data: `gdrun predict last new.csv`"
        raise RecordError("is a file, not a run", where=word, hint=hint)
    if not path.is_file():
        path = find_run(word, runs, parameter=parameter)
        if word == "last":
            _note_newer_study(path, runs)
        read_record(path)  # for its error, if it is not the directory of a run
    return path, read_model(path)


def _note_newer_study(path: Path, runs: Path) -> None:
    """Print a note on stderr if a study is newer than the run that `last` names.

    `last` is the last run here, because a study has no single model. path: this run. runs: the
    parent directory.
    """
    from gdrun.runs.finding import BEST, RECORD, STUDY, run_directories

    newest = run_directories(runs, (RECORD, STUDY))[-1]
    if newest.resolve() == path.resolve():
        return
    notes = [f"the model is that of {path}, the last single run; the study {newest.name} is newer"]
    if (newest / BEST).is_file():
        best = shlex.quote(str(newest / BEST))
        notes = [f"{notes[0]}, and `gdrun train {best}` trains its best setting"]
    show_notes(notes)


def show_notes(notes: Iterable[str]) -> None:
    """Print notes on stderr, a line each."""
    from rich.text import Text

    screen = console.stderr()
    for note in notes:
        screen.print(Text(f"note: {note}"), soft_wrap=True)
