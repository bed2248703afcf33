"""`gdrun config`: write a starter config, check and show configs, and print the JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Config, Json, Overrides, Plugins, Seed, load_experiment
from gdrun.cli.groups import Command, Commands
from gdrun.cli.next_steps import shown, step, step_with
from gdrun.errors import GdrunError

config = typer.Typer(cls=Commands, rich_markup_mode=None, help="Write, check and show configs.")

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help="A data file to describe, or the file to write (default: stdout)."
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE | FILE",
        help="After a data file: keys of the config, such as target=price, and the file to write.",
    ),
]


@config.command(cls=Command)
def new(file: File = None, words: Words = None) -> None:
    """Write a starter config with comments, or one for a data file. No file is overwritten."""
    from gdrun.config.loading import starter_text
    from gdrun.data.sources import reader_of

    rest = list(words or ())
    text = None
    if file is not None and reader_of(file) is not None:
        to = next((word for word in rest if "=" not in word), None)
        text = _config_for(str(file), [word for word in rest if word != to])
        file = None if to is None else Path(to)
    elif rest:
        raise GdrunError(
            f"{rest[0]} has no meaning without a data file",
            hint="give the data first, as in `gdrun config new houses.csv target=price new.yaml`",
        )
    _write(text or starter_text(), file)


def _config_for(data: str, changes: list[str]) -> str:
    """The config of a first experiment on a data file, with comments."""
    from gdrun.study.starting import start_experiment
    from gdrun.views.starter import commented_config

    _, found = start_experiment(data, changes)
    return commented_config(found)


def _write(text: str, file: Path | None) -> None:
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        hint = "choose another name; gdrun never overwrites a file"
        raise GdrunError("the file exists already", where=str(file), hint=hint) from None
    except OSError as error:
        hint = "check the permissions of its directory"
        if not file.parent.is_dir():
            hint = f"the directory {file.parent} does not exist"
        what = f"the file cannot be written: {error.strerror}"
        raise GdrunError(what, where=str(file), hint=hint) from None
    console.show(*map(console.unwrapped, [f"wrote {file}", *step("train it", "train", str(file))]))


@config.command(cls=Command)
def check(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Check a config: print its outline if it is valid, or else all its errors."""
    from gdrun.views.outline import outline, outline_view

    experiment = load_experiment(config, overrides, seed)
    if json:
        lines = outline(experiment)
        console.print_json({"valid": True, "name": experiment.name, "outline": lines})
    else:
        following = step_with("train it", "train", config, overrides, seed, plugins)
        console.show(f"{experiment.name}: valid", outline_view(experiment), *shown(following))


@config.command(cls=Command)
def show(
    config: Config = None,
    overrides: Overrides = None,
    seed: Seed = None,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Print the experiment with all defaults filled in."""
    from gdrun.config.writing import to_yaml

    plain = load_experiment(config, overrides, seed).plain()
    if json:
        console.print_json(plain)
    else:
        typer.echo(to_yaml(plain), nl=False)


@config.command(cls=Command)
def schema(plugins: Plugins = None) -> None:
    """Print the JSON Schema of configs, which editors can use."""
    from gdrun.config.schema import schema as experiment_schema

    console.print_json(experiment_schema())
