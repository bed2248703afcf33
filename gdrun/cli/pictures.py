"""Write a picture to a file: check its suffix, protect an existing file, note missing glyphs.

A hint names the other picture of a study on a surface.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gdrun.cli import console
from gdrun.cli.next_steps import step
from gdrun.cli.running import RUNS
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.views.pictures.kinds import Subject


def suffix_of(output: Path, known: tuple[str, ...]) -> str:
    """The suffix of the file in lower case. Raises GdrunError if it is not in `known`."""
    suffix = output.suffix.lower()
    if suffix not in known:
        what = f"{suffix} is not a known format here" if suffix else "the file needs a suffix"
        other = output.with_suffix(".png") if output.name else "picture.png"
        hint = f"use one of {', '.join(known)}, such as -o {other}"
        raise GdrunError(what, where=str(output), hint=hint)
    return suffix


def check_new(output: Path, force: bool) -> None:
    """Raise GdrunError if the file exists and must not be replaced."""
    if output.exists() and not force:
        hint = "add --force to replace it, or name another"
        raise GdrunError("exists already", where=str(output), hint=hint)


def write(output: Path, draw: Callable[[BinaryIO], object], force: bool) -> None:
    """Write a picture atomically, and print its path.

    draw: a function that writes the picture to an open file. force: whether to replace a file.
    Raises GdrunError if the file exists and `force` is false, or if it cannot be written.
    """
    from gdrun.runs.files import write_atomically
    from gdrun.views.pictures.style import missing_signs, style
    from gdrun.views.training import path_line

    check_new(output, force)
    try:
        with style(), missing_signs() as missing:
            write_atomically(output, draw)
    except OSError as error:
        raise GdrunError(
            f"cannot be written: {error.strerror or error}",
            where=str(output),
            hint="choose another path with -o",
        ) from None
    console.show(path_line("written to", output))
    if missing and output.suffix.lower() != ".svg":
        # Text in SVG stays text, and the fonts of the viewer show it.
        words = " ".join(missing)
        note = (
            f"note: no installed font has {words}; -o {output.with_suffix('.svg')} keeps the text"
        )
        console.stderr().print(note)


def walks_too(words: list[str], subject: Subject, output: Path, parent: Path) -> list[str]:
    """The lines of a hint that draws the walks of a study on a surface; empty for other subjects.

    The usual picture of a study shows its results; that of runs on a surface is the walk itself.
    words: the words after `gdrun plot` that name the study. output: the file of the usual picture.
    parent: the directory of the runs, the value of --runs.
    """
    from gdrun.views.walks import are_on_surfaces, walks

    animated = output.suffix.lower() == ".gif"
    if isinstance(subject, list) or animated or not are_on_surfaces(subject):
        return []
    try:
        walks(subject)
    except GdrunError:  # for example, the surfaces differ
        return []
    walk = output.with_name(f"{output.stem}-walk{output.suffix}")
    place = [] if parent == RUNS else ["--runs", str(parent)]
    given = ["--kind", "walk", *place, "-o", str(walk)]
    return step("draw the walks on the surface", "plot", *words, *given)
