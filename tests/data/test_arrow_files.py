"""Feather and Arrow files, written by pandas and pyarrow, and read back bit for bit."""

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from numpy.testing import assert_array_equal

from gdrun.data import load_table
from gdrun.errors import DataError, MissingExtraError

FRAME = pd.DataFrame(
    {
        "size": [70.1, 1 / 3, 1e-300, 55.0],
        "rooms": np.array([3, 1, 2**53, 4], dtype=np.int64),
        "small": np.array([1.5, 0.1, 2, 3], dtype=np.float32),
        "garden": [True, False, True, True],
        "city": pd.Categorical(["Ulm", "Köln", "Ulm", "Köln"]),
        "price": [1.5, 2.5, 3.5, 4.5],
    }
)
# Köln comes before Ulm; a float32 is exact in float64.
WANTED = np.column_stack(
    [
        *(FRAME["size"], FRAME["rooms"], FRAME["small"].astype(float), FRAME["garden"]),
        *([0, 1, 0, 1], [1, 0, 1, 0]),
    ]
).astype(float)


def write(path, kind):
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    if kind in ("lz4", "zstd", "uncompressed"):
        feather.write_feather(FRAME, path, compression=kind)
    elif kind == "pandas":
        FRAME.to_feather(path)
    else:
        new = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
            # Several batches a file.
            writer.write_table(table, max_chunksize=2)


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["pandas", "lz4", "zstd", "uncompressed", "file", "stream"])
@pytest.mark.parametrize("name", ["a.feather", "a.arrow"])
def test_a_frame_comes_back_bit_for_bit(tmp_path, kind, name):
    write(tmp_path / name, kind)
    table = load_table({"path": str(tmp_path / name)})
    assert_array_equal(table.X, WANTED)
    assert_array_equal(table.y, FRAME["price"])
    assert table.feature_names == (*("size", "rooms", "small", "garden", "city=Köln", "city=Ulm"),)


def test_the_options_of_tables(tmp_path):
    FRAME.assign(size=[70.0, None, 1.0, 2.0]).to_feather(tmp_path / "a.feather")
    path = str(tmp_path / "a.feather")
    with pytest.raises(DataError, match="1 of 4 values is missing, in row 1"):
        load_table({"path": path})
    table = load_table({"path": path, "missing": "drop", "target": "city", "ignore": "price"})
    assert [table.classes[code] for code in table.y] == ["Ulm", "Ulm", "Köln"]
    assert table.feature_names == ("size", "rooms", "small", "garden")


def test_several_files(tmp_path):
    FRAME[:2].to_feather(tmp_path / "part-1.feather")
    FRAME[2:].to_feather(tmp_path / "part-2.feather")
    table = load_table({"path": str(tmp_path / "part-*.feather")})
    assert_array_equal(table.X, WANTED)
    FRAME[["size", "price"]].to_feather(tmp_path / "part-3.feather")
    with pytest.raises(DataError, match="has other columns than"):
        load_table({"path": str(tmp_path / "part-*.feather")})


def test_columns_that_are_no_features(tmp_path):
    FRAME.assign(rooms=[[1], [2], [3], [4]]).to_feather(tmp_path / "a.feather")
    with pytest.raises(DataError, match="which are neither numbers nor text"):
        load_table({"path": str(tmp_path / "a.feather")})


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["lz4", "uncompressed", "stream"])
def test_a_file_with_any_damage_is_refused_or_read(tmp_path, kind):
    path = tmp_path / "a.arrow"
    write(path, kind)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    cuts = [whole[: int(end)] for end in np.linspace(0, len(whole) - 1, 15)]
    changes = []
    for _ in range(30):
        changed = bytearray(whole)
        changed[int(rng.integers(len(whole)))] ^= 1 << int(rng.integers(8))
        changes.append(bytes(changed))
    for damaged in cuts + changes:
        path.write_bytes(damaged)
        try:
            load_table({"path": str(path)})
        except DataError as error:
            refused += 1
            assert all(problem.where for problem in error.problems)
    assert refused > 10


def test_without_pyarrow_the_command_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.feather", "lz4")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'python -m pip install "gdrun\[arrow\]"'):
        load_table({"path": str(tmp_path / "a.feather")})


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_table({"path": str(tmp_path / "a.feather")})
