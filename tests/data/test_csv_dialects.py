"""Random tables, written by Python's csv module in random dialects, come back equal."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrun.data import load_table

numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(
    ["1e5", "+1", " 2", "3 ", "\t4", "007", ".5", "5.", "1E-400", "4.9e-324", "-0", "١٢", "１"]
)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6
).map(lambda text: f"k{text}".strip()) | st.sampled_from(
    ['a"b', 'say ""x""', "a\nb", "a, b", "x;y"]
)


@st.composite
def tables(draw):
    """Rows of two numbers, a text and a target, as text."""
    size = draw(st.integers(2, 12))
    columns = [draw(st.lists(kind, min_size=size, max_size=size)) for kind in (numbers, texts)]
    return [*zip(*columns, map(str, range(size)), strict=True)]


@pytest.mark.longer
@given(
    tables(),
    st.sampled_from(",\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_and_texts_come_back(tmp_path_factory, rows, delimiter, quoting, end):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(["real", "words", "y"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("dialects") / "made.csv"
    path.write_bytes(stream.getvalue().encode())
    table = load_table({"path": str(path), "header": True, "categories": "words"})
    expected = np.array([float(row[0]) for row in rows])
    assert table.X[:, 0].tobytes() == expected.tobytes()
    labels = [name.removeprefix("words=") for name in table.feature_names[1:]]
    assert labels == sorted({row[1].strip() for row in rows})
    found = [labels[code] for code in table.X[:, 1:].argmax(axis=1)]
    assert found == [row[1].strip() for row in rows]


@pytest.mark.longer
@pytest.mark.parametrize("cell", ["0x10", "1_000", "1e", "1d", "1f", "--1", "1 2", "true", "0b1"])
def test_what_python_or_duckdb_may_take_for_a_number_is_text(tmp_path, cell):
    (tmp_path / "made.csv").write_text(f"a,y\n{cell},1\nred,2\n{cell},3\n")
    table = load_table({"path": str(tmp_path / "made.csv")})
    assert set(table.feature_names) == {f"a={cell}", "a=red"}
