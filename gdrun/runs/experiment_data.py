"""The data of an experiment: read or generated, split into parts, and standardised."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.section_kinds import Section
from gdrun.data import Prepared, Table, load_table, prepare
from gdrun.data.part_files import part_files
from gdrun.data.split_keys import load_groups, with_times
from gdrun.errors import DataError
from gdrun.methods.randomness import stream
from gdrun.problems.surfaces import noise_vectors


def experiment_data(
    experiment: Experiment, table: Table | None = None, *, read: Table | None = None
) -> Prepared:
    """Return the data of an experiment: read or generated, split and standardised.

    table: the data that replace the dataset; None to use the dataset. read: the table of the
    dataset if it has been read already; its arrays may be overwritten. Raises DataError if the data
    cannot be read or do not fit the experiment.
    """
    begin = time.perf_counter()
    data = _prepared(experiment, table, read)
    return replace(data, seconds=time.perf_counter() - begin)


def _prepared(experiment: Experiment, table: Table | None, read: Table | None) -> Prepared:
    """The data of an experiment, as in `experiment_data`, without the time that this took."""
    dataset = experiment.dataset
    if experiment.surface is not None:
        return _noise(experiment, experiment.surface)
    split, groups, owned = dataset["split"], None, table is None
    given = {name: value for name, value in dataset.options.items() if value is not None}
    given |= {dataset.chosen_by: dataset.name, "seed": experiment.data_seed}
    if table is None:
        if split.group is not None:
            table, groups = load_groups(given, split.group)
        else:
            table = read or load_table(given)
    elif split.group is not None:
        raise DataError(
            "arrays cannot be split by group, because each column of X is a feature",
            where="dataset.split.group",
            hint="write the data and a column of groups to a file, or split the arrays before "
            "training",
        )
    times = None
    if split.time is not None:
        table, times = with_times(table, given, split.time)
    standardize = dataset["standardize"]
    return prepare(
        table,
        task=experiment.task,
        declared=dataset["task"] is not None,
        positive=dataset["positive"],
        validation=split.validation,
        test=split.test,
        groups=groups,
        times=times,
        standardize=standardize.features,
        standardize_target=standardize.target,
        seed=experiment.data_seed,
        dtype=experiment.dtype,
        ones=bool(experiment.model.options.get("bias")),
        files=part_files(given),
        overwrite=owned,
    )


def _noise(experiment: Experiment, surface: Section) -> Prepared:
    """The data of an experiment on a surface: noise vectors, the same for every seed."""
    drawn = noise_vectors(stream(0, "noise"), surface["examples"], surface["noise"])
    table = Table("gradient noise", drawn, np.zeros(len(drawn)), ("x", "y"), "f", ())
    return prepare(
        table,
        task="regression",
        validation=0,
        test=0,
        standardize=False,
        seed=0,
        dtype=experiment.dtype,
    )
