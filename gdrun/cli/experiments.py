"""The words that name an experiment on the command line: CONFIG [KEY=VALUE ...] --seed N."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.config.experiment import Experiment
    from gdrun.config.overrides import Override

STDIN = "/dev/stdin"

Config: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG",
        help="A file that describes an experiment, or - for stdin; without one, the quickstart.",
    ),
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Keys to set on it, such as lr=0.1 or variant=bgd.",
    ),
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="The seed of the run.")
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]


def _load_plugins(paths: list[Path] | None) -> list[Path] | None:
    """Run the named files, so that what they register can be named like anything else."""
    for path in paths or ():
        from gdrun.methods.plugins import load_plugin

        load_plugin(path)
    return paths


# Loaded before anything else is read: a command takes it and has no more to do.
Plugins: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        is_eager=True,
        callback=_load_plugins,
        help="Load rules and schedules from a Python file of yours.",
    ),
]


def load_experiment(
    config: str | None, overrides: list[str] | None = None, seed: int | None = None
) -> Experiment:
    """The experiment that a command line names. Raises ConfigError with everything wrong."""
    from gdrun.config.loading import load

    source, changes = split_words(config, overrides, seed)
    return load(source, changes)


def split_words(
    config: str | None, overrides: list[str] | None, seed: int | None = None
) -> tuple[str | None, list[str | Override]]:
    """The file, if one is named, and what is set on it. The file may stand at any place."""
    from gdrun.config.overrides import Override

    words = [*([] if config is None else [config]), *(overrides or ())]
    source = _config_among(words)
    changes: list[str | Override] = list(words)
    if source is not None:
        changes.remove(source)
        _refuse_data(source)
    if seed is not None:
        changes.append(Override("seed", seed, f"--seed {seed}"))
    return STDIN if source == "-" else source, changes


def _config_among(words: list[str]) -> str | None:
    """The first word, unless it sets a key and no file has its name; else the word that is a file.

    Raises GdrunError where more than one word is a file and none of them sets a key.
    """
    files = [word for word in words if "=" not in word and (word == "-" or Path(word).exists())]
    if len(files) > 1:
        hint = f"`gdrun compare {' '.join(map(shlex.quote, files))}` puts several side by side"
        raise GdrunError(f"a second config, after {files[0]}", where=files[1], hint=hint)
    if words and ("=" not in words[0] or Path(words[0]).exists()):
        return words[0]
    return files[0] if files else None


def _refuse_data(source: str) -> None:
    """Raise GdrunError for a table of data where a config is expected."""
    from gdrun.data.sources import reader_of

    if reader_of(source) is not None and Path(source).is_file():
        hint = f"set it as data: dataset.path={shlex.quote(source)}, and model=linear or logistic"
        raise GdrunError("holds data, not an experiment", where=source, hint=hint)
