"""New rows: every format gives the features of training, in blocks, in the order of the rows."""

import gzip
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdrun.data import Encoding, SourceColumn, new_csv
from gdrun.data.encoding import columns_of_numbers
from gdrun.data.feature_matrix import encoded
from gdrun.data.new_data import new_blocks
from gdrun.data.new_rows import RowEncoder
from gdrun.data.new_targets import Target
from gdrun.errors import DataError

TWO = Encoding(columns_of_numbers(["a", "b"]))
POSITIONS = Encoding(columns_of_numbers(["x0", "x2"]))
PRICE = Target("price")


def read(source, encoding=TWO, target=PRICE, *, unseen="error", **options):
    """All features and targets of the source, and the encoder."""
    encoder = RowEncoder(encoding, unseen)
    found = list(new_blocks(source, encoder, target, **options))
    X = np.concatenate([features for features, _ in found])
    y = [targets for _, targets in found]
    return X, None if y[0] is None else np.concatenate(y), encoder


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def failure(source, *arguments, **options):
    with pytest.raises(DataError) as caught:
        read(source, *arguments, **options)
    return str(caught.value)


def test_blocks_are_joined_in_order_with_their_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(new_csv, "BLOCK_CELLS", 1)  # blocks of 64 rows
    lines = [f"{2 * row},{row}" for row in range(1000)]
    path = written(tmp_path / "new.csv", "\n".join(["b,a", *lines]))
    X, y, _ = read(path)
    assert y is None
    assert_array_equal(X, [[row, 2 * row] for row in range(1000)])
    # The header is line 1, so that row 700 from 0 is line 702.
    lines[700] = "1,oops"
    written(path, "\n".join(["b,a", *lines]))
    assert failure(path).startswith(f"error: {path}:702 a: 'oops' is not a number")


def test_lines_are_counted_over_quoted_breaks_and_blank_lines(tmp_path):
    path = written(tmp_path / "new.csv", 'a,b,note\n1,2,"two\nlines"\n\n3,x,\n')
    assert failure(path).startswith(f"error: {path}:5 b: 'x' is not a number")


def test_semicolons_with_decimal_commas(tmp_path):
    path = written(tmp_path / "new.csv", "a;b\n1,5;2\n-0,25;1e3\n")
    assert_array_equal(read(path)[0], [[1.5, 2], [-0.25, 1000]])


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("220,123 €", "12"), (220.123, 12)),  # only the training data say that , is decimal
        (("1.200", "12,5"), (1200, 12.5)),
        (("1,200", "12.5"), (1200, 12.5)),  # the file itself says the opposite
        (("1,234,567", "5,678"), (1234567, 5678)),
    ],
)
def test_an_unclear_comma_means_what_it_meant_in_training(tmp_path, separator, cells, numbers):
    marked = tuple(SourceColumn(name, form="marked") for name in "ab")
    path = written(tmp_path / "new.csv", f"a{separator}b\n{separator.join(cells)}\n")
    assert_array_equal(read(path, Encoding(marked, decimal=","))[0], [numbers])


def test_a_sign_that_neither_the_file_nor_the_training_decides_is_asked_for(tmp_path):
    path = written(tmp_path / "new.csv", "a;b\n1,200;12\n")
    assert "may be 1.200 or 1200" in failure(path)
    points = written(tmp_path / "points.csv", "a;b\n1.200;12\n")
    assert "may be 1.200 or 1200" in failure(points, Encoding(TWO.columns, decimal=","))
    assert_array_equal(read(points)[0], [[1.2, 12]])
    plain = written(tmp_path / "plain.csv", "a,b\n1.200,12\n")
    assert_array_equal(read(plain, Encoding(TWO.columns, decimal=","))[0], [[1.2, 12]])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n1,1_000\n", "2 b: '1_000' is not a number"),
        ("a,b\n1,2\n-inf,2\n", "3 a: the value is infinite"),
        ('a,b\n1,"2\n', "2: this row cannot be read: unexpected end of data"),
    ],
)
def test_wrong_cells(tmp_path, text, what):
    path = written(tmp_path / "new.csv", text)
    assert failure(path).startswith(f"error: {path}:{what}")


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "new.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100 + b"\xff,2\n")
    assert failure(path).startswith(
        f"error: {path}:102: is not UTF-8 text: the byte 0xff in this line is wrong"
    )


def test_a_file_without_a_header_has_the_columns_of_the_training_file(tmp_path):
    target = Target("x1")
    whole = written(tmp_path / "whole.csv", "1,7,3\n4,8,6\n")
    X, y, _ = read(whole, POSITIONS, target, labelled=True)
    assert_array_equal(X, [[1, 3], [4, 6]])
    assert_array_equal(y, [7, 8])
    # Without the target the third column is the second one.
    assert_array_equal(read(written(tmp_path / "new.csv", "1,3\n4,6\n"), POSITIONS, target)[0], X)


def test_a_first_row_of_text_is_no_header_if_training_had_none(tmp_path):
    encoding = Encoding((SourceColumn("x0", ("blue", "red")), SourceColumn("x1")))
    path = written(tmp_path / "new.csv", "red,NA\nblue,2\n")
    encoding = Encoding(encoding.columns, fill=np.zeros(3))
    X, _, encoder = read(path, encoding, Target("x2"))
    assert_array_equal(X, [[0, 1, np.nan], [1, 0, 2]])
    assert encoder.filled == {"x1": 1}


def test_one_row_of_text_is_no_header_if_training_had_none(tmp_path):
    encoding = Encoding((SourceColumn("x0", ("blue", "red")), SourceColumn("x1", ("big", "small"))))
    X, _, _ = read(written(tmp_path / "new.csv", "red,big\n"), encoding, Target("x2"))
    assert_array_equal(X, [[0, 1, 1, 0]])


@pytest.mark.parametrize(
    ("text", "encoding", "message"),
    [
        ("a,b\n", TWO, ": has a header but no examples\nhint: add a row for each example"),
        ("x0,x2\n", POSITIONS, ": has a header but no examples\nhint: add a row for each example"),
        # Training had no header, so this is a wrong cell.
        (
            "x,1\n2,3\n4,5\n",
            POSITIONS,
            ":1 x0: 'x' is not a number\nhint: this column had numbers ",
        ),
    ],
)
def test_the_hints_for_new_rows_name_no_key_of_the_training_data(tmp_path, text, encoding, message):
    """The command and the function that predict have no `header`."""
    path = written(tmp_path / "new.csv", text)
    found = failure(path, encoding, Target("x1"))
    assert found.startswith(f"error: {path}{message}")
    assert "header:" not in found


def test_categories_are_compared_without_the_spaces_around_them(tmp_path):
    encoding = Encoding((SourceColumn("c", ("1", "2", "3+")),), fill=np.zeros(3))
    path = written(tmp_path / "new.csv", "c,d\n 3+ ,0\n1 ,0\nnan,0\n?,0\n9,0\n")
    X, _, encoder = read(path, encoding, unseen="ignore")
    gap = [np.nan] * 3
    assert_array_equal(X, [[0, 0, 1], [1, 0, 0], gap, gap, [0, 0, 0]])
    assert (encoder.filled, encoder.ignored) == ({"c": 2}, {"c": 1})
    assert "c: training did not see the value '9'" in failure(path, encoding)


def test_npy_files(tmp_path):
    X = np.arange(6, dtype=np.float32).reshape(3, 2)
    y = np.array([7, 8, 9])
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "last.npy", np.column_stack([X, y]))
    np.save(tmp_path / "first.npy", np.column_stack([y, X]))
    assert_array_equal(read(tmp_path / "X.npy")[0], X)
    for name, column in (("last", 2), ("first", 0)):
        target = Target(f"column {column}")
        for labelled in (False, True):
            found = read(tmp_path / f"{name}.npy", TWO, target, labelled=labelled)
            assert_array_equal(found[0], X)
        assert_array_equal(found[1], y)
    found = read(tmp_path / "X.npy", labelled=True, targets=tmp_path / "y.npy")
    assert_array_equal(found[1], y)
    assert "has the shape (3, 3), but the model needs 2 columns" in failure(tmp_path / "last.npy")
    assert failure(tmp_path / "X.npy", labelled=True) == (
        f"error: {tmp_path / 'X.npy'}: has no targets\n"
        "hint: the targets are in a second file: give its path as `targets`"
    )
    message = failure(tmp_path / "X.npy", labelled=True, targets=tmp_path / "X.npy")
    assert "has the shape (3, 2), but there are 3 rows" in message


def test_booleans_of_the_target_in_another_spelling():
    cells = ["True", "yes", "F", "NO", "off"]
    codes = Target("y", ("yes", "no")).encode(cells, str)
    assert codes.tolist() == [0, 0, 1, 1, 1]
    # These classes are no booleans, so that true is another class.
    for classes in (("no", "maybe"), ("n", "y", "z"), ("f", "y")):
        with pytest.raises(DataError, match="did not see the class 'true'"):
            Target("y", classes).encode(["true"], str)


def test_npz_files(tmp_path):
    X = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "new.npz", X=X, y=[1, 0, 1])
    target = Target("y", ("no", "yes"))
    assert_array_equal(read(tmp_path / "new.npz", TWO, target)[0], X)
    assert "training did not see the class '1'" in failure(
        tmp_path / "new.npz", TWO, target, labelled=True
    )
    target = Target("y", ("0", "1"), numbered=True)
    assert_array_equal(read(tmp_path / "new.npz", TWO, target, labelled=True)[1], [1, 0, 1])
    np.savez(tmp_path / "other.npz", Z=X)
    assert "contains no array 'X'" in failure(tmp_path / "other.npz")


def test_idx_files(tmp_path):
    pixels = struct.pack(">4B3I", 0, 0, 8, 3, 3, 1, 2) + bytes(range(6))
    (tmp_path / "images-ubyte.gz").write_bytes(gzip.compress(pixels))
    (tmp_path / "labels-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 3) + bytes([4, 2, 4]))
    path = tmp_path / "images-ubyte.gz"
    assert_array_equal(read(path)[0], [[0, 1], [2, 3], [4, 5]])
    target = Target("label", ("2", "4"), numbered=True)
    options = {"labelled": True, "targets": tmp_path / "labels-ubyte"}
    assert_array_equal(read(path, TWO, target, **options)[1], [1, 0, 1])


def test_more_columns_than_a_sentence_can_name(tmp_path):
    names = [f"c{column}" for column in range(30)]
    path = written(tmp_path / "new.csv", f"a,b,{','.join(names)}\n{','.join('1' * 32)}\n")
    note = "ignored 30 columns that the model does not use: " + ", ".join(names[:10])
    assert read(path)[2].notes == [f"{note} and 20 more"]
    # An error names all that are missing.
    assert ", ".join(names) in failure(
        written(tmp_path / "few.csv", "a,b\n1,2\n"), Encoding(columns_of_numbers(names))
    )


@pytest.mark.longer
@pytest.mark.parametrize("rows", [1, 511, 512, 513, 2000])
@pytest.mark.parametrize("wide", [1, 90])
def test_blocks_of_rows_become_the_features_of_each_row(rows, wide):
    rng = np.random.default_rng(0)
    numbers = [rng.standard_normal(rows) for _ in range(wide)]
    codes = rng.choice([0.0, 1.0, 2.0, -1.0, np.nan], rows)
    labels = SourceColumn("city", ("a", "b", "c"))
    columns = [*columns_of_numbers([f"x{j}" for j in range(wide)]), labels]
    X = encoded(columns, [*numbers, codes])
    assert (X.shape, X.dtype, X.flags.c_contiguous) == ((rows, wide + 3), np.float64, True)
    for row in range(rows):
        code = codes[row]
        hot = [np.nan] * 3 if np.isnan(code) else [float(code == each) for each in range(3)]
        assert_array_equal(X[row], [*(column[row] for column in numbers), *hot])
