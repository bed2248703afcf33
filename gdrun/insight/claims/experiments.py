"""The experiments of claims: configs, their runs, and the command lines that repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.config.writing import short_flow
from gdrun.insight.claims.registry import Series
from gdrun.quantities import rounded
from gdrun.runs.run import Run
from gdrun.runs.session import Session
from gdrun.runs.statuses import shown_status

Config = dict[str, Any]
"""A config as a dict. Without a schedule, the rate is constant."""


def trained(config: Config) -> Run:
    """The run of a config, in memory."""
    (run,) = trained_lanes([config])
    return run


def trained_lanes(configs: Sequence[Config]) -> list[Run]:
    """The runs of configs that differ only in numbers and seeds, trained together in memory.

    configs: in ascending order of their seeds. The runs have the order of the configs.
    """
    return Session([resolve(dict(config)) for config in configs], out=None).run()


def ended(run: Run) -> str:
    """How a run ended, as a verb: it converged, stopped, finished or diverged."""
    return shown_status(run.record)


def command(config: Config, seeds: Sequence[int] = ()) -> str:
    """The command line that trains a config.

    seeds: 0, 1, 2, …, if the config was trained once for each seed. The option for the seeds is
    written as a Python argument in backticks, as in hints of errors. `gdrun train` without a file
    starts from the quickstart config. Therefore the command sets every section of that config.

    >>> command({"surface": "bowl", "variant": "bgd", "optimizer": {"name": "vanilla", "lr": 0.5}})
    "gdrun train surface=bowl variant=bgd 'optimizer={name: vanilla, lr: 0.5}' schedule=constant"
    """
    options = [f"`seeds={len(seeds)}`"] if seeds else []
    return " ".join(("gdrun train", *map(shlex.quote, _words(config)), *options))


def sweep_command(
    config: Config,
    values: Mapping[str, Sequence[Any]],
    seeds: int = 1,
    metric: str = "train_loss",
) -> str:
    """The command line that trains a config with each combination of values, and ranks them.

    values: the values by key; a section of the config that is among these keys is left out. seeds:
    the number of seeds, from 0 on. metric: the one that ranks the combinations.

    >>> sweep_command({"surface": "bowl"}, {"lr": (0.1, 1.0)})
    'gdrun sweep surface=bowl schedule=constant lr=0.1,1 `seeds=1` `metric="train_loss"`'
    """
    words = _words({key: section for key, section in config.items() if key not in values})
    words += [f"{key}={','.join(map(short_flow, each))}" for key, each in values.items()]
    options = [f"`seeds={seeds}`", f'`metric="{metric}"`']
    return " ".join(("gdrun sweep", *map(shlex.quote, words), *options))


def compare_command(contenders: Sequence[str], config: Config, *options: str) -> str:
    """The command line that compares contenders by their training loss.

    contenders: a word of the command for each, such as `sgd` or `mbgd+batch_size=16`. config: the
    sections of the config that all contenders share. options: further options of the command, each
    as a Python argument in backticks, as in hints of errors.
    """
    words = map(shlex.quote, (*contenders, *_words(config)))
    return " ".join(("gdrun compare", *words, *options, '`metric="train_loss"`'))


def with_theory(commands: Iterable[str]) -> tuple[str, ...]:
    """Each command, which trains a run, followed by `gdrun theory last`.

    The second command compares the run with theory: bounds of f − f*, or the curvature λmax.
    """
    return tuple(line for each in commands for line in (each, "gdrun theory last"))


def _words(config: Config) -> list[str]:
    """A word of the command line for each section of a config, with a constant rate by default."""
    constant = {} if "schedule" in config else {"schedule": "constant"}
    return [f"{key}={short_flow(value)}" for key, value in {**config, **constant}.items()]


def descent(problem: Mapping[str, Any], rate: float, **budget: float) -> Config:
    """The config of gradient descent with full gradients and a constant rate.

    All steps are recorded.

    problem: the sections dataset and model, or surface. budget: the section stopping.
    """
    return {
        **problem,
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": rate},
        "stopping": dict(budget),
        "log": {"points": "all"},
    }


def bowl(condition: float, optimizer: Mapping[str, Any], steps: int) -> Config:
    """The config of a rule on f = ½ (x² + condition y²), from the start (1, 1).

    The gradients are full, the rate is constant, and all steps are recorded. optimizer: the section
    with the rule.
    """
    surface = {"name": "bowl", "condition": condition, "start": [1.0, 1.0]}
    return descent({"surface": surface}, 1.0, steps=steps) | {"optimizer": dict(optimizer)}


def varied(config: Config, **sections: Mapping[str, Any] | str) -> Config:
    """The config with changed sections: the keys of a mapping are changed in its section.

    >>> varied({"optimizer": {"name": "vanilla", "lr": 0.1}}, optimizer={"lr": 0.2}, variant="sgd")
    {'optimizer': {'name': 'vanilla', 'lr': 0.2}, 'variant': 'sgd'}
    """
    changed = {
        key: {**config[key], **value}
        if isinstance(value, Mapping) and isinstance(config.get(key), Mapping)
        else value
        for key, value in sections.items()
    }
    return config | changed


def rates(lowest: float, highest: float, count: int) -> list[float]:
    """`count` learning rates with equal ratios, rounded to three digits to keep commands short.

    >>> rates(0.01, 1, 3)
    [0.01, 0.1, 1.0]
    """
    return [rounded(float(rate)) for rate in np.geomspace(lowest, highest, count)]


def loss_curve(name: str, run: Run, x: str = "epoch") -> Series:
    """The training loss f of a run over a column of its evaluations."""
    return Series(name, run.evals[x], run.evals["train_loss"], x, "f")


def seeded(config: Config, seeds: Sequence[int]) -> list[Config]:
    """The config once for each seed."""
    return [config | {"seed": seed} for seed in seeds]
