"""IDX files such as MNIST: a pair of files, plain or gzipped, and all their errors."""

import gzip
import struct

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.data import load_table
from gdrun.errors import ConfigError, DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array, kind=0x08):
    """The bytes of an IDX file, put together by hand from the format's description."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    return bytes([0, 0, kind, array.ndim]) + sizes + big_endian.tobytes()


@pytest.fixture
def pair():
    """Six pictures of 2 × 3 pixels, counted through from 0, and their labels."""
    return np.arange(36, dtype=np.uint8).reshape(6, 2, 3), np.array([3, 1, 3, 1, 7, 7], np.uint8)


def written(folder, name, data):
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(path)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_pictures_become_rows(tmp_path, pair, packed):
    X, y = pair
    path = written(tmp_path, IMAGES + packed, idx(X))
    table = load_table({"path": path, "targets": written(tmp_path, LABELS + packed, idx(y))})
    # Row by row, left to right: the second picture holds 6 … 11.
    assert table.X[1].tolist() == [6, 7, 8, 9, 10, 11]
    assert table.X.shape == (6, 6)
    assert table.y.tolist() == [3, 1, 3, 1, 7, 7]
    assert table.feature_names[4] == "pixel_1_1"
    assert table.target_name == "label"


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(0x09, "int8"), (0x0B, "int16"), (0x0C, "int32"), (0x0D, "float32"), (0x0E, "float64")],
)
def test_every_type_of_value(tmp_path, pair, kind, dtype):
    X = np.array([[-1, 2], [100, -100]], dtype=dtype)
    path = written(tmp_path, "table.idx", idx(X, kind))
    targets = written(tmp_path, "targets.idx", idx(np.array([0, 1], np.uint8)))
    assert load_table({"path": path, "targets": targets}).X.tolist() == X.tolist()


def test_a_gzipped_file_under_a_plain_name(tmp_path, pair):
    X, y = pair
    path = written(tmp_path, IMAGES, gzip.compress(idx(X)))
    table = load_table({"path": path, "targets": written(tmp_path, LABELS, idx(y))})
    assert table.X.shape == (6, 6)


BROKEN = {
    # 4 + 3 · 4 bytes of header and 36 of pixels make 52.
    "cut off": (
        lambda data: data[:-5],
        "is incomplete: 6 × 2 × 3 values need 52 bytes, but the file has 47",
    ),
    "cut in the header": (lambda data: data[:10], "is incomplete: 6 values"),
    "too long": (lambda data: data + b"x", "is too long: 6 × 2 × 3 values need 52 bytes"),
    "another format": (
        lambda data: b"\x89PNG" + data,
        "is not an IDX file: its first bytes are 89 50 4e 47",
    ),
    "an unknown type": (lambda data: b"\0\0\x0a\x03" + data[4:], "its first bytes are 00 00 0a 03"),
    "nothing": (lambda data: b"", "is not an IDX file: its first bytes are missing"),
    "a cut archive": (lambda data: gzip.compress(data)[:-9], "cannot be decompressed"),
    "a broken archive": (
        lambda data: gzip.compress(data)[:12] + b"?" * 20,
        "cannot be decompressed",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named(tmp_path, pair, case):
    X, y = pair
    broken, words = BROKEN[case]
    path = written(tmp_path, IMAGES, broken(idx(X)))
    with pytest.raises(DataError) as caught:
        load_table({"path": path, "targets": written(tmp_path, LABELS, idx(y))})
    (problem,) = caught.value.problems
    assert words in problem.what
    assert problem.where == path


def test_files_that_do_not_belong_together(tmp_path, pair):
    X, y = pair
    images, labels = written(tmp_path, IMAGES, idx(X)), written(tmp_path, LABELS, idx(y))
    short = written(tmp_path, "short-ubyte", idx(y[:5]))
    for options, words in [
        ({"path": images}, "contains examples but no targets"),
        ({"path": labels, "targets": labels}, "so it is a file of targets"),
        ({"path": images, "targets": images}, "has 3 dimensions"),
        ({"path": images, "targets": short}, "6 examples, but"),
        ({"path": images, "targets": str(tmp_path / "none-ubyte")}, "no such file"),
    ]:
        with pytest.raises(DataError, match=words):
            load_table(options)


EYE, THREE = np.eye(3), np.array([0.0, 1.0, 0.0])
HOLES = np.array([[1.0, np.nan, 0.0], [0.0, 1.0, np.inf], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("X", "y", "where", "words"),
    [
        (HOLES, THREE, "x.idx", "X has 2 missing or infinite values"),
        (EYE, HOLES[0], "y.idx", "y has 1 missing or infinite value"),
        (EYE[:0], THREE[:0], "x.idx", "X is empty: its shape is (0, 3)"),
        (np.zeros((0, 2, 3)), THREE[:0], "x.idx", "X is empty: its shape is (0, 6)"),
    ],
)
def test_what_is_wrong_within_a_file_names_it(tmp_path, X, y, where, words):
    written(tmp_path, "x.idx", idx(X, 0x0E))
    targets = written(tmp_path, "y.idx", idx(y, 0x0E))
    with pytest.raises(DataError) as caught:
        load_table({"path": str(tmp_path / "x.idx"), "targets": targets})
    (problem,) = caught.value.problems
    assert problem.where == str(tmp_path / where)
    assert problem.what.startswith(words)


def test_a_missing_file_is_told_its_neighbours(tmp_path, pair):
    images = written(tmp_path, IMAGES, idx(pair[0]))
    with pytest.raises(DataError) as caught:
        load_table({"path": images.replace("images", "image"), "targets": "labels-ubyte"})
    (problem,) = caught.value.problems
    assert (problem.what, problem.hint) == ("no such file", f"did you mean {images}?")
    with pytest.raises(DataError, match="is a directory, not a file"):
        (tmp_path / "folder-ubyte").mkdir()
        load_table({"path": str(tmp_path / "folder-ubyte"), "targets": "labels-ubyte"})


def test_a_config_knows_the_files_by_their_endings():
    dataset = {"path": f"data/{IMAGES}.gz", "targets": f"data/{LABELS}.gz"}
    experiment = resolve({"dataset": dataset, "model": "mlp"})
    assert experiment.dataset["targets"] == f"data/{LABELS}.gz"
    with pytest.raises(ConfigError, match="gdrun cannot read"):
        resolve({"dataset": {"path": "pictures.gz"}, "model": "mlp"})
