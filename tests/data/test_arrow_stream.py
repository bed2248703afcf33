"""The numbers of a query in batches are those that pyarrow reads from the same result."""

import duckdb
import numpy as np
import pyarrow
import pytest

from gdrun.data.arrow_stream import number_batches
from gdrun.data.duckdb_connection import connection

QUERY = """
SELECT CASE WHEN i % 7 = 3 THEN NULL ELSE i / 8 END::DOUBLE AS a, (i * i)::DOUBLE AS b,
NULL::DOUBLE AS c FROM range({rows}) AS t(i)
"""


def columns_of(source):
    """The columns as arrays, and the number of batches."""
    batches = []
    for each in number_batches(source):
        batches.append([column.copy() for column in each.columns])
        each.release()
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)], len(batches)


@pytest.mark.longer
@pytest.mark.parametrize("rows", [1, 9, 3_001, 1_200_000])
def test_every_row_comes_once_and_in_order(rows):
    query = QUERY.format(rows=rows)
    with connection() as database:
        found, batches = columns_of(database.sql(query))
        expected = database.sql(query).to_arrow_table()
    assert batches > 1 or rows < 100_000
    for ours, theirs in zip(found, expected.columns, strict=True):
        np.testing.assert_array_equal(ours, theirs.to_numpy(), strict=True)


@pytest.mark.parametrize("first", [0, 1, 7, 8, 29])
def test_a_batch_that_begins_within_a_larger_one(first):
    gaps = np.arange(100) % 7 == 3
    values = np.arange(100) / 8
    table = pyarrow.table({"a": pyarrow.array(values, mask=gaps), "b": values}).slice(first, 50)
    (a, b), _ = columns_of(table)
    part = slice(first, first + 50)
    np.testing.assert_array_equal(a, np.where(gaps, np.nan, values)[part])
    np.testing.assert_array_equal(b, values[part])


def test_no_rows():
    with connection() as database:
        assert columns_of(database.sql(QUERY.format(rows=0))) == ([], 0)


def test_a_query_that_fails_after_some_batches():
    query = "SELECT CASE WHEN i < 200000 THEN i ELSE error('too far') END::DOUBLE AS a"
    with connection(threads=1) as database, pytest.raises(duckdb.Error, match="too far"):
        for batch in number_batches(database.sql(f"{query} FROM range(400000) AS t(i)")):
            batch.release()


def test_a_lack_of_memory_is_no_fault_of_the_data():
    """So a reader of files does not say that the file is damaged."""
    with pytest.raises(MemoryError, match="could not allocate"), connection():
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")


def test_a_batch_is_valid_until_it_is_released():
    with connection() as database:
        batches = list(number_batches(database.sql(QUERY.format(rows=400_000))))
        assert len(batches) > 1
        b = np.concatenate([each.columns[1] for each in batches])
    np.testing.assert_array_equal(b, np.arange(400_000.0) ** 2)
    for each in batches:
        each.release()
