"""`gdrun plot`: curves of runs and studies in the terminal, pictures, and the planned schedule."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.charts import chart_data, charts_of, check_axes, show_charts
from gdrun.cli.experiments import Json, Plugins, Seed
from gdrun.cli.models import Runs
from gdrun.cli.new_files import Force
from gdrun.cli.next_steps import shown, step
from gdrun.cli.pictures import check_new, suffix_of, walks_too, write
from gdrun.cli.plotted_schedule import after_schedules, plot_schedule
from gdrun.cli.running import RUNS
from gdrun.cli.studying import read_ended
from gdrun.errors import GdrunError, suggestion

if TYPE_CHECKING:
    from gdrun.runs.run import Run
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.views.pictures.kinds import Shown, Subject

# gdrun.views.pictures.kinds has the same names; a test compares them. It is imported only to draw.
KIND_NAMES = (
    *("curves", "walk", "regions", "confusion", "reliability", "residuals", "layers"),
    *(
        "diagnosis",
        "landscape",
        "bounds",
        "curvature",
        "noise",
        "sensitivity",
        "heat",
        "scatter",
        "comparison",
    ),
)

CHARTS, MAPS = ("curves", "sensitivity", "comparison"), ("walk", "heat")
"""The kinds that a terminal can draw: as curves, and as signs on a grid."""

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help="Runs, or one study: directories, ids, or `last` (the default). "
        "With --schedule: a config and KEY=VALUE.",
        autocompletion=completion.run_names,
    ),
]
Schedule = Annotated[
    bool, typer.Option("--schedule", help="Draw the learning rate of a config without training.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write a picture: .png, .svg or .pdf, or .gif for an animated walk.",
    ),
]
KindName = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help=f"The kind of picture (default: what suits the run): {', '.join(KIND_NAMES)}.",
        autocompletion=lambda: list(KIND_NAMES),
    ),
]
Across = Annotated[
    str | None,
    typer.Option(
        "--x",
        metavar="UNIT",
        help="The x axis of curves and comparisons: epoch, step, gradients or seconds.",
    ),
]
Quantity = Annotated[
    str | None,
    typer.Option(
        "--y",
        metavar="QUANTITY",
        help="What curves show (default: loss, grad_norm and lr): a recorded quantity such as "
        "accuracy or update_norm; of runs also suboptimality, the objective minus its minimum.",
    ),
]

Scale = Annotated[
    Literal["log", "linear"] | None,
    typer.Option(
        "--scale", help="The scale of the y axis of curves (default: what suits the values)."
    ),
]

LOGGED = ("curves", "comparison")
"""The kinds of pictures whose y axis has the option --scale."""


def plot(
    words: Words = None,
    schedule: Schedule = False,
    output: Output = None,
    kind: KindName = None,
    x: Across = None,
    y: Quantity = None,
    scale: Scale = None,
    force: Force = False,
    runs: Runs = RUNS,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Draw curves of runs or of a study in the terminal, or write a picture."""
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.views.curves import X_AXES
    from gdrun.views.pictures.kinds import Shown

    if x is not None and x not in X_AXES:
        raise GdrunError(f"there is no x axis {x!r}", where="--x", hint=suggestion(x, X_AXES))
    if kind is not None and schedule:
        raise GdrunError("does not apply to --schedule", where="--kind", hint="leave it out")
    if schedule and y is not None:
        raise GdrunError("does not apply to --schedule", where="--y", hint="leave it out")
    if schedule and scale is not None:
        raise GdrunError("does not apply to --schedule", where="--scale", hint="leave it out")
    if schedule:
        plot_schedule(words, seed, output, force, json)
        if output is None and not json:
            console.show(*shown(after_schedules(words or [], seed)))
        return
    if seed is not None:
        raise GdrunError("applies only to --schedule", where="--seed", hint="leave it out")
    subject = _subject(words or ["last"], runs, kind)
    if isinstance(subject, list):
        faults.note_changed_plugins(subject)
    axes = Shown(x, y, scale)
    if kind is not None:
        _check_kind(kind, subject)
    if kind is not None or not isinstance(subject, list):
        check_axes(subject, kind, axes)
    if output is None:
        _check_terminal(kind, subject, axes)
    else:
        _write_kind(subject, kind, axes, output, force)
        if kind is None:
            console.show(*shown(walks_too(words or ["last"], subject, output, runs)))
        return
    if json:
        console.print_json([chart_data(chart) for chart in charts_of(subject, kind, axes)])
        return
    mapped = kind not in CHARTS and axes.y is None and _show_map(subject, kind)
    charted = kind not in MAPS and not (mapped and isinstance(subject, Sweep))
    if charted:
        if mapped:
            console.show("")
        show_charts(charts_of(subject, kind, axes))
    if kind is not None or not (mapped and charted):
        kinds = [kind]
    elif _usual_kind(subject, axes) == "walk":
        kinds = ["walk", "curves"]
    else:
        kinds = ["walk", None]
    console.show(*shown(_pictures(words or ["last"], kinds, axes, runs)))


def _usual_kind(subject: Subject, axes: Shown) -> str:
    """The kind of picture if no other is named: curves if an axis of runs is named."""
    from gdrun.views.pictures.kinds import usual_kind

    is_named = isinstance(subject, list) and bool(axes.x or axes.y)
    return "curves" if is_named else usual_kind(subject)


def _pictures(words: list[str], kinds: list[str | None], axes: Shown, parent: Path) -> list[str]:
    """The lines of hints that write what the terminal has shown as pictures.

    words: the runs or the study. kinds: those that were shown; None for the usual one, which needs
    no option. axes: the options of the command. parent: the directory of the runs.
    """
    from gdrun.views.pictures.kinds import Shown

    lines: list[str] = []
    for kind in kinds:
        own = Shown() if kind in MAPS else axes
        options = {"--kind": kind, "--x": own.x, "--y": own.y, "--scale": own.scale}
        options |= {"-o": f"{kind or 'plot'}.png"}
        options |= {"--runs": None if parent == RUNS else str(parent)}
        given = [word for name, value in options.items() if value for word in (name, value)]
        what = "it" if len(kinds) == 1 else "the walk" if kind in MAPS else "the curves"
        lines += step(f"write {what} as a picture", "plot", *words, *given)
    return lines


def _subject(words: list[str], parent: Path, kind: str | None) -> Subject:
    """The runs that the words name, or the findings of the study. parent: their directory.

    kind: the kind of picture, which --kind names. Raises GdrunError if a word names no run or
    study, if a study is not the only word, or if no picture can show a sweep.
    """
    from gdrun.runs.finding import RECORD, STUDY, find_run
    from gdrun.runs.run import read_run
    from gdrun.study.judgement.sweep_findings import Sweep

    paths = []
    for word in words:
        if "=" in word or Path(word).suffix in (".yaml", ".yml", ".json"):
            hint = "add --schedule to draw the schedule of a config"
            raise GdrunError("is not a run", where=word, hint=hint)
        paths.append(find_run(word, parent, (RECORD, STUDY), parameter="runs"))
    studies = [path for path in paths if (path / STUDY).is_file()]
    if studies and len(paths) > 1:
        hint = "plot the study alone, or name only runs"
        raise GdrunError("is a study, which must be drawn alone", where=str(studies[0]), hint=hint)
    if studies:
        found = read_ended(studies[0]).found
        if isinstance(found, Sweep) and kind not in ("walk", "curves"):
            _require_picture(found, studies[0], kind)
        return found
    return [read_run(path) for path in dict.fromkeys(paths)]


def _require_picture(found: Sweep, path: Path, kind: str | None) -> None:
    """Raise GdrunError if no picture of this kind shows the sweep in the directory `path`."""
    from gdrun.views.study_figures import why_no_picture

    if kind == "heat" and len(found.axes) == 2:
        return
    if (reason := why_no_picture(found, kind)) is not None:
        report = f"`gdrun report {shlex.quote(str(path))}`"
        hint = f"{report} shows all keys, with parallel coordinates"
        raise GdrunError(reason, where=str(path), hint=hint)


def _check_terminal(kind: str | None, subject: Subject, axes: Shown) -> None:
    """Raise GdrunError if the terminal cannot draw the kind of picture; None is the usual kind."""
    name = kind or _usual_kind(subject, axes)
    if name not in (*CHARTS, *MAPS):
        what = f"the terminal cannot draw {name}"
        where = None if kind is None else "--kind"
        raise GdrunError(what, where=where, hint=f"add -o {name}.png")


def _check_kind(kind: str, subject: Subject) -> None:
    """Raise GdrunError if there is no such kind, or it cannot be drawn from the subject."""
    from gdrun.views.pictures.kinds import kind_for
    from gdrun.views.run_charts import quantities

    if kind not in KIND_NAMES and isinstance(subject, list) and kind in quantities(subject):
        hint = f"--y {kind} draws it"
        raise GdrunError(f"{kind} is a recorded quantity, not a kind", where="--kind", hint=hint)
    kind_for(kind, subject)


def _show_map(subject: Subject, kind: str | None) -> bool:
    """Show the map of a sweep over two keys, or the walks on a surface.

    kind: that of the command; a kind that the subject does not have is an error. Returns whether
    there was something to show.
    """
    from rich.text import Text

    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.views.study_figures import sweep_grid
    from gdrun.views.terminal_map import HeatView, WalkView
    from gdrun.views.walks import are_on_surfaces, walks

    if isinstance(subject, Sweep) and kind != "walk":
        if len(subject.axes) != 2 and kind is None:
            return False
        table = sweep_grid(subject)
        console.show(Text(table.title, style="bold"), "", HeatView(table))
        return True
    if kind is None and not are_on_surfaces(subject):
        return False
    found = walks(subject)
    words = "the walk on" if len(found.paths) == 1 else "the walks on"
    console.show(Text(f"{words} {found.title}", style="bold"), "", WalkView(found))
    return True


def _write_kind(
    subject: Subject,
    name: str | None,
    axes: Shown,
    output: Path,
    force: bool,
) -> None:
    """Write a picture of the subject.

    name: the kind; None for the usual one, which is curves if an axis of runs is named, and for
    .gif the walk if there is one. axes: the options of the command. Raises GdrunError if one of the
    options does not apply to the kind, or the file cannot be written.
    """
    from gdrun.views.pictures.kinds import kind_for, suffixes_of
    from gdrun.views.pictures.style import write_picture
    from gdrun.views.walks import are_on_surfaces

    animated = output.suffix.lower() == ".gif"
    if name is None:
        name = "walk" if animated and are_on_surfaces(subject) else _usual_kind(subject, axes)
    kind, given = kind_for(name, subject)
    check_axes(subject, kind.name, axes)
    if axes.scale is not None and kind.name not in LOGGED:
        what = f"applies to {' and '.join(LOGGED)}, not to {kind.name}"
        raise GdrunError(what, where="--scale", hint="leave it out")
    if animated and kind.animate is None:
        raise GdrunError(
            f"there is no animation of {kind.name}",
            where=str(output),
            hint="only a walk on a surface is animated, with --kind walk"
            if are_on_surfaces(subject)
            else f"use one of {', '.join(suffixes_of(kind))}: only walks on surfaces are animated",
        )
    suffix = suffix_of(output, suffixes_of(kind))
    check_new(output, force)
    if kind.trains:
        _announce_training(given)
    animate = kind.animate
    if suffix == ".gif" and animate is not None:
        write(output, lambda file: animate(given, file), force)
        return
    write(output, lambda file: write_picture(kind.draw(given, axes), file, suffix), force)


def _announce_training(run: Run) -> None:
    """Print on stderr that the run is trained again, and how long the first training took."""
    from gdrun.views.numbers import duration

    seconds = run.summary.get("seconds")
    took = "" if seconds is None else f"; the first training took {duration(seconds)}"
    console.stderr().print(
        f"training the run again in memory to get its weights at each step{took}"
    )
