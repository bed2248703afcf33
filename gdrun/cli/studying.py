"""What sweep and compare share: their options, where they run, and where they are written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import console
from gdrun.cli.experiments import STDIN
from gdrun.cli.running import DIVERGED, Interruption, live_line

if TYPE_CHECKING:
    from rich.text import Text

    from gdrun.data import Prepared
    from gdrun.spec.experiment import Experiment
    from gdrun.study.directory import StudyDirectory
    from gdrun.study.plan import Plan
    from gdrun.study.study import Means

ConfigOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        callback=lambda word: STDIN if word == "-" else word,
        help="A file that describes an experiment, or - for stdin; without one, the quickstart.",
    ),
]
MetricOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--metric", metavar="NAME", help="What is judged; the validation loss if unsaid."),
]
TargetOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--target", metavar="METRIC=VALUE", help="What to reach, such as loss=0.1."),
]
Jobs: TypeAlias = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Run in N processes.")
]
Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option("--resume", metavar="DIR", help="Go on with a study; run only what is missing."),
]


def means_of(
    jobs: int, quiet: bool, directory: StudyDirectory, interruption: Interruption
) -> Means:
    """How a study is carried out: here with a line that is alive, or in so many processes."""
    from gdrun.study.executors import InProcess, InProcesses, Runner
    from gdrun.study.study import Means

    runner: Runner = InProcess(live_line(quiet))
    if jobs > 1:
        runner = InProcesses(jobs, lambda text: _note(f"note: {text}"))
    told = _count_line(quiet, interruption)
    return Means(runner, jobs, directory, interrupted=interruption.name, told=told)


def study_directory(
    plan: Plan,
    name: str,
    base: Experiment,
    data: Prepared,
    out: Path,
    resume: Path | None,
) -> StudyDirectory:
    """A new directory for this study, or the one that it goes on in.

    Raises DataError where a candidate does not fit the data, before anything is written.
    """
    from gdrun.study.directory import StudyDirectory
    from gdrun.study.tasks import check_fit

    check_fit(candidate.experiment for candidate in plan.candidates)
    about = {
        "command": " ".join(["gdrun", *sys.argv[1:]]),
        "base": base.plain(),
        "data": {"name": data.name, "sha256": data.sha256},
    }
    if resume is not None:
        return StudyDirectory.resumed(resume, plan, about)
    return StudyDirectory.new(out, f"{name}-{base.name}", plan, about)


def exit_code(all_diverged: bool, interruption: Interruption) -> int:
    """0, 3 where every run diverged, or what the shell expects after a signal."""
    if interruption.signal is not None:
        return interruption.exit_code
    return DIVERGED if all_diverged else 0


def document(directory: StudyDirectory) -> dict[str, object]:
    """A study as one JSON document: its record, and where it is."""
    return directory.record | {"directory": str(directory.path)}


def closing(plan: Plan, ended: int, directory: StudyDirectory, *advice: str) -> list[Text]:
    """The last lines: what is missing or what to do next, and where the study is. None is broken,
    so that each can be copied.
    """
    from rich.text import Text

    left = len(plan.trials) - ended
    if left:
        resumed = f"the same command with --resume {shlex.quote(str(directory.path))} goes on"
        advice = (f"{left} of {len(plan.trials)} runs are missing: {resumed}",)
    return [Text(line, no_wrap=True) for line in (*advice, f"written to {directory.path}")]


def _note(text: str) -> None:
    console.stderr().print(text, soft_wrap=True)


def _count_line(quiet: bool, interruption: Interruption) -> Callable[[int, int], None]:
    """What tells on stderr how many runs have ended; nothing where nobody looks at it."""
    if quiet or not sys.stderr.isatty():
        return lambda ended, of: None

    def tell(ended: int, of: int) -> None:
        over = ended == of or interruption.signal is not None
        sys.stderr.write("\r\x1b[K" if over else f"\r{ended:,} of {of:,} runs\x1b[K")
        sys.stderr.flush()

    return tell
