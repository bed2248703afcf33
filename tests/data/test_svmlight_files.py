"""svmlight files: what scikit-learn writes is read exactly; each wrong line is named."""

import gzip
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdrun.data import Encoding, load_table, svmlight_files
from gdrun.data.encoding import columns_of_numbers
from gdrun.data.new_data import new_blocks
from gdrun.data.new_rows import RowEncoder
from gdrun.data.new_targets import Target
from gdrun.errors import DataError

# Lines by hand: features 1 to 4; the second row has no value, the third a comment.
LINES = """# made by hand
+1 1:0.5 4:-2e-3 # first

-1
3.5\t2:7  3:.25\t#x 9:9
"""
X = [[0.5, 0, 0, -0.002], [0, 0, 0, 0], [0, 7, 0.25, 0]]
Y = [1, -1, 3.5]


def read(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_table({"path": str(path)})


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["\n", ""])
@pytest.mark.parametrize("block", [1, 7, 2**20])
def test_lines_by_hand(tmp_path, monkeypatch, ends, last, block):
    monkeypatch.setattr(svmlight_files, "BLOCK_BYTES", block)
    text = LINES.rstrip("\n").replace("\n", ends) + last
    table = read(tmp_path / "a.svm", text)
    assert_array_equal(table.X, X)
    assert_array_equal(table.y, Y)
    assert table.feature_names == ("x1", "x2", "x3", "x4")
    assert (table.target_name, table.notes) == ("target", ())


def test_each_ending_compression_and_a_pattern(tmp_path):
    for name in ("a.svm", "b.svmlight", "c.libsvm"):
        assert_array_equal(read(tmp_path / name, LINES).X, X)
        packed = gzip.compress(LINES.encode())
        assert_array_equal(read(tmp_path / f"{name}.gz", packed).X, X)
    (tmp_path / "two.svm").write_text("2 1:1\n", encoding="utf-8")
    table = load_table({"path": str(tmp_path / "*.svm")})
    assert_array_equal(table.X, [*X, [1, 0, 0, 0]])
    assert_array_equal(table.y, [*Y, 2])


def test_query_identifiers_are_left_out_and_said(tmp_path):
    table = read(tmp_path / "a.svm", "1 qid:3 1:5\n2 qid:4 2:6\n3 qid:4\n")
    assert_array_equal(table.X, [[5, 0], [0, 6], [0, 0]])
    assert table.notes == ("left out the query identifiers (qid:)",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2 1:5", "has several targets, '1,2': the file is multilabel"),
        ("1:5 2:6", "begins with a feature, not with a number"),
        ("yes 1:5", "has the target 'yes', not with a number"),
        ("nan 1:5", "has the target 'nan'"),
        ("1 1:5 7", "'7' is not a feature"),
        ("1 1:2:3 4", "the value of '1:2:3' is not a finite number"),
        ("1 1: 5", "the value of '1:' is not a finite number"),
        ("1 :5", "':5' is not a feature"),
        ("1 -1:5", "'-1:5' is not a feature"),
        ("1 a:5", "'a:5' is not a feature"),
        ("1 1:nan", "the value of '1:nan'"),
        ("1 1:inf", "the value of '1:inf'"),
        ("1 1:1_0", "the value of '1:1_0'"),
        ("1 1:x", "the value of '1:x'"),
        ("1 1:3\0", "the value of '1:3\\x00'"),
        ("1\0 1:3", "has the target '1\\x00', not with a number"),
        ("1 2:5 2:6", "the index 2 comes after 2"),
        ("1 3:5 2:6", "the index 2 comes after 3"),
        ("1 99999999999:6", "'99999999999:6' is not a feature"),
        ("1 1.5:6", "'1.5:6' is not a feature"),
    ],
)
@pytest.mark.parametrize("block", [5, 2**20])
def test_a_wrong_line_is_named(tmp_path, monkeypatch, line, said, block):
    monkeypatch.setattr(svmlight_files, "BLOCK_BYTES", block)
    path = tmp_path / "a.svm"
    with pytest.raises(DataError) as caught:
        read(path, f"# one\n1 1:5\n\n{line}\n1 1:5\n")
    (problem,) = caught.value.problems
    assert problem.where == f"{path}:4"
    assert said in problem.what
    assert problem.hint


def test_files_without_rows_or_values(tmp_path):
    with pytest.raises(DataError, match="has no rows"):
        read(tmp_path / "a.svm", "# nothing\n")
    with pytest.raises(DataError, match="has no value that is not 0"):
        read(tmp_path / "b.svm", "1\n2\n")


@pytest.mark.longer
def test_a_table_that_is_too_large_is_refused_with_its_size(tmp_path):
    # 2 rows of a million features take 16 MB with their zeros; 300 rows take 2.4 GB.
    rows = "1 1:5 1000000:3\n"
    assert read(tmp_path / "a.svm", rows * 2).X.shape == (2, 1_000_000)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "b.svm", rows * 300)
    assert (
        "has 300 rows of 1,000,000 features with 600 nonzero values; as a dense table they need "
        "2.4 GB, and gdrun reads up to 2.1 GB"
    ) in str(caught.value)


def test_new_rows_have_the_features_of_training_by_their_index(tmp_path, monkeypatch):
    monkeypatch.setattr(svmlight_files, "BLOCK_BYTES", 11)
    # The model has features 3 and 1, in this order; 2 and 9 are others.
    path = tmp_path / "new.svm"
    path.write_text("7 1:10 2:20 3:30\n8\n9 3:3 9:1\n", encoding="utf-8")
    encoder = RowEncoder(Encoding(columns_of_numbers(["x3", "x1"])))
    found = list(new_blocks(path, encoder, Target("target"), labelled=True))
    assert_array_equal(np.concatenate([X for X, _ in found]), [[30, 10], [0, 0], [3, 0]])
    assert_array_equal(np.concatenate([y for _, y in found]), [7, 8, 9])
    assert encoder.extra == ("x2", "x9")
    encoder = RowEncoder(Encoding(columns_of_numbers(["area", "x1"])))
    with pytest.raises(DataError, match="features by number only, but the model needs area"):
        list(new_blocks(path, encoder, Target("target")))


@pytest.mark.longer
def test_random_lines_against_a_slow_loop(tmp_path, monkeypatch):
    # Any mixture of tokens is read as the slow parser does, or refused where it refuses.
    rng = np.random.default_rng(1)
    tokens = ["1", "-2", "1:2", "2:3.5", "7:1e2", ":", "1:", ":2", "1:2:3", "#", " ", "\t", "0:4"]
    path, refused = tmp_path / "a.svm", 0
    for _ in range(150):
        lines = [
            " ".join(["3 1:4", *rng.choice(tokens, rng.integers(0, 3))])
            for _ in range(rng.integers(1, 4))
        ]
        if rng.random() < 0.3:
            lines.append(" ".join(rng.choice(tokens, 2)))
        wanted = [slow(line) for line in lines]
        good = all(row is not None for row in wanted)
        rows = [row for row in wanted if row]
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            table = load_table({"path": str(path)})
        except DataError as error:
            refused += 1
            assert not good or "has no" in str(error)
            continue
        assert good
        first = int(table.feature_names[0][1:])
        for x, y, (target, features) in zip(table.X, table.y, rows, strict=True):
            assert y == target
            assert {at + first: v for at, v in enumerate(x.tolist()) if v} == features
    assert 30 < refused < 120


def slow(line):
    """The target and the features of a line, () for an empty one, None for a wrong one."""
    fields = line.partition("#")[0].split()
    if not fields:
        return ()
    try:
        target = float(fields[0])
        pairs = [field.split(":") for field in fields[1:]]
        features = [(int(index), float(value)) for index, value in pairs]
    except ValueError:
        return None
    rising = all(a < b for (a, _), (b, _) in pairwise(features))
    return (target, dict(features)) if rising else None
