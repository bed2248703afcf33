"""`gdrun config`: write a starter, check a file, print what it resolves to, print the schema."""

from __future__ import annotations

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Config, Json, Overrides, Seed, load_experiment
from gdrun.cli.groups import Command, Commands

config = typer.Typer(cls=Commands, rich_markup_mode=None, help="Write, check and show configs.")


@config.command(cls=Command)
def show(
    config: Config = None, overrides: Overrides = None, seed: Seed = None, json: Json = False
) -> None:
    """Print the experiment with every default filled in."""
    from gdrun.spec.document import to_yaml

    plain = load_experiment(config, overrides, seed).plain()
    if json:
        console.print_json(plain)
    else:
        typer.echo(to_yaml(plain), nl=False)
