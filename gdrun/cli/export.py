"""`gdrun export`: write runs or a study as files of other tools."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli import completion, console
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.models import Runs
from gdrun.cli.next_steps import shown, step
from gdrun.cli.running import RUNS
from gdrun.errors import GdrunError, suggestion

if TYPE_CHECKING:
    from gdrun.views.export import Subject

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN... DEST",
        help="Runs, or one sweep or comparison (a directory, an id or a part of it, or `last`), "
        "and after them the destination.",
        autocompletion=completion.run_names,
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORMAT",
        help="csv, parquet, tensorboard, mlflow or wandb; markdown or latex for the ranking of a "
        "study.",
    ),
]


_FILE_ENDING = re.compile(r"[^/.]\.[A-Za-z]\w{1,7}$")
"""The ending of the name of a file, such as .xlsx; a directory such as v1.2 has none."""

_LOCAL_STORE = "MLFLOW_ALLOW_FILE_STORE=true"
"""MLflow reads a store in a directory only with this consent."""


def export(
    words: Words = None,
    to: To = "csv",
    runs: Runs = RUNS,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Write runs or a study for another tool: tables, TensorBoard, MLflow, W&B, LaTeX."""
    from gdrun.views.export import FORMATS

    if to not in FORMATS:
        raise GdrunError(f"there is no format {to!r}", where="--to", hint=suggestion(to, FORMATS))
    if words is None or len(words) < 2:
        run = shlex.quote((words or ["last"])[0])
        hint = f"write for example `gdrun export {run} --to {to} {_example(to)}`"
        raise GdrunError("the destination is missing", where="gdrun export", hint=hint)
    *which, destination = words
    chosen = FORMATS[to]
    if chosen.into != "store" and Path(destination).exists():
        hint = f"choose another {chosen.into}"
        raise GdrunError("exists already", where=destination, hint=hint)
    if chosen.into == "directory" and _FILE_ENDING.search(destination):
        formats = {"parquet": "parquet", "md": "markdown", "tex": "latex"}
        meant = formats.get(destination.rpartition(".")[2].lower(), to)
        hint = f"choose the name of a directory, such as {_example(meant)}"
        hint += f"; --to {meant} writes this format" if meant != to else ""
        what = f"{to} writes a directory, and this is the name of a file"
        raise GdrunError(what, where=destination, hint=hint)
    subject = _subject(which, runs)
    try:
        chosen.write(subject, destination)
    except OSError as error:
        hint = "check the permissions and the space of the destination"
        what = f"cannot be written: {error.strerror or error}"
        raise GdrunError(what, where=destination, hint=hint) from None
    if json:
        console.print_json({"to": to, "destination": destination, "runs": len(subject.records)})
    else:
        wrote = console.unwrapped(f"wrote {chosen.holds} to {destination}")
        page = step("write a page for a browser", "report", *which, *_runs_option(runs))
        console.show(wrote, *shown(_in_its_tool(to, destination) or page))


def _in_its_tool(to: str, destination: str) -> list[str]:
    """The lines on how to see or send the written files with the tool of their format.

    to: the format. Empty for a format without a tool of its own, such as csv. If the server of the
    tool is not installed, one of the lines installs it.
    """
    place = shlex.quote(destination)
    if to == "wandb":
        return ["to send them:", f"  wandb sync {place}/wandb/offline-run-*"]
    if to == "tensorboard":
        return ["to see them:", *_installed("tensorboard", to), f"  tensorboard --logdir {place}"]
    if to == "mlflow" and re.match("https?:", destination):
        return [f"to see them, open {destination} in a browser"]
    if to == "mlflow":
        consent = "" if "://" in destination else f"{_LOCAL_STORE} "
        ui = f"  {consent}mlflow ui --backend-store-uri {place}"
        return ["to see them:", *_installed("flask", to), ui]
    return []


def _installed(module: str, package: str) -> list[str]:
    """A list with the command that installs a package; empty if its module can be imported."""
    return [] if find_spec(module) else [f"  python -m pip install {package}"]


def _runs_option(runs: Path) -> list[str]:
    return [] if runs == RUNS else ["--runs", str(runs)]


def _example(to: str) -> str:
    return {"markdown": "table.md", "latex": "table.tex", "mlflow": "mlruns"}.get(to, f"{to}-files")


def _subject(which: list[str], runs: Path) -> Subject:
    from gdrun.runs.finding import RECORD, STUDY, find_run
    from gdrun.runs.run import read_run
    from gdrun.study.storage.reading import read_found
    from gdrun.views.export import Subject
    from gdrun.views.recorded import recorded_runs, recorded_trials

    paths = [find_run(word, runs, (RECORD, STUDY), "runs") for word in which]
    studies = [path for path in paths if (path / STUDY).is_file()]
    if studies and len(paths) > 1:
        hint = f"`gdrun export {shlex.quote(str(studies[0]))} DEST` exports one study"
        raise GdrunError(
            "is a study, which must be exported alone", where=str(studies[0]), hint=hint
        )
    if studies:
        found = read_found(studies[0]).found
        return Subject(studies[0].resolve().name, recorded_trials(found), found)
    found_runs = [read_run(path) for path in dict.fromkeys(paths)]
    name = found_runs[0].id if len(found_runs) == 1 else str(found_runs[0].config["name"])
    return Subject(name, recorded_runs(found_runs))
