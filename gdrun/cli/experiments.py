"""The experiment of a command line: CONFIG [KEY=VALUE ...] --seed N."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from gdrun.cli import completion, faults
from gdrun.cli.named_files import config_among, is_data, refuse_data, refuse_run

if TYPE_CHECKING:
    from gdrun.config.experiment import Experiment
    from gdrun.config.overrides import Override
    from gdrun.data import Prepared, Table

STDIN = "/dev/stdin"

Config: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG",
        help="The config file of an experiment, or - for stdin (default: the quickstart).",
        autocompletion=completion.settings,
    ),
]
ConfigOrData: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG",
        help="The config file of an experiment, a data file such as houses.csv, or - for stdin "
        "(default: the quickstart).",
        autocompletion=completion.settings,
    ),
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Keys of the config to set, such as lr=0.1 or variant=bgd.",
        autocompletion=completion.settings,
    ),
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="The seed of the run.")
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]


PLUGINS_VARIABLE = "GDRUN_PLUGINS"
"""The environment variable that names plugin files."""


def _load_plugins(paths: list[Path] | None) -> list[Path] | None:
    """Load plugin files, and return their paths.

    paths: those of --plugin; without this option, those of GDRUN_PLUGINS, which are loaded in any
    case, and first. A config can then name the methods of the plugins, like those of gdrun.
    """
    named = filter(None, os.environ.get(PLUGINS_VARIABLE, "").split(os.pathsep))
    paths = list(dict.fromkeys([*map(Path, named), *(paths or ())]))
    for path in paths:
        from gdrun.methods.plugins import load_plugin, note_on_ascent

        for text in filter(None, map(note_on_ascent, load_plugin(path))):
            faults.note(text)
    return paths


# Typer loads the plugins before it reads other options; a command only declares the parameter.
Plugins: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        envvar=PLUGINS_VARIABLE,
        is_eager=True,
        callback=_load_plugins,
        help="Load your own rules, schedules, losses and surfaces from a Python file.",
    ),
]


def load_experiment(
    config: str | None, overrides: list[str] | None = None, seed: int | None = None
) -> Experiment:
    """Return the experiment that the words of a command line describe.

    config, overrides: the words, of which any may be the config file. seed: the value of --seed, or
    None. Raises GdrunError with all errors of the config.
    """
    from gdrun.config.loading import load

    source, changes = split_words(config, overrides, seed)
    if source is not None:
        faults.note_plugins_of_config(source)
    return load(source, changes)


@dataclass(frozen=True)
class FirstExperiment:
    """The experiment of a command line that may name a data file in place of a config.

    assumed: a sentence for each assumption. table: the table of the data file; None without such a
    file, or if the overrides change how it is read. data: the prepared data of the experiment, if
    they have been read. spent: the seconds that it took to read the data for the assumptions.
    """

    experiment: Experiment
    assumed: list[str]
    table: Table | None = None
    data: Prepared | None = None
    spent: float = 0.0


def first_experiment(
    config: str | None, overrides: list[str] | None = None, seed: int | None = None
) -> FirstExperiment:
    """Return the experiment of a command line; for a data file, a first experiment on it.

    The same is true of a query in SQL or a path among the overrides, if no file is given and no
    override chooses a model. config, overrides: the words, of which any may be the config file or
    the data file. seed: the value of --seed, or None. Raises GdrunError for a wrong config,
    DataError if the data cannot be read.
    """
    from gdrun.config.loading import assumptions_about

    source = config_among([*([] if config is None else [config]), *(overrides or ())])
    path, changes = split_words(config, overrides, seed, data=True)
    _note_sgd(changes)
    if source is None and (data := data_of_changes(changes)):
        path = source = data
    if source is None or not _has_rows(source):
        from gdrun.study.default_batches import fitted

        assumed = assumptions_about(changes) if source is None else {}
        if path is not None:
            faults.note_plugins_of_config(path)
        fit = fitted(path, changes)
        return FirstExperiment(
            fit.experiment, _sentences({**assumed, **fit.assumed}), data=fit.data
        )
    from gdrun.study.starting import start_experiment

    assert path is not None
    experiment, found = start_experiment(path, changes)
    sentences = _sentences(found.assumed)
    return FirstExperiment(experiment, sentences, found.table, found.data, found.seconds)


def _has_rows(source: str) -> bool:
    """Whether a first experiment can start from this: a data file, or `query=` with a query."""
    return source.startswith("query=") or is_data(source)


def data_of_changes(
    changes: Iterable[str | Override], varied: Iterable[Override] = ()
) -> str | None:
    """The data of a first experiment among the overrides: a path, or `query=` and the query.

    changes: the overrides. varied: the overrides that the runs of a study vary. None if no override
    names a query or a data file, or if one chooses a model: this is not a first experiment.
    """
    from gdrun.config.overrides import parse_override

    given = [
        parse_override(each) if isinstance(each, str) and "=" in each else each for each in changes
    ]
    keys = {each.key: each.value for each in (*given, *varied) if not isinstance(each, str)}
    if any(key.partition(".")[0] == "model" for key in keys):
        return None
    query = keys.get("dataset.query", keys.get("query"))
    if isinstance(query, str):
        return f"query={query}"
    path = keys.get("dataset.path", keys.get("path"))
    return path if isinstance(path, str) and is_data(path) else None


def _note_sgd(changes: Iterable[str | Override]) -> None:
    """Print a note on stderr if the optimizer is called sgd, and no variant is named.

    In gdrun, sgd is the name of a variant; as an optimizer it is another name of vanilla.
    """
    words = [each.replace(" ", "") for each in changes if isinstance(each, str)]
    named = {"optimizer=sgd", "optimizer.name=sgd"} & set(words)
    if named and not any(word.startswith(("variant", "batch_size=")) for word in words):
        faults.note(
            f"{named.pop()} means optimizer=vanilla, which has no momentum; "
            "for steps on single examples, set variant=sgd"
        )


def split_words(
    config: str | None,
    overrides: list[str] | None,
    seed: int | None = None,
    *,
    data: bool = False,
) -> tuple[str | None, list[str | Override]]:
    """Return the config file (None without one), and the overrides.

    config, overrides: the words of the command line, of which any may be the config file. seed: the
    value of --seed, or None. data: whether the file may be a data file, which is otherwise an
    error. Raises GdrunError if two words are files, or a word is neither a file nor an override.
    """
    from gdrun.config.overrides import Override

    words = [*([] if config is None else [config]), *(overrides or ())]
    source = config_among(words)
    changes: list[str | Override] = list(words)
    if source is not None:
        changes.remove(source)
        if not data:
            refuse_data(source)
    if seed is not None:
        changes.append(Override("seed", seed, f"--seed {seed}"))
    return STDIN if source == "-" else source, changes


def named_config(word: str | None) -> str | None:
    """The config or data file that an option names; - means stdin. None without the option.

    Raises GdrunError if the word names a run.
    """
    if word is not None:
        refuse_run(word)
    return STDIN if word == "-" else word


def study_source(
    config: str | None, overrides: list[Override], varied: list[Override]
) -> tuple[str | Mapping[str, Any] | None, list[str]]:
    """The config of a study, and a sentence for each value that gdrun assumes, such as the rate.

    config: the config file or the data file of the command line; None without one. A config file is
    returned as it is. For a data file, the config of a first experiment on it is returned; also for
    a query in SQL or a path among the overrides, if no file is given and no override chooses a
    model. Otherwise the config is None, which means the quickstart config. overrides: keys that the
    user has set for all runs. varied: the keys that the runs vary, as overrides whose values are
    not used. Raises GdrunError if the data file cannot be read.
    """
    from gdrun.config.loading import assumptions_about

    config = config or data_of_changes(overrides, varied)
    if config is None:
        return None, _sentences(assumptions_about(overrides, varied))
    if not _has_rows(config):
        faults.note_plugins_of_config(config)
        return config, []
    from gdrun.study.starting import start_study

    found, assumed = start_study(config, overrides, varied)
    return found, _sentences(assumed)


def _sentences(assumed: Mapping[str, str]) -> list[str]:
    """A sentence for each assumption, with the key that changes it.

    assumed: the text of each assumption, by the dotted path of this key.
    """
    return [f"{key}: {text}" for key, text in assumed.items()]
