"""CIFAR-10 in bytes made by hand: 1 byte of class and 3,072 of pixels a record."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdrun.data import load_table
from gdrun.errors import DataError


def write(path, labels, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    path.write_bytes(
        b"".join(bytes([c]) + p.tobytes() for c, p in zip(labels, pixels, strict=True))
    )
    return pixels


@pytest.fixture
def folder(tmp_path):
    first = write(tmp_path / "data_batch_1.bin", [3, 0, 9], seed=1)
    second = write(tmp_path / "data_batch_2.bin", [0, 3], seed=2)
    write(tmp_path / "test_batch.bin", [9], seed=3)
    return tmp_path, np.concatenate([first, second])


@pytest.mark.parametrize("words", ["", "data_batch_*.bin"])
def test_a_directory_or_a_pattern_means_the_training_batches(folder, words):
    place, pixels = folder
    table = load_table({"path": str(place / words)})
    assert_array_equal(table.X, pixels)
    assert [table.classes[code] for code in table.y] == [
        *("cat", "airplane", "truck", "airplane", "cat"),
    ]
    # The first 1,024 pixels are red, row by row; then green; then blue.
    assert table.feature_names[:2] == ("red_0_0", "red_0_1")
    assert table.feature_names[32] == "red_1_0"
    assert table.feature_names[1024] == "green_0_0"
    assert table.feature_names[-1] == "blue_31_31"


def test_one_batch(folder):
    place, pixels = folder
    assert_array_equal(load_table({"path": str(place / "data_batch_2.bin")}).X, pixels[3:])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "its 0 bytes are not a multiple of 3,073 bytes"),
        (bytes(3072), "its 3,072 bytes are not"),
        (bytes(3073) + bytes([10]) + bytes(3072), "record 1 has the class 10, not 0 to 9"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_table({"path": str(tmp_path / "a.bin")})
    assert said in str(caught.value)
    assert "data_batch_1.bin" in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_table({"path": str(tmp_path / "data_batch_1.bin")})
