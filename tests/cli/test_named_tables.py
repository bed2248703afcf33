"""DuckDB starts before the imports of a command whose words or config name a table."""

import pytest

from gdrun.data import duckdb_connection

CONFIG = "dataset: {path: a.csv}\nmodel: linear\nstopping: {epochs: 1}\n"
ROWS = "a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(40))


@pytest.fixture
def started(here, monkeypatch, tmp_path):
    """The calls of connect_ahead, in a directory with a table, its config and an idle file."""
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "table.yaml").write_text(CONFIG)
    (tmp_path / "bowl.yaml").write_text("surface: bowl\nstopping: {steps: 3}\n")
    calls = []
    monkeypatch.setattr(duckdb_connection, "connect_ahead", lambda: calls.append("started"))
    return calls


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "a.csv"),
        ("inspect", "query=SELECT * FROM 'a.csv'"),
        ("train", "A.CSV"),
        ("train", "dataset.path=a.csv", "epochs=1"),
        ("train", "epochs=1", "table.yaml"),
        ("sweep", "lr=0.1,0.2", "--config", "table.yaml", "--seeds", "1"),
    ],
)
def test_a_table_is_named(here, started, words):
    here(*words)
    assert started == ["started"]


@pytest.mark.parametrize(
    "words", [("train", "bowl.yaml"), ("train", "missing.yaml"), ("train", "lr=0.1"), ("list",)]
)
def test_no_table_is_named(here, started, words):
    here(*words)
    assert started == []
