"""The table of columns and the traces of runs agree: names, kinds of numbers, and joins."""

import numpy as np
import pytest

import gdrun
from gdrun.engine.trace_columns import (
    EVALUATION_COLUMNS,
    LAYER_COLUMNS,
    STEP_COLUMNS,
    TRACE_COLUMNS,
)
from gdrun.problems.metrics import METRICS

CONFIGS = {
    "classes": {
        "dataset": "iris",
        "model": "softmax",
        "stopping": {"epochs": 2, "watch": ["grad_norm"]},
    },
    **{
        name: {
            "dataset": "iris" if metric.task == "classification" else "diabetes",
            "model": "softmax" if metric.task == "classification" else "linear",
            "stopping": {"epochs": 1, "early_stopping": {"metric": name}},
        }
        for name, metric in METRICS.items()
    },
    "surface": {"surface": "bowl", "variant": "bgd", "stopping": {"steps": 5}},
    "network": {
        "dataset": "iris",
        "model": {"name": "mlp", "hidden": [3]},
        "stopping": {"epochs": 1},
    },
}


@pytest.fixture(scope="module")
def runs():
    return {name: gdrun.train(config) for name, config in CONFIGS.items()}


def kind(column):
    return np.int64 if column.whole else np.float64


def test_every_column_of_a_run_is_in_the_table(runs):
    for run in runs.values():
        for name, values in run.steps.items():
            assert values.dtype == kind(STEP_COLUMNS[name]), name
        for name, values in run.evals.items():
            column = EVALUATION_COLUMNS.get(name) or LAYER_COLUMNS[name.partition(".")[2]]
            assert values.dtype == kind(column), name


def test_every_column_of_the_table_is_in_a_run(runs):
    steps = {name for run in runs.values() for name in run.steps}
    evals = {name for run in runs.values() for name in run.evals}
    assert steps == STEP_COLUMNS.keys()
    layers = {name.partition(".")[2] for name in evals if "." in name}
    assert layers == LAYER_COLUMNS.keys()
    assert {name for name in evals if "." not in name} == EVALUATION_COLUMNS.keys()


def test_columns_come_in_the_order_of_the_table(runs):
    for run in runs.values():
        assert list(run.steps) == [name for name in STEP_COLUMNS if name in run.steps]


def test_a_meaning_is_a_sentence():
    for column in TRACE_COLUMNS:
        assert column.meaning[0].isupper() and column.meaning.endswith("."), column.name


def test_the_help_of_a_run_names_every_column():
    lines = [line.split() for line in gdrun.Run.__doc__.splitlines()]
    for column in TRACE_COLUMNS:
        assert [column.name, *column.meaning.split()] in lines
