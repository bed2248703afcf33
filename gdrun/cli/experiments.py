"""The words that name an experiment on the command line: CONFIG [KEY=VALUE ...] --seed N."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from gdrun.spec.experiment import Experiment
    from gdrun.spec.overrides import Override

Config: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG",
        help="A file that describes an experiment; without one, the quickstart.",
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
    from gdrun.spec.loading import load

    source, changes = split_words(config, overrides, seed)
    return load(source, changes)


def split_words(
    config: str | None, overrides: list[str] | None, seed: int | None = None
) -> tuple[str | None, list[str | Override]]:
    """The file, if one is named, and what is set on it.

    A first word with an equals sign that is no file is an override of the quickstart.
    """
    from gdrun.spec.overrides import Override

    changes: list[str | Override] = list(overrides or ())
    if config is not None and "=" in config and not Path(config).exists():
        changes.insert(0, config)
        config = None
    if seed is not None:
        changes.append(Override("seed", seed, f"--seed {seed}"))
    return config, changes
