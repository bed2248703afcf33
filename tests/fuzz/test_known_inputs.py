"""Inputs that are made to fill the memory or to take for ever: each is refused, fast and small."""

import gzip
import io
import pickle
import resource
import struct
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gdrun
from fuzz.judging import refusal
from gdrun.config.loading import load
from gdrun.data import expansion
from gdrun.data.inspection import inspect_data

MEMORY = 2**30
"""The bytes of address space that a refusal may take: 1 GiB."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A directory of its own for each test."""
    monkeypatch.chdir(tmp_path)


def answer(call):
    """The text of the error that refuses an input, in little time and memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    statm = Path("/proc/self/statm")
    if statm.exists():
        size = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, hard))
    try:
        error = refusal(call)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert error is not None, "the input is accepted"
    return str(error)


def inspected(name, content, **options):
    """The answer to a data file with this name and content."""
    Path(name).write_bytes(content)
    return answer(lambda: inspect_data({"path": name, **options}))


def npy(shape, descr="<f8", values=b""):
    """An NPY file, after the description of the format in numpy.lib.format."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def npz(method=zipfile.ZIP_DEFLATED, **members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def test_a_config_of_aliases_that_multiply():
    levels = "".join(f"{c}: &{c} [{', '.join(9 * [f'*{b}'])}]\n" for b, c in pairwise("abcdefghi"))
    Path("a.yaml").write_text(f"a: &a [{', '.join(9 * ['x'])}]\n{levels}")
    assert "more than 100,000 values" in answer(lambda: load("a.yaml"))


def test_a_config_in_another_encoding():
    Path("a.yaml").write_bytes("seed: 0\nname: Größe\n".encode("latin-1"))
    assert "a.yaml:2:9: the file is not UTF-8" in answer(lambda: load("a.yaml"))


@pytest.mark.longer
@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        (["lr=" + "1" * 10_000_000], "larger than"),
        (["x" * 10_000_000], "must have the form KEY=VALUE"),
        (["x" * 10_000_000 + "=1"], "unknown key"),
        (["model.hidden=[" + "1," * 5_000_000 + "1]"], "larger than"),
        ([f"k{n}=1" for n in range(1_000_000)], "there are 1,000,000 overrides"),
        ([f"optimiser.rate{n}=1" for n in range(200)], "unknown key"),
    ],
    ids=["digits", "no_equals", "key", "list", "many", "unknown_keys"],
)
def test_ten_megabytes_of_overrides(overrides, what):
    assert what in answer(lambda: load(None, overrides))


@pytest.mark.slow
@pytest.mark.parametrize("separator", [",", "\t", " "], ids=["csv", "tsv", "blanks"])
def test_a_million_columns(separator):
    header = separator.join(f"c{n}" for n in range(1_000_000))
    rows = separator.join("0" * 1_000_000)
    error = inspected("wide.csv", f"{header}\n{rows}\n{rows}\n".encode())
    assert "has 1,000,000 columns; gdrun reads up to 100,000" in error


@pytest.mark.longer
def test_a_line_without_an_end():
    error = inspected("a.csv", b"a,b\n" + b"1" * 40_000_000)
    assert "a.csv:2: this line has more than 16 MB" in error


@pytest.mark.longer
def test_a_long_row_of_many_cells():
    """It comes after the lines that are sampled, and each of its cells is short enough."""
    header = ",".join(f"c{n}" for n in range(400))
    row = ",".join("1" * 400)
    long = ",".join(["y" * 60_000] * 400)
    text = "\n".join([header, *[row] * 3000, long, row, ""])
    error = inspected("a.csv", text.encode())
    assert "a.csv:3002: this row has more than 16 MB" in error
    assert "give a text file with one row for each example" in error


@pytest.mark.parametrize("shape", [(2**50, 8), (2**62, 2**62), (2**31,) * 40])
def test_arrays_whose_headers_state_petabytes(shape):
    assert "is incomplete" in inspected("a.npy", npy(shape))
    assert "is incomplete" in inspected("a.npz", npz(X=npy(shape), y=npy((1,))))


def test_an_archive_whose_directory_states_petabytes():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("X.npy", "y.npy"):
            archive.writestr(name, npy((2**50,)))
            archive.getinfo(name).file_size = 2**53 + len(npy((2**50,)))
    assert "expands to more than 200 times" in inspected("a.npz", stream.getvalue())


def test_a_kilobyte_of_bzip2_that_expands_to_a_gigabyte(monkeypatch):
    monkeypatch.setattr(expansion, "LARGE", 2**20)
    X = npy((2**18, 8), values=bytes(2**24))
    error = inspected("a.npz", npz(zipfile.ZIP_BZIP2, X=X, y=npy((2**18,), values=bytes(2**21))))
    assert "expands to more than 200 times" in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head", "block"),
    [
        ("a.csv.gz", b"a,b\n", b"0,1\n" * 2**22),
        ("a.svm.gz", b"", b"1 2:3\n" * 2**22),
        ("a.idx.gz", bytes((0, 0, 8, 2, 0, 1, 0, 0, 0, 1, 0, 0)), bytes(2**24)),
    ],
)
def test_a_megabyte_of_gzip_that_expands_to_a_gigabyte(name, head, block):
    # A gzip file may have several parts, one after the other.
    parts = gzip.compress(head) + gzip.compress(block) * (2**30 // len(block))
    error = inspected(name, parts, **({"targets": "y.idx"} if "idx" in name else {}))
    assert "expands to more than 200 times" in error


class Harmful:
    """An object that writes a file when a pickle of it is loaded."""

    def __reduce__(self):
        return Path.touch, (Path("harm"),)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickles_are_not_loaded(name):
    stream = io.BytesIO()
    if name == "a.npy":
        np.save(stream, np.array([[Harmful()]], dtype=object), allow_pickle=True)
    else:
        np.savez(stream, X=np.array([[Harmful()]], dtype=object), y=np.zeros(1))
    assert "contains Python objects" in inspected(name, stream.getvalue())
    assert "is not a file of NumPy arrays" in inspected(name, pickle.dumps(Harmful()))
    assert not Path("harm").exists()


@pytest.mark.parametrize("length", [-5, 0, 20, 4000, 2**31 - 1])
def test_a_parquet_file_whose_footer_has_another_length(length):
    stream = io.BytesIO()
    pd.DataFrame({"a": range(30), "y": range(30)}).to_parquet(stream)
    content = stream.getvalue()[:-8] + struct.pack("<i", length) + b"PAR1"
    assert "cannot be read as Parquet" in inspected("a.parquet", content)


@pytest.mark.parametrize("sizes", [(2**32 - 1,) * 4, (2**31,), (2,) * 200])
def test_idx_files_with_sizes_that_are_not_theirs(sizes):
    Path("labels.idx").write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, 1, 7)))
    Path("images.idx").write_bytes(bytes((0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7)))
    content = bytes((0, 0, 0x0E, len(sizes))) + struct.pack(f">{len(sizes)}I", *sizes)
    for options in ({"targets": "labels.idx"}, {"path": "images.idx", "targets": "x.idx"}):
        error = inspected("x.idx", content, **options)
        assert "x.idx" in error


@pytest.mark.longer
@pytest.mark.parametrize(
    "line",
    [
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 1_000_000,
        b'{"a":' + b"[" * 120 + b"]" * 120,
    ],
    ids=["objects", "open_lists", "lists"],
)
def test_deep_nesting_in_lines_of_json(line):
    assert "a.jsonl" in inspected("a.jsonl", line + b"\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 1}}
    return gdrun.train(config, out=tmp_path_factory.mktemp("runs")).directory


@pytest.mark.longer
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[" + b"0," * 50_000_000 + b"0]", "the file is larger than 67,108,864 bytes"),
        (b'{"a":' * 100_000, "too many nested brackets"),
        (b'{"schema_version": ' + b"1" * 100_000 + b"}", "cannot be read"),
    ],
    ids=["size", "depth", "digits"],
)
def test_a_record_that_is_too_large(run, content, what):
    file = run / "run.json"
    whole = file.read_bytes()
    file.write_bytes(content)
    try:
        assert what in answer(lambda: gdrun.read_run(run))
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + "(" * 50_000,
        "SELECT 1, " + "NOT " * 900 + "true",
        "SELECT 1, 1" + " + 1" * 900,
        "SELECT '" + "x" * 10_000_000 + "', 1",
        "SELECT 'caf\udce9', 1",
    ],
    ids=["brackets", "not", "sum", "size", "bytes"],
)
def test_queries_that_cannot_be_parsed(query):
    assert answer(lambda: inspect_data({"query": query})).startswith(
        "error: dataset.query: the query"
    )
