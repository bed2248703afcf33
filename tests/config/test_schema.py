"""The JSON Schema: a valid draft 2020-12 schema that accepts every config that gdrun accepts."""

from pathlib import Path

import jsonschema
import pytest

from gdrun.config.loading import load, read
from gdrun.config.schema import schema
from gdrun.config.sections import SECTIONS

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())


def complaints(data):
    return [error.message for error in VALIDATOR.iter_errors(data)]


@pytest.mark.longer
def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_satisfy_it_as_written_and_resolved(path):
    assert complaints(read(path).data) == []
    assert complaints(load(path).plain()) == []


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, kind in SECTIONS.items() for name in kind.registry]
)
def test_every_registered_name_is_known_alone_and_with_all_its_options(key, name):
    problem = {} if key == "surface" else {"dataset": "digits", "model": "softmax"}
    data = problem | {key: name}
    assert complaints(data) == []
    resolved = load(data).plain()
    assert complaints(resolved) == []
    resolved[key]["no_such_option"] = 1
    assert complaints(resolved) != []


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "gd"},
        {"optimizer": {"name": "sgd", "lr": 1}},
        {"dataset": {"path": "data/TRAIN.CSV", "target": -1, "missing": "mean"}},
        {"dataset": {"path": "data/part-*.csv.gz", "decimal": ",", "encoding": "latin-1"}},
        {"dataset": {"path": "train.parquet", "categories": ["zip"]}},
        {"dataset": {"query": "SELECT a, y FROM 'train.parquet'", "target": "y"}},
        {"clip": None},
        {"stopping": {"watch": ["grad_norm", "early_stopping"], "epochs": 10.0}},
        {"log": {"points": "all"}},
        {"schedule": {"name": "join", "parts": ["constant", {"name": "step", "gamma": 0.1}]}},
        {"dataset": {"name": "iris", "split": {"validation": 20, "test": 0}}},
    ],
)
def test_shorthands_that_gdrun_takes(change):
    data = {"dataset": "iris", "model": "softmax"} | change
    load(data)
    assert complaints(data) == []


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": {"path": "train.xlsx"}},
        {"dataset": {"name": "iris", "path": "train.csv"}},
        {"dataset": {"query": 3}},
        {"dataset": {"path": "train.csv", "query": "SELECT 1"}},
        {"optimizer": {"name": "adam", "lr": True}},
        {"variant": {"name": "bgd", "batch_size": 8}},
        {"stopping": {"watch": ["no_such_rule"]}},
        {"seed": 0.5},
        {"schedule": {"name": "join", "parts": ["constant", "cosin"]}},
        {"schedule": {"name": "join", "parts": ["constant", {"name": "step", "warmup": 1}]}},
    ],
)
def test_what_neither_takes(change):
    data = {"dataset": "iris", "model": "softmax"} | change
    with pytest.raises(Exception, match="error: "):
        load(data)
    assert complaints(data) != []
