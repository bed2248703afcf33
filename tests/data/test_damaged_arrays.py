"""Damaged NPZ, NPY and IDX files: a DataError, or the exact data; nothing else."""

import gzip
import io
import os
import struct
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdrun.data import load_table
from gdrun.data.saved_arrays import archived_arrays, mapped_array
from gdrun.errors import DataError

X = np.arange(12.0).reshape(6, 2) / 7
y = np.array([0, 1, 2, 0, 1, 2])
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", METHODS[method]) as archive:
        archive.writestr(zipfile.ZipInfo("X.npy"), npy(X), METHODS[method])
        archive.writestr(zipfile.ZipInfo("y.npy"), npy(y), METHODS[method])
    return stream.getvalue()


def mutations(data, seed, number=250):
    """Cuts at every 9th byte, and files with one to four bytes or a whole range changed."""
    yield from (data[:end] for end in range(0, len(data), 9))
    rng = np.random.default_rng(seed)
    for _ in range(number):
        changed = bytearray(data)
        at = int(rng.integers(len(data)))
        width = int(rng.choice([1, 1, 2, 4, 40]))
        fill = rng.choice(["random", "zero", "ones", "bit"])
        for place in range(at, min(at + width, len(data))):
            changed[place] = {
                "random": int(rng.integers(256)),
                "zero": 0,
                "ones": 255,
                "bit": changed[place] ^ 1 << int(rng.integers(8)),
            }[fill]
        yield bytes(changed)


@pytest.mark.longer
@pytest.mark.parametrize("method", METHODS)
def test_an_npz_with_any_damage_is_refused_or_exact(tmp_path, method):
    # Each member has a checksum, so changed values must be noticed.
    path, refused = tmp_path / "a.npz", 0
    for damaged in mutations(npz(method), seed=len(method)):
        path.write_bytes(damaged)
        try:
            table = load_table({"path": str(path)})
        except DataError as error:
            refused += 1
            assert all(problem.where for problem in error.problems)
        else:
            assert_array_equal(table.X, X)
            assert_array_equal(table.y, y)
    assert refused > 100


@pytest.mark.longer
def test_an_npy_with_any_damage_is_refused_or_has_the_size_of_its_header(tmp_path):
    # An NPY file has no checksum: changed values cannot be noticed, but a changed size must be.
    path = tmp_path / "a.npy"
    for damaged in mutations(npy(X), seed=1, number=600):
        path.write_bytes(damaged)
        try:
            array = mapped_array(path)
        except DataError:
            continue
        assert array.nbytes == X.nbytes
        assert array.dtype.kind in "biuf"


@pytest.mark.longer
def test_an_idx_file_with_any_damage_is_refused_or_has_its_shape(tmp_path):
    pixels = np.arange(24, dtype=np.uint8)
    head = bytes([0, 0, 8, 3]) + struct.pack(">III", 6, 2, 2)
    (tmp_path / "y.idx").write_bytes(bytes([0, 0, 8, 1]) + struct.pack(">I", 6) + bytes(6))
    path = tmp_path / "x.idx"
    for pack in (bytes, gzip.compress):
        for damaged in mutations(pack(head + pixels.tobytes()), seed=2, number=300):
            path.write_bytes(damaged)
            try:
                table = load_table({"path": str(path), "targets": str(tmp_path / "y.idx")})
            except DataError:
                continue
            assert table.X.shape == (6, 4)


def header(text, version=(1, 0)):
    """The header of an NPY file with this text."""
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes(version) + size + text.encode() + b"\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "need"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (10, 3)}", "is incomplete: 10 × 3"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", "is too long: 1 × 1 values"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -1)}", "is not a file of NumPy"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': " + "(1," * 90, "is not a file of"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 70 + ")}", "is not a file"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, ", "is not a file of NumPy"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (3, 1)}", "contains Python objects"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3, 1)}", "several fields"),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (3, 1)}", "is incomplete"),
        ("{'descr': '<M8[D]', 'fortran_order': False, 'shape': (3, 1)}", "dtype datetime64[D]"),
        ("[1, 2]", "is not a file of NumPy"),
    ],
)
def test_headers_that_do_not_fit(tmp_path, text, said):
    values = np.arange(3.0).tobytes()
    (tmp_path / "a.npy").write_bytes(header(text) + values)
    with pytest.raises(DataError) as caught:
        mapped_array(tmp_path / "a.npy")
    assert said in str(caught.value)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X.npy", header(text) + values)
    with pytest.raises(DataError):
        load_table({"path": str(tmp_path / "a.npz")})


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_headers_of_each_version_and_of_python_2(tmp_path, version):
    # Python 2 wrote whole numbers as 3L. NumPy warns about it, which a user cannot change.
    for text in (
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 2L), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }",
    ):
        (tmp_path / "a.npy").write_bytes(header(text, version) + np.arange(6.0).tobytes())
        assert_array_equal(mapped_array(tmp_path / "a.npy"), np.arange(6.0).reshape(3, 2))


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "|b1", ">i8", "<u2", "|i1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_dtype_and_order_comes_back_exactly(tmp_path, dtype, order):
    array = np.array([[1, 0, 3], [0, 5, 6]], dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", X=array, y=np.array(["a", "b"]))
    assert_array_equal(mapped_array(tmp_path / "a.npy"), array, strict=True)
    found, names = archived_arrays(tmp_path / "a.npz", ("X", "y", "z"))
    assert names == ["X", "y"]
    assert_array_equal(found["X"], array, strict=True)
    assert found["y"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        # Bit 0 of the flags: the member is encrypted. Bit 5: it holds a patch.
        ("flags", 0x01, "is encrypted"),
        ("flags", 0x20, "compressed in a way"),
        # Method 99 is no kind of compression that Python knows.
        ("method", 99, "compressed in a way"),
    ],
)
def test_members_that_python_cannot_read(tmp_path, place, value, said):
    data = bytearray(npz("stored"))
    # The flags are at byte 6 of a local header and 8 of an entry of the directory; the method
    # follows them.
    offset = 0 if place == "flags" else 2
    for signature, start in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + start + offset] = value
            at = data.find(signature, at + 1)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DataError) as caught:
        load_table({"path": str(tmp_path / "a.npz")})
    assert said in str(caught.value)


def test_text_that_is_not_unicode(tmp_path):
    codes = np.full(6, 0x110000, dtype=np.uint32).view("<U1")
    np.savez(tmp_path / "a.npz", X=X, y=codes)
    with pytest.raises(DataError, match="characters that do not exist in Unicode"):
        load_table({"path": str(tmp_path / "a.npz")})


def test_an_idx_file_with_too_many_dimensions(tmp_path):
    (tmp_path / "x.idx").write_bytes(bytes([0, 0, 8, 65]) + struct.pack(">I", 1) * 65 + b"\1")
    with pytest.raises(DataError, match="has 65 dimensions; an array has at most 64"):
        load_table({"path": str(tmp_path / "x.idx"), "targets": "y.idx"})


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.csv.gz", "a.parquet", "a.jsonl"])
def test_a_named_pipe_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="is not a regular file"):
        load_table({"path": str(tmp_path / name)})


def test_a_named_pipe_as_targets_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    os.mkfifo(tmp_path / "pipe.idx")
    np.save(tmp_path / "X.npy", X)
    for path, targets in (("X.npy", "pipe.npy"), ("pipe.idx", "pipe.idx")):
        with pytest.raises(DataError, match="is not a regular file"):
            load_table({"path": str(tmp_path / path), "targets": str(tmp_path / targets)})
