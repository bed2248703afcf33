"""Groups of commands: the layout of their help, and the error for an unknown command."""

from __future__ import annotations

import re
import shlex
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from gdrun.cli.named_files import is_file, names_table
from gdrun.errors import GdrunError, suggestion

EXAMPLES = {
    "gdrun train": "train the quickstart on real data, in under a second",
    "gdrun sweep lr": "see which learning rates work and which diverge",
    "gdrun compare bgd sgd mbgd": "compare batch, stochastic and mini-batch descent",
    "gdrun train houses.csv": "train on a data file of your own, to predict its last column",
}
"""First commands to try, and what each does."""

LONG = 6
"""The least number of letters of a word that tells one of the EXAMPLES from the others."""


class Command(TyperCommand):
    """A command whose help shows the names of its arguments without their Python types.

    If its words name a table, DuckDB starts at once, beside the imports of the command.
    """

    def invoke(self, ctx: Any) -> Any:
        listed = (each if isinstance(each, list) else [each] for each in ctx.params.values())
        if any(names_table(word) for words in listed for word in words if isinstance(word, str)):
            from gdrun.data.duckdb_connection import connect_ahead

            connect_ahead()
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the usage line, with NAME where the parser writes {NAME} for an argument."""
        pieces = super().collect_usage_pieces(ctx)
        return [re.sub(r"^\{(.+)\}(\.\.\.)?$", r"\1", piece) for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            name, text = parameter.get_help_record(ctx) or ("", "")
            if parameter.param_type_name == "argument":
                sections["Arguments"].append((name.partition(" <")[0], text))
            elif name:
                sections["Options"].append((name, text))
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Commands(TyperGroup):
    """A group of commands. Its help has panels, and the error for an unknown command suggests
    similar names.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is None and not cmd_name.startswith("-") and not ctx.resilient_parsing:
            hint = self._option_hint(cmd_name) or suggestion(cmd_name, self.commands)
            if ctx.parent is None:
                hint = _example_hint(cmd_name) or hint
            if ctx.parent is None and is_file(cmd_name):
                hint = f"`gdrun train {shlex.quote(cmd_name)}` trains on it"
            raise GdrunError(f"{ctx.command_path} has no command {cmd_name!r}", hint=hint)
        return command

    def _option_hint(self, word: str) -> str:
        """The hint that a word is an option of commands; empty if it is not one."""
        owners = [
            name
            for name, command in self.commands.items()
            if any(f"--{word}" in each.opts for each in command.params)
        ]
        return f"--{word} is an option of gdrun {', '.join(owners)}" if owners else ""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = command.rich_help_panel  # type: ignore[attr-defined]
            # The parser cuts summaries at the limit; three lines are enough for all of them.
            summary = command.get_short_help_str(limit=3 * formatter.width)
            panels.setdefault(panel or "Commands", []).append((name, summary))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)
        if ctx.parent is None:
            with formatter.section("First steps"):
                formatter.write_dl([*EXAMPLES.items()])


def _example_hint(word: str) -> str:
    """The hint for a word of the text on a first command, such as quickstart; empty for others.

    >>> _example_hint("quickstart")
    '`gdrun train`: train the quickstart on real data, in under a second'
    """
    found = (
        f"`{command}`: {text}"
        for command, text in EXAMPLES.items()
        if len(word) >= LONG and word.lower() in re.findall(r"[\w-]+", text)
    )
    return next(found, "")
