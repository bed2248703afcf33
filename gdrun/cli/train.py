"""`gdrun train`: train one experiment, once or with each of several seeds."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.experiments import (
    ConfigOrData,
    Json,
    Overrides,
    Plugins,
    Seed,
    first_experiment,
    split_words,
)
from gdrun.cli.next_steps import after_run, step_with, to_continue
from gdrun.cli.running import (
    RUNS,
    Out,
    Quiet,
    Seeds,
    Watch,
    beside_last,
    exit_code,
    progress_listeners,
)
from gdrun.errors import GdrunError, Problem
from gdrun.runs.signals import Interruption, before_training

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gdrun.engine.listeners import Listener
    from gdrun.runs.run import Run
    from gdrun.runs.session import Session


Resume: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Continue an interrupted run: its directory, its id, or `last`.",
        autocompletion=completion.run_names,
    ),
]

Extend: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--extend",
        metavar="BUDGET",
        help="With --resume: a larger budget, such as epochs=100 in all.",
    ),
]
ScheduleLength: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--schedule-length",
        metavar="keep|restart|stretch",
        help="With --extend: keep the last rate of the schedule, restart the schedule, or stretch "
        "it over the whole new budget.",
    ),
]


def train(
    config: ConfigOrData = None,
    overrides: Overrides = None,
    seed: Seed = None,
    seeds: Seeds = None,
    resume: Resume = None,
    extend: Extend = None,
    schedule_length: ScheduleLength = None,
    out: Out = RUNS,
    quiet: Quiet = False,
    watch: Watch = False,
    json: Json = False,
    plugins: Plugins = None,
) -> int:
    """Train an experiment, print why it ended, and write a run directory."""
    from gdrun.runs.session import Session

    if watch:
        from gdrun.cli.watching import require_terminal

        require_terminal()
    if resume is not None:
        if seeds is not None:
            what = "a run that continues keeps its seeds"
            raise GdrunError(what, where="--seeds", hint="leave --seeds out")
        words = (config, overrides, seed)
        return _resume(resume, words, (extend, schedule_length), out, (quiet, json, watch))
    if extend is not None:
        raise GdrunError("needs a run", where="--extend", hint="add --resume RUN")
    with before_training():
        begun = first_experiment(config, overrides, seed)
    first = begun.experiment
    if not quiet:
        for line in begun.assumed:
            faults.note(f"assumed {line}")
    count = seeds or 1
    if count > 1 and first.deterministic:
        from gdrun.config.experiment import SAME_RUN

        count = 1
        if not quiet:
            faults.note(f"trains one seed: {SAME_RUN}")
    experiments = [first.with_seed(first.seed + k) for k in range(count)]
    together = experiments[:1] if first.draws_data else experiments
    with before_training():
        session = Session(together, out=out, read=begun.table, data=begun.data, spent=begun.spent)
    shown = Shown(quiet, json, several=seeds is not None, live=watch)
    if not first.draws_data:
        return _run(session, shown)

    def command(left: int) -> list[str]:
        words = [*(overrides or ()), "--seeds", str(left)]
        return step_with("train the other seeds", "train", config, words, experiments[-left].seed)

    # Runs with different data do not train together.
    others = (Session([each], out=out) for each in experiments[1:])
    return _run(session, shown, Others(others, count - 1, command))


@dataclass(frozen=True)
class Others:
    """The runs that a command trains after its first session, each in a session of its own.

    A session trains one run, or several with the same data together. sessions: they are made one
    after the other, so that only one has its data in memory. count: the number of these runs.
    command: a function that is called after an interruption with the number of runs that are left,
    and returns the lines with the command that trains them.
    """

    sessions: Iterator[Session]
    count: int
    command: Callable[[int], list[str]]


NO_OTHERS = Others(iter(()), 0, lambda left: [])


@dataclass(frozen=True)
class Shown:
    """What a training prints: quiet and json are options of the command.

    several: whether the user gave the number of seeds, so that the JSON document is a list, and
    several seeds are shown in a table. live: whether the option --watch is given.
    """

    quiet: bool
    json: bool
    several: bool
    live: bool = False

    @contextmanager
    def listening(self) -> Iterator[list[Listener]]:
        """A context with the listeners that show the progress."""
        listeners = progress_listeners(self.quiet)
        if not self.live:
            yield listeners
            return
        from gdrun.cli.watching import TrainingView, WhenLeft

        live = TrainingView()
        with live.view.shown():
            yield [live, *(WhenLeft(live.view, listener) for listener in listeners)]

    def results(self, runs: list[Run], problems: Sequence[Problem], notes: Sequence[str]) -> None:
        """Print the runs that have ended.

        problems: the errors of writing their files. notes: lines to print last.
        """
        from gdrun.views import training as views

        if self.json:
            documents = [document(run) for run in runs]
            console.print_json({"runs": documents} if self.several else documents[0])
            return
        written = [] if problems else written_lines(runs)
        several = len(runs) > 1
        view = views.seeds_result(runs) if several else views.run_result(runs[0], brief=self.quiet)
        console.show(view, "", *written, *map(console.unwrapped, notes))


def _run(session: Session, shown: Shown, others: Others = NO_OTHERS) -> int:
    """Train the runs of a session and the others, print them, and return the exit code."""
    from gdrun.views.experiment_panel import experiment_panel

    try:
        if not (shown.quiet or shown.json):
            plain, runs = session.experiments[0].plain(), len(session.experiments) + others.count
            console.show(experiment_panel(plain, session.opening, runs), "")
        for note in session.notes:
            faults.note_on_data(note)
    except BaseException:  # a closed or full stdout, or Ctrl-C
        session.discard()
        raise
    interruption = Interruption()
    left = others.count
    with interruption.watching():
        with shown.listening() as listeners:
            ended = session.run(listeners, interruption.name)
            problems = session.problems
            while left and interruption.name() is None:
                session = next(others.sessions)
                ended += session.run(listeners, interruption.name)
                problems += session.problems
                left -= 1
        advice = next((lines for run in ended if (lines := to_continue(run))), [])
        if left:
            advice = [*advice, *others.command(left)]
        if not (advice or shown.quiet):
            advice = after_run(min(ended, key=lambda run: run.status != "diverged"))
        advice = [] if problems else advice  # the advice names files that may be missing
        shown.results(ended, problems, advice)
    if problems:
        faults.show(problems)
        return 2
    return interruption.exit_code if left else exit_code(ended, interruption)


def _resume(
    word: str,
    words: tuple[str | None, list[str] | None, int | None],
    extend: tuple[str | None, str | None],
    out: Path,
    printing: tuple[bool, bool, bool],
) -> int:
    """Continue the run that `word` names, in a directory of `out`, and return the exit code.

    words: config, overrides and seed, which must be those of the run if they are given. extend: the
    options --extend and --schedule-length. printing: the options --quiet, --json and --watch.
    """
    from gdrun.runs.extending import Extension
    from gdrun.runs.finding import RECORD, STUDY, find_run
    from gdrun.runs.resuming import check_config, ended_runs
    from gdrun.runs.session import Session
    from gdrun.study.default_batches import fitted

    directory = find_run(word, out, (RECORD,) if word == "last" else (RECORD, STUDY))
    if (directory / STUDY).is_file():
        _refuse_study(directory)
    source, changes = split_words(*words)
    if source is not None or changes:
        check_config(directory, fitted(source or directory / "config.yaml", changes).experiment)
    budget, length = extend
    runs = ended_runs(directory) if budget is None else None
    if runs is not None:
        faults.note(f"{directory} has ended already, so nothing was trained")
        quiet, json, _ = printing
        Shown(quiet, json, several=len(runs) > 1).results(runs, (), ())
        return exit_code(runs, Interruption())
    extension = None if budget is None else Extension(budget, length)
    session = Session.resumed(directory, extension=extension)
    quiet, json, live = printing
    return _run(session, Shown(quiet, json, several=len(session.experiments) > 1, live=live))


def _refuse_study(directory: Path) -> None:
    """Raise GdrunError with the command that continues the study."""
    from gdrun.cli.recorded_commands import resuming_words
    from gdrun.study.storage.study_directory import read_study

    words = resuming_words(read_study(directory).get("command") or "", directory)
    hint = f"`{shlex.join(words)}` continues it" if words else None
    raise GdrunError(
        "is a study; the command that started it continues it", where=str(directory), hint=hint
    )


def document(run: Run) -> dict[str, object]:
    """The JSON document of a run: the contents of run.json, and the path of its directory."""
    return run.record | {"directory": str(run.directory) if run.directory else None}


def written_lines(runs: list[Run]) -> list[RenderableType]:
    """A line with the directory of each run that was written."""
    from gdrun.views.training import path_line

    written = [run.directory for run in runs if run.directory]
    lines: list[RenderableType] = [path_line("written to", each) for each in written]
    return [*lines, *(beside_last(written[-1]) if written else ())]
