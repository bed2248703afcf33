"""`gdrun config`: write a starter config, check and show configs, and print the JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gdrun.cli import completion, console, faults
from gdrun.cli.experiments import (
    Config,
    Json,
    Overrides,
    Plugins,
    Seed,
    data_of_changes,
    first_experiment,
    load_experiment,
)
from gdrun.cli.groups import Command, Commands
from gdrun.cli.next_steps import shown, step, step_with
from gdrun.cli.running import RUNS
from gdrun.errors import GdrunError

config = typer.Typer(cls=Commands, rich_markup_mode=None, help="Write, check and show configs.")

File = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE", help="A data file to describe, or the file to write (default: stdout)."
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE | FILE",
        help="Keys of the config, such as target=price or dataset=iris, and the file to write.",
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE|RUN",
        help="Write the config of a file or a run, with KEY=VALUE changed.",
        autocompletion=completion.configs_and_runs,
    ),
]


@config.command(cls=Command)
def new(
    file: File = None, words: Words = None, source: From = None, plugins: Plugins = None
) -> None:
    """Write a starter config, a config for data or other keys, or a changed copy of a config.

    No file is overwritten.
    """
    rest = [*([] if file is None else [file]), *(words or ())]
    if source is not None:
        _write(*_changed(source, rest))
        return
    data, changes, target = _divided(rest)
    _write(_config_for(data, changes), target)


def _divided(words: list[str]) -> tuple[str | None, list[str], Path | None]:
    """The data file among the words, the changes KEY=VALUE, and the file to write.

    The data file is the first word that is the name of one. Raises GdrunError for two files to
    write.
    """
    from gdrun.cli.named_files import is_data
    from gdrun.data.sources import reader_of

    files, changes = _files_and_changes(words)
    places = (at for at, word in enumerate(files) if reader_of(word) is not None or is_data(word))
    data = files.pop(place) if (place := next(places, None)) is not None else None
    return data, changes, _one_target(files)


def _files_and_changes(words: list[str]) -> tuple[list[str], list[str]]:
    """The words that name files, and the changes KEY=VALUE.

    Raises GdrunError if a word is no file, but a key or a name in configs, such as adam.
    """
    from gdrun.cli.named_files import exists, meant_as_setting

    # The name of a file may have an equals sign.
    files = [word for word in words if "=" not in word or exists(word)]
    meant = (meant_as_setting(words, word) for word in files if not exists(word))
    if (problem := next(filter(None, meant), None)) is not None:
        raise GdrunError([problem])
    return files, [word for word in words if word not in files]


def _one_target(files: list[str]) -> Path | None:
    """The file to write; None for none. Raises GdrunError for several files."""
    if len(files) > 1:
        hint = f"{files[0]} is already the file to write; changes have the form KEY=VALUE"
        raise GdrunError("is a second file to write", where=files[1], hint=hint)
    return Path(files[0]) if files else None


def _config_for(data: str | None, changes: list[str]) -> str:
    """The config that `gdrun train` uses for these words; the starter config without words.

    A first experiment on data has comments. data: a data file; None if the changes name the data,
    or the data are those of the quickstart.
    """
    from gdrun.config.loading import starter_text
    from gdrun.config.writing import to_yaml
    from gdrun.study.starting import start_experiment
    from gdrun.views.starter import commented_config

    if (named := data or data_of_changes(changes)) is not None:
        _, found = start_experiment(named, changes)
        return commented_config(found)
    if not changes:
        return starter_text()
    begun = first_experiment(None, changes)
    for line in begun.assumed:
        faults.note(f"assumed {line}")
    return to_yaml(begun.experiment.plain())


def _changed(source: str, words: list[str]) -> tuple[str, Path | None, list[str]]:
    """The config of a file or a run with changes, the file to write, and the plugins of the run.

    words: the changes KEY=VALUE, and at most one file. The plugins are options of the command line.
    A run or a study has absolute paths. Those of data in the current directory become relative to
    it, as paths in a config are, unless the new file lies elsewhere.
    """
    from gdrun.config.loading import load, read
    from gdrun.config.writing import to_yaml
    from gdrun.methods.plugins import options_for
    from gdrun.runs.finding import RECORD, STUDY
    from gdrun.runs.record_contents import is_inside, with_relative_paths
    from gdrun.runs.recorded_experiment import experiment_of
    from gdrun.runs.run import read_run

    files, changes = _files_and_changes(words)
    file = _one_target(files)
    config = _config_of(source)
    inside = file is None or is_inside(file)

    def text_of(plain: dict[str, Any]) -> str:
        return to_yaml(with_relative_paths(plain) if recorded and inside else plain)

    recorded = any((config.parent / name).is_file() for name in (RECORD, STUDY))
    if not (config.parent / RECORD).is_file():
        return text_of(load(config, changes).plain()), file, []
    run = read_run(config.parent)
    if changes:
        experiment_of(run)  # which names the plugins that are not loaded
        plain = load(config, changes).plain()
    else:
        # It has all defaults already, and can be copied without the plugins that it needs.
        plain = read(config).data
    return text_of(plain), file, options_for(run.record["plugins"])


def _config_of(source: str) -> Path:
    """The config file that --from names: the file itself, or that of a run or a study."""
    from gdrun.runs.finding import BEST, RECORD, STUDY, find_run

    if Path(source).is_file() or Path(source).suffix in completion.CONFIGS:
        return Path(source)
    directory = find_run(source, RUNS, (RECORD, STUDY))
    return directory / (BEST if (directory / STUDY).is_file() else "config.yaml")


def _write(text: str, file: Path | None, plugins: Sequence[str] = ()) -> None:
    """Write a config to a new file, or to stdout. plugins: the options that load its plugins.

    file: None or - for stdout.
    """
    if file is None or str(file) == "-":
        typer.echo(text, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        hint = "choose another name"
        raise GdrunError("the file exists already", where=str(file), hint=hint) from None
    except OSError as error:
        hint = "check the permissions of its directory"
        if not file.parent.is_dir():
            hint = f"the directory {file.parent} does not exist"
        what = f"the file cannot be written: {error.strerror}"
        raise GdrunError(what, where=str(file), hint=hint) from None
    following = step("train it", "train", str(file), *plugins)
    console.show(*map(console.unwrapped, [f"wrote {file}", *following]))


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
        following = step_with("train it", "train", config, overrides, seed)
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
