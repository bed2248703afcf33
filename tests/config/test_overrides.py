"""Overrides KEY=VALUE whose value is not read as YAML."""

import pytest

from gdrun.config.overrides import parse_override


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
