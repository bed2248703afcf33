"""Text files that DuckDB decodes as numbers, piece by piece, and what makes it read them again."""

import tracemalloc

import numpy as np
import pytest

from gdrun.data import csv_scan, load_table
from gdrun.data.cells import MISSING_WORDS

DRAW = np.random.default_rng(12)
FORMS = ["{!r}", "{:.3f}", "{:+.17e}", " {!r} "]


def rows_of(number, width=4):
    """Rows of cells of numbers that are written in several ways."""
    values = (DRAW.normal(size=(number, width)) * 10.0 ** DRAW.integers(-9, 9, width)).tolist()
    return [
        [FORMS[(i + j) % len(FORMS)].format(value) for j, value in enumerate(row)]
        for i, row in enumerate(values)
    ]


def text_of(rows, header="a,b,c,y"):
    return "\n".join([header, *map(",".join, rows)]) + "\n"


def as_python_reads(rows):
    return np.array([[float(cell) for cell in row] for row in rows])


def check(table, rows):
    numbers = as_python_reads(rows)
    np.testing.assert_array_equal(table.X, numbers[:, :-1], strict=True)
    np.testing.assert_array_equal(table.y, numbers[:, -1], strict=True)


@pytest.fixture
def queries(monkeypatch):
    """The calls of read_csv that ask DuckDB for numbers."""
    asked, table = [], csv_scan.CsvScan._table

    def watched(scan, numeric=()):
        asked.append(numeric)
        return table(scan, numeric)

    monkeypatch.setattr(csv_scan.CsvScan, "_table", watched)
    return asked


@pytest.mark.longer
@pytest.mark.parametrize("quote", ["", '"'])
def test_pieces_are_put_together_in_order(read, queries, monkeypatch, quote):
    monkeypatch.setattr(csv_scan, "BYTES_AT_ONCE", 2**15)
    rows = rows_of(20_000)
    text = text_of([[f"{quote}{cell.strip()}{quote}" for cell in row] for row in rows])
    assert len(text) > 30 * 2**15
    check(read(text), rows)
    assert queries == [[0, 1, 2, 3]]


def test_underscores_in_the_header_alone_are_no_matter(read, queries):
    rows = rows_of(200)
    check(read(text_of(rows, "a_1,b_2,c_3,y_")), rows)
    assert queries == [[0, 1, 2, 3]]


def test_an_underscore_in_a_late_row_makes_text(refused):
    # DuckDB reads 1_000 as 1000.
    rows = rows_of(200)
    rows[150][1] = "1_000"
    assert "b: 1 cell of text among 199 numbers, such as '1_000'" in refused(text_of(rows))


@pytest.mark.longer
@pytest.mark.parametrize("header", ["a,b,c,y", "n,b?,N,y"])
@pytest.mark.parametrize("word", [*MISSING_WORDS, "NaN", "n/a", "NULL", "NONE"])
def test_a_missing_value_in_a_late_row(read, queries, header, word):
    rows = rows_of(200)
    rows[150][1] = word
    table = read(text_of(rows, header), missing="drop")
    check(table, rows[:150] + rows[151:])
    # The numbers; and the cells as text, to find rows without content.
    assert queries == [[0, 1, 2, 3], ()]


@pytest.mark.parametrize(("column", "word"), [("b", "red"), ("b", "2 kg"), ("y", "1,5")])
def test_a_late_text_among_numbers_is_named(refused, column, word):
    rows = rows_of(200)
    rows[150]["abcy".index(column)] = f'"{word}"' if "," in word else word
    message = refused(text_of(rows))
    assert f"made.csv:152 {column}" in message
    assert repr(word) in message


def test_texts_beside_numbers(read):
    rows = rows_of(2_000)
    colours = [["red", "blue", "green"][k] for k in DRAW.integers(0, 3, 2_000)]
    text = text_of(
        [[*row[:2], colour, *row[2:]] for row, colour in zip(rows, colours, strict=True)],
        "a,b,colour,c,y",
    )
    table = read(text)
    numbers = as_python_reads(rows)
    of_colours = np.array([[c == label for label in ("blue", "green", "red")] for c in colours])
    expected = np.column_stack([numbers[:, :2], of_colours, numbers[:, 2]])
    np.testing.assert_array_equal(table.X, expected)
    np.testing.assert_array_equal(table.y, numbers[:, 3])


def test_a_line_longer_than_a_piece(read, monkeypatch):
    monkeypatch.setattr(csv_scan, "BYTES_AT_ONCE", 2**15)
    rows = rows_of(2_000)
    table = read(
        text_of(
            [[*row, "x" * 2**16 if i == 1_500 else "x"] for i, row in enumerate(rows)],
            "a,b,c,y,note",
        ),
        target="y",
        ignore=["note"],
    )
    check(table, rows)


@pytest.mark.slow
def test_a_file_needs_little_more_memory_than_its_numbers(tmp_path):
    rows, columns = 200_000, 20
    path = tmp_path / "made.csv"
    np.savetxt(path, DRAW.normal(size=(rows, columns)), "%.4g", delimiter=",")
    tracemalloc.start()  # NumPy reports its arrays to it
    try:
        table = load_table({"path": str(path)})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert table.X.shape == (rows, columns - 1)
    # The matrix and the target; the batches of DuckDB are not NumPy's.
    assert peak < 1.2 * rows * columns * 8
