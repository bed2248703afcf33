"""What sweep and compare share: their options, where they run, and where they are written."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

import typer

from gdrun.cli import console
from gdrun.cli.experiments import STDIN, Json, Plugins, Seed
from gdrun.cli.running import DIVERGED, RUNS, Interruption, Out, Quiet, live_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from gdrun.config.overrides import Override
    from gdrun.study.judgement.comparison import Comparison
    from gdrun.study.judgement.sweep import Sweep
    from gdrun.study.planned_studies import PlannedStudy
    from gdrun.study.storage.records import StudyRecord
    from gdrun.study.storage.study_directory import StudyDirectory
    from gdrun.study.study_request import Observers

AnyStudy = TypeVar("AnyStudy", bound="Sweep | Comparison", covariant=True)

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
    int, typer.Option("--jobs", "-j", metavar="N", help="Run in N processes.")
]
Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option("--resume", metavar="DIR", help="Go on with a study; run only what is missing."),
]


@dataclass(frozen=True)
class EndedStudy(Generic[AnyStudy]):
    """What a study found, where it is written, and the signal that ended it, if one did."""

    found: AnyStudy
    directory: StudyDirectory
    interruption: Interruption


@dataclass(frozen=True)
class StudyOptions:
    """The options that sweep and compare share, each with its default."""

    config: ConfigOption = None
    seed: Seed = None
    metric: MetricOption = None
    target: TargetOption = None
    jobs: Jobs = 1
    out: Out = RUNS
    resume: Resume = None
    plugins: Plugins = None
    quiet: Quiet = False
    json: Json = False

    @property
    def command(self) -> str:
        """The command line, as a study's record says what it was begun by."""
        return shlex.join(["gdrun", *sys.argv[1:]])

    def seed_override(self) -> list[Override]:
        """What sets the seed, where --seed is given."""
        from gdrun.config.overrides import Override

        seed = self.seed
        return [] if seed is None else [Override("seed", seed, f"--seed {seed}")]

    def run(self, planned: PlannedStudy[AnyStudy]) -> EndedStudy[AnyStudy]:
        """Run a study in a directory of its own, to its end or until a signal."""
        directory = planned.directory()
        assert directory is not None  # --out has a default
        interruption = Interruption()
        with interruption.watching():
            found = planned.run_in(directory, self._observers(interruption))
        return EndedStudy(found, directory, interruption)

    def show(
        self,
        ended: EndedStudy[AnyStudy],
        view: Callable[[AnyStudy], RenderableType],
        advice: Sequence[str] = (),
    ) -> int:
        """Print what a study found; the exit code. advice: lines for one that is complete."""
        found, directory = ended.found, ended.directory
        if self.json:
            console.print_json(document(directory.record, directory.path))
        else:
            missing = missing_lines(found, directory.path)
            lines = [*(missing or advice), f"written to {directory.path}"]
            table = [view(found), ""] if found.ended else []
            console.show(*table, *map(whole_line, lines))
        if ended.interruption.signal is not None:
            return ended.interruption.exit_code
        return DIVERGED if found.diverged else 0

    def _observers(self, interruption: Interruption) -> Observers:
        """A line on stderr that shows how far it is, notes, and the signals that end it."""
        from gdrun.study.study_request import Observers

        return Observers(
            live_line(self.quiet),
            lambda text: _note(f"note: {text}"),
            interruption.name,
            _count_line(self.quiet, interruption),
        )


def study_command(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose last parameter, `study`, is made of the shared options.

    On the command line these stand after its first parameter, which is the argument.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
    shared = list(inspect.signature(StudyOptions, eval_str=True).parameters.values())

    @wraps(command)
    def called(**given: Any) -> int:
        options = {parameter.name: given.pop(parameter.name) for parameter in shared}
        return command(**given, study=StudyOptions(**options))

    parameters = [own[0], *shared, *own[1:]]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def document(record: StudyRecord, path: Path) -> dict[str, object]:
    """A study as one JSON document: its record, and where it is."""
    return {**record, "directory": str(path)}


def missing_lines(found: Sweep | Comparison, path: Path) -> list[str]:
    """How to go on with a study of which runs are missing."""
    left, of = len(found.plan.trials) - found.ended, len(found.plan.trials)
    resumed = f"the same command with --resume {shlex.quote(str(path))} goes on"
    return [f"{left} of {of} runs are missing: {resumed}"] if left else []


def whole_line(text: str) -> Text:
    """A line that is not broken, so that it can be copied."""
    from rich.text import Text

    return Text(text, no_wrap=True)


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
