"""All commands, each with the panel of the help in which it is listed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from typing import Annotated, Any

import typer

from gdrun.cli.claims import claims
from gdrun.cli.compare import compare
from gdrun.cli.config import config
from gdrun.cli.continuing import StudyCommand
from gdrun.cli.diagnose import diagnose
from gdrun.cli.evaluate import evaluate
from gdrun.cli.export import export
from gdrun.cli.faults import usage_problem
from gdrun.cli.gradcheck import gradcheck
from gdrun.cli.groups import Command, Commands
from gdrun.cli.help import show_help
from gdrun.cli.inspect import inspect
from gdrun.cli.list import list_names
from gdrun.cli.plot import plot
from gdrun.cli.predict import predict
from gdrun.cli.report import report
from gdrun.cli.runs import runs
from gdrun.cli.show import show
from gdrun.cli.sweep import sweep
from gdrun.cli.theory import theory
from gdrun.cli.train import train
from gdrun.errors import GdrunError

PROGRAM = "gdrun"


def _version(given: bool) -> None:
    """If --version is given, print the versions, and end the program by raising typer.Exit."""
    if given:
        from importlib.metadata import version

        from gdrun.engine.compiled import compiler_version
        from gdrun.engine.contract import CompilerError

        typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        try:
            typer.echo(f"C compiler: {compiler_version()}")
        except CompilerError as error:
            typer.echo(f"no C compiler: {error.with_remedy}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def gdrun(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_version,
            is_eager=True,
            help="Print the versions of gdrun and of its C compiler.",
        ),
    ] = False,
) -> None:
    """Run, watch and understand gradient descent."""


# The help shows the panels in the order of their first command.
RUN = "Run experiments"
SEE = "See and share results"
USE = "Your data, and trained models"
UNDERSTAND = "Understand"
LOOK = "Look things up"

app.command("train", cls=Command, rich_help_panel=RUN)(train)
app.command("sweep", cls=StudyCommand, rich_help_panel=RUN)(sweep)
app.command("compare", cls=StudyCommand, rich_help_panel=RUN)(compare)
app.command("show", cls=Command, rich_help_panel=SEE)(show)
app.command("runs", cls=Command, rich_help_panel=SEE)(runs)
app.command("plot", cls=Command, rich_help_panel=SEE)(plot)
app.command("report", cls=Command, rich_help_panel=SEE)(report)
app.command("export", cls=Command, rich_help_panel=SEE)(export)
app.command("inspect", cls=Command, rich_help_panel=USE)(inspect)
app.command("predict", cls=Command, rich_help_panel=USE)(predict)
app.command("evaluate", cls=Command, rich_help_panel=USE)(evaluate)
app.command("theory", cls=Command, rich_help_panel=UNDERSTAND)(theory)
app.command("diagnose", cls=Command, rich_help_panel=UNDERSTAND)(diagnose)
app.command("gradcheck", cls=Command, rich_help_panel=UNDERSTAND)(gradcheck)
app.command("claims", cls=Command, rich_help_panel=UNDERSTAND)(claims)
app.command("list", cls=Command, rich_help_panel=LOOK)(list_names)
app.add_typer(config, name="config", rich_help_panel=LOOK)
app.command("help", cls=Command, rich_help_panel=LOOK)(show_help)


def _with_only(name: str) -> typer.Typer:
    """The app with only the command of this name, if there is one and it needs no others.

    To read the parameters of all commands takes as long as to read a small file of data.
    """
    chosen = [each for each in app.registered_commands if each.name == name != "help"]
    if not chosen:
        return app
    small = copy(app)
    small.registered_commands, small.registered_groups = chosen, []
    return small


def command_line(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    arguments: the words after `gdrun`. Raises GdrunError if the arguments are wrong,
    KeyboardInterrupt if the user aborted the command, and the errors of the command.
    """
    if f"_{PROGRAM.upper()}_COMPLETE" in os.environ:
        app(prog_name=PROGRAM)  # a shell asks for completions; this call prints them and exits
    command: Any = typer.main.get_command(_with_only(arguments[0] if arguments else ""))
    try:
        with command.make_context(PROGRAM, list(arguments)) as context:
            result = command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        # The hint may name another command that has the option.
        whole: Any = typer.main.get_command(app)
        command.commands = whole.commands
        raise GdrunError([usage_problem(error, arguments)]) from None
    return result if isinstance(result, int) else 0
