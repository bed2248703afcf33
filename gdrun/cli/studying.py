"""What `gdrun sweep` and `gdrun compare` share: options, how they run, and what they print."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.experiments import Json, Plugins, Seed, named_config, study_source
from gdrun.cli.hinted_commands import loaded_options
from gdrun.cli.missing_runs import missing_lines
from gdrun.cli.next_steps import after_study
from gdrun.cli.recorded_commands import resuming_words
from gdrun.cli.running import DIVERGED, RUNS, Out, Quiet, Watch, beside_last, progress_listeners
from gdrun.errors import GdrunError
from gdrun.runs.signals import Interruption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gdrun.config.overrides import Override
    from gdrun.study.judgement.comparison_findings import Comparison
    from gdrun.study.judgement.metrics import Metric
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.study.planned_studies import PlannedStudy
    from gdrun.study.storage.reading import ReadStudy
    from gdrun.study.storage.records import StudyRecord
    from gdrun.study.storage.study_directory import StudyDirectory
    from gdrun.study.study import StudyProgress
    from gdrun.study.study_request import Observers

AnyStudy = TypeVar("AnyStudy", bound="Sweep | Comparison", covariant=True)

ConfigOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        callback=named_config,
        help="The config file of an experiment, a data file, or - for stdin (default: the "
        "quickstart).",
        autocompletion=completion.configs,
    ),
]
MetricOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="The metric to rank by, such as accuracy, f1 or r2 (default: the validation loss).",
        autocompletion=completion.metrics,
    ),
]
TargetOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--target", metavar="METRIC=VALUE", help="The value to reach, such as loss=0.1."),
]
Jobs: TypeAlias = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", help="The number of processes.")
]
Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="STUDY",
        help="Continue a study: its directory, its id or last; run only the missing runs. Without "
        "keys or names, the recorded command is repeated.",
    ),
]


@dataclass(frozen=True)
class EndedStudy(Generic[AnyStudy]):
    """The result of a study, the study's directory, and the signal that interrupted it, if any."""

    result: AnyStudy
    directory: StudyDirectory
    interruption: Interruption


@dataclass(frozen=True)
class StudyOptions:
    """The options that `gdrun sweep` and `gdrun compare` share, with their defaults."""

    config: ConfigOption = None
    seed: Seed = None
    metric: MetricOption = None
    target: TargetOption = None
    jobs: Jobs = 1
    out: Out = RUNS
    resume: Resume = None
    plugins: Plugins = None
    quiet: Quiet = False
    watch: Watch = False
    json: Json = False

    @property
    def command(self) -> str:
        """The command line for the record of the study.

        It also names the plugins that were loaded without it, by the environment variable.
        """
        words = sys.argv[1:]
        return shlex.join(["gdrun", *words, *loaded_options(words)])

    def seed_override(self) -> list[Override]:
        """A list with the override for --seed; empty if this option was not given."""
        from gdrun.config.overrides import Override

        seed = self.seed
        return [] if seed is None else [Override("seed", seed, f"--seed {seed}")]

    def source(
        self, config: str | None, overrides: list[Override], varied: list[Override]
    ) -> str | Mapping[str, Any] | None:
        """The config from which the study starts; None for the quickstart config.

        A data file becomes the config of a first experiment on it, and so does a query in SQL among
        the overrides, if no file is given and no override chooses a model. Unless `quiet`, each
        value that gdrun assumes, such as the rate, is noted on stderr. config: the config file or
        the data file, if any. overrides: keys that the user has set for all runs. varied: the keys
        that the runs vary, as overrides whose values are not used.
        """
        source, assumed = study_source(config, overrides, varied)
        if not self.quiet:
            for line in assumed:
                faults.note(f"assumed {line}")
        return source

    def run(self, planned: PlannedStudy[AnyStudy]) -> EndedStudy[AnyStudy]:
        """Run a study, and write it to its directory, until it ends or a signal interrupts it.

        Raises GdrunError if the directory cannot be written, or `resume` contains another study.
        """
        from gdrun.config.overrides import Override

        if self.watch:
            from gdrun.cli.watching import require_terminal

            require_terminal()
        if not self.quiet:
            for key, text in planned.request.assumed.items():
                faults.note(f"assumed {key}: {text}")
            for each in planned.request.overrides:
                if isinstance(each, Override) and each.key == "metric":
                    faults.note(
                        f"{each.text} is the metric of early stopping; "
                        f"--metric {each.value} ranks the settings by it"
                    )
        directory = planned.directory()
        assert directory is not None  # --out has a default
        interruption = Interruption()
        with (
            interruption.watching(),
            self._observers(planned.metric, interruption) as observers,
        ):
            result = planned.run_in(directory, observers)
        return EndedStudy(result, directory, interruption)

    def show(
        self,
        ended: EndedStudy[AnyStudy],
        view: Callable[[AnyStudy], RenderableType],
        best: Path | None = None,
    ) -> int:
        """Print the result of a study, and return the exit code.

        view: a function that makes the view of the result. best: the file with the config of the
        best candidate; None for best.yaml in the directory of the study.
        """
        result, directory = ended.result, ended.directory
        if self.json:
            console.print_json(document(directory.record, directory.path))
        else:
            missing = missing_lines(result, directory.record, directory.path)
            advice = (
                [] if self.quiet else after_study(result, directory.record, directory.path, best)
            )
            written = [f"written to {directory.path}", *beside_last(directory.path)]
            lines = [*written, *(missing or advice)]
            warnings = data_warnings(directory.record)
            table = [view(result), *warnings, ""] if result.ended else []
            console.show(*table, *map(console.unwrapped, lines))
        if ended.interruption.signal is not None:
            return ended.interruption.exit_code
        return DIVERGED if result.diverged else 0

    @contextmanager
    def _observers(self, metric: Metric, interruption: Interruption) -> Iterator[Observers]:
        """A context with the functions that a running study calls.

        They show the progress and notes on stderr, and return the name of a signal that was
        received. metric: ranks the settings. interruption: receives the signals.
        """
        from gdrun.study.study_request import Observers

        counter = RunCounter(self.quiet, interruption)
        listeners = progress_listeners(self.quiet, counter.before)
        if not self.watch:
            yield Observers(listeners, faults.note_on_data, interruption.name, counter.report)
            return
        from gdrun.cli.watching import StudyView

        live = StudyView(metric, listeners, counter.report)
        with live.view.shown():
            yield Observers(
                live.listeners,
                faults.note_on_data,
                interruption.name,
                live.on_progress,
                live.on_growth,
            )


def study_command(command: Callable[..., int]) -> Callable[..., int]:
    """A decorator that adds the options in StudyOptions to a command.

    command: a function whose last parameter, `study`, receives the options as StudyOptions. Typer
    reads the options from the signature of the decorated function, where they follow the first
    parameter, which is the argument of the command.
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
    """The JSON document of a study: the contents of study.json, and the path of its directory."""
    return {**record, "directory": str(path)}


def data_warnings(record: StudyRecord) -> list[RenderableType]:
    """A blank line and a line for each symptom of the data of a study; nothing without any."""
    from gdrun.views.study_warnings import warning_lines

    found = record.get("data_symptoms", ())
    return warning_lines([f"{each['name']}: {each['evidence']}" for each in found])


def read_ended(path: Path) -> ReadStudy:
    """The study in a directory. Raises GdrunError if none of its trials has ended."""
    from gdrun.study.storage.reading import read_found

    study = read_found(path)
    if not study.found.ended:
        words = resuming_words(study.record.get("command") or "", path)
        hint = f"`{shlex.join(words)}` continues it" if words else None
        raise GdrunError("no trial of this study has ended", where=str(path), hint=hint)
    faults.note_plugins_of_study(study)
    return study


class RunCounter:
    """Shows on stderr how many runs have ended, unless `quiet`, or stderr is not a terminal."""

    def __init__(self, quiet: bool, interruption: Interruption) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._interruption = interruption
        self.text = ""

    def report(self, study: StudyProgress) -> None:
        """Show how many runs have ended; erase the count when the study has ended or is stopped."""
        over = study.ended == study.of or self._interruption.signal is not None
        self.text = "" if over else f"{study.ended:,} of {study.of:,} runs done"
        if self._shown:
            sys.stderr.write(f"\r{self.text}\x1b[K")
            sys.stderr.flush()

    def before(self) -> str:
        """The beginning of the line on the runs that train now: how many runs have ended.

        An example is `3 of 8 runs done; now `. Empty before the first report, and after the last
        run.
        """
        return f"{self.text}; now " if self.text else ""
