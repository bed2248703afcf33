"""The experiments of claims: configs, their runs, and the command lines that repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.config.writing import short_flow
from gdrun.insight.claims.registry import Series
from gdrun.quantities import rounded
from gdrun.runs.run import Run
from gdrun.runs.session import Session

Config = dict[str, Any]
"""A config as a dict. Without a schedule, the rate is constant."""


def trained(config: Config) -> Run:
    """The run of a config, in memory."""
    (run,) = trained_lanes([config])
    return run


def trained_lanes(configs: Sequence[Config]) -> list[Run]:
    """The runs of configs that differ only in numbers and seeds, trained together.

    The configs are ordered by seed, and so are the runs.
    """
    return Session([resolve(dict(config)) for config in configs], out=None).run()


def command(config: Config, seeds: Sequence[int] = ()) -> str:
    """The command line that trains a config, with an option in backticks as in hints of errors.

    seeds: 0, 1, 2, …, if the config was trained once for each seed. `gdrun train` without a file
    starts from the quickstart, so that every section that the quickstart has is set.

    >>> command({"surface": "bowl", "variant": "bgd", "optimizer": {"name": "vanilla", "lr": 0.5}})
    "gdrun train surface=bowl variant=bgd 'optimizer={name: vanilla, lr: 0.5}' schedule=constant"
    """
    whole = {"schedule": "constant"} | config
    ordered = {key: whole[key] for key in (*config, *whole)}
    words = (shlex.quote(f"{key}={short_flow(value)}") for key, value in ordered.items())
    options = [f"`seeds={len(seeds)}`"] if seeds else []
    return " ".join(("gdrun train", *words, *options))


def descent(problem: Mapping[str, Any], rate: float, **budget: float) -> Config:
    """Gradient descent with full gradients and a constant rate, in which all steps are recorded.

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
    """A rule with full gradients and a constant rate on f = ½ (x² + condition y²), from (1, 1)."""
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
    """Learning rates with equal ratios, in three digits, so that commands are short.

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
