"""`gdrun help`: the help of gdrun or of one command, as --help prints it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gdrun.cli.completion import command_names
from gdrun.errors import GdrunError

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COMMAND",
        help="A command, such as `train` or `config new` (default: all commands).",
        autocompletion=command_names,
    ),
]


def show_help(context: typer.Context, words: Words = None) -> None:
    """Show the help of a command, or list all commands."""
    page: Any = context.find_root()
    for word in words or ():
        if not hasattr(page.command, "commands"):
            hint = f"`gdrun help {page.info_name}` shows its arguments and options"
            raise GdrunError(f"{page.command_path} has no command {word!r}", hint=hint)
        command = page.command.get_command(page, word)
        page = command.context_class(command, info_name=word, parent=page)
    typer.echo(page.get_help())
