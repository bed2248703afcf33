"""Connections to DuckDB: each is new, with the same settings, also if it was made ahead."""

import subprocess
import sys

import duckdb
import pytest

from gdrun.data.duckdb_connection import connect_ahead, connection

SETTINGS = "SELECT name, value FROM duckdb_settings() ORDER BY name"


def test_a_connection_made_ahead_is_taken_once():
    connect_ahead()
    connect_ahead()  # one is enough
    with connection() as first, connection() as second:
        first.execute("CREATE TABLE t AS SELECT 1")
        with pytest.raises(duckdb.CatalogException):
            second.execute("FROM t")


def test_a_connection_made_ahead_has_the_same_settings():
    with connection() as database:
        expected = database.execute(SETTINGS).fetchall()
    connect_ahead()
    with connection() as database:
        assert database.execute(SETTINGS).fetchall() == expected
        with pytest.raises(duckdb.InvalidInputException):
            database.execute("SET temp_directory = 'here'")


def test_a_folder_applies_to_a_connection_made_ahead(tmp_path):
    (tmp_path / "a.csv").write_text("a\n7\n")
    connect_ahead()
    with connection(str(tmp_path)) as database:
        assert database.execute("SELECT a FROM 'a.csv'").fetchall() == [(7,)]


def test_a_number_of_threads_needs_a_connection_of_its_own():
    connect_ahead()
    with connection(threads=1) as database:
        assert database.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    with connection() as database:
        assert database.execute("SELECT 1").fetchall() == [(1,)]


def test_a_forked_process_makes_a_connection_of_its_own():
    program = """
import os
from gdrun.data.duckdb_connection import connect_ahead, connection

connect_ahead()
child = os.fork()
if not child:
    with connection() as database:
        os._exit(database.execute("SELECT 42").fetchall()[0][0])
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"""
    run = [sys.executable, "-W", "ignore", "-c", program]
    ended = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "42\n"
