"""Overrides KEY=VALUE whose value is not read as YAML."""

import pytest

from gdrun.config.loading import load
from gdrun.config.overrides import parse_override
from gdrun.errors import ConfigError


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a, b FROM 'f.csv'",
        "SELECT a, b FROM 'f.csv' WHERE a = 'x, y: [z]' # no comment",
        "WITH t AS (SELECT 1 AS a, 2 AS b) SELECT * FROM t",
        "FROM 'f.csv' SELECT {'a': 1}",
    ],
)
def test_a_query_is_taken_as_it_is_written(query):
    for key in ("query", "dataset.query"):
        assert parse_override(f"{key}= {query} ").value == query
        # Quotes around the whole query are those of YAML.
        quoted = "'" + query.replace("'", "''") + "'"
        assert parse_override(f"{key}={quoted}").value == query
    assert parse_override("dataset.query=").value is None


@pytest.mark.parametrize(
    "override",
    ["path=new.csv", "query=SELECT * FROM 'new.csv'", "path=new.parquet", "path=new.npy"],
)
@pytest.mark.parametrize(
    "dataset",
    [
        {"query": "SELECT * FROM 'old.csv'", "folder": "/data", "ignore": "id"},
        {"path": "old.csv", "decimal": ",", "encoding": "cp1252", "ignore": "id"},
        {"name": "blobs", "n": 300},
    ],
)
def test_other_data_replace_the_options_that_only_the_former_have(dataset, override):
    """The result is the config in which the new data were written from the beginning."""
    model = {"model": "linear" if "name" not in dataset else "softmax"}
    found = load({"dataset": dataset, **model}, [override]).plain()["dataset"]
    key, _, value = override.partition("=")
    shared = {
        "path=new.csv": {"decimal", "encoding", "ignore"},
        "path=new.parquet": {"decimal", "ignore"},
        "path=new.npy": set(),
    }.get(override, {"folder", "decimal", "ignore"})
    kept = {name: dataset[name] for name in shared & set(dataset)}
    expected = load({"dataset": {key: value, **kept}, **model}).plain()["dataset"]
    assert found == expected


def test_a_wrong_option_is_reported_beside_other_data():
    wrong = {"dataset": {"path": "old.csv", "taget": "y"}, "model": "linear"}
    with pytest.raises(ConfigError, match="taget"):
        load(wrong, ["path=new.parquet"])


@pytest.mark.parametrize("word", ["off", "false", "no", "none", "null", "Off"])
def test_a_word_switches_off_what_may_be_absent(word):
    stop = {"early_stopping": {"patience": 3}, "grad_norm": 0.1}
    base = {"dataset": "iris", "model": "softmax", "clip": {"norm": 1.0}, "stopping": stop}
    words = (f"early_stopping={word}", f"grad_norm={word}", f"clip={word}")
    made = load(base, words)
    assert (made.stopping.early_stopping, made.stopping.grad_norm) == (None, None)
    assert (made.clip.norm, made.clip.value) == (None, None)
    assert load(base).clip.norm == 1.0
    assert load(base, [f"clip.norm={word}"]).clip.norm is None
    # In a file, too.
    assert load(base | {"stopping": {"early_stopping": word}}).stopping.early_stopping is None
