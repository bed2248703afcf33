"""Groups of commands: how their help is laid out, and what a miss says."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from gdrun.errors import GdrunError, suggestion

START = {
    "train": ("gdrun train", "train the quickstart: real data, under a second"),
    "sweep": ("gdrun sweep lr", "which learning rate works, and which diverges"),
    "compare": ("gdrun compare bgd sgd mbgd", "batch, stochastic and mini-batch side by side"),
}
"""A first thing to try for each of these commands."""


class Command(TyperCommand):
    """A command whose help names its arguments without their Python types."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What is required stands as it is named, without the parser's braces."""
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
    """A group of commands: help by panel, and a miss that names the near ones."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is None and not cmd_name.startswith("-") and not ctx.resilient_parsing:
            raise GdrunError(
                f"{ctx.command_path} has no command {cmd_name!r}",
                hint=suggestion(cmd_name, self.commands),
            )
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = command.rich_help_panel  # type: ignore[attr-defined]
            summary = command.get_short_help_str(limit=3 * formatter.width)
            panels.setdefault(panel or "Commands", []).append((name, summary))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)
        start = [line for name, line in START.items() if name in self.commands]
        if start and ctx.parent is None:
            with formatter.section("To begin with"):
                formatter.write_dl(start)
