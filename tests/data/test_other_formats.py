"""Files that no reader fits are named for what they are."""

import re
import subprocess
import sys

import numpy as np
import pandas
import pytest

from gdrun.data import load_table
from gdrun.data.other_formats import WHAT_IT_IS
from gdrun.data.sources import READERS
from gdrun.errors import DataError


def refusal(path):
    with pytest.raises(DataError) as caught:
        load_table({"path": str(path), "target": "y"})
    return str(caught.value)


@pytest.mark.parametrize("ending", WHAT_IT_IS)
def test_each_format_says_what_it_is_and_what_to_do(ending):
    first, second = refusal(f"Train{ending.upper()}").splitlines()
    assert first.startswith(f"error: Train{ending.upper()}: is a")
    assert WHAT_IT_IS[ending][0] in first
    assert second == f"hint: {WHAT_IT_IS[ending][1]}"
    assert not any(f"train{ending}".endswith(known) for known in READERS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.xlsx", "is an Excel workbook, which gdrun cannot read"),
        ("a.pkl", "is a pickle, which gdrun does not load because it can run code"),
        ("a.tar.gz", "is an archive, which gdrun cannot read"),
        ("a.foo", "is a file with the ending .foo, which gdrun cannot read"),
        ("a", "is a file without an ending, which gdrun cannot read"),
    ],
)
def test_some_in_full(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"")
    assert refusal(name).splitlines()[0] == f"error: {name}: {said}"


def test_directories(tmp_path):
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "images" / "cat" / "1.png").touch()
    assert "is a directory of images, which gdrun cannot read" in refusal(tmp_path / "images")
    (tmp_path / "tables").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "tables" / name).touch()
    assert refusal(tmp_path / "tables").endswith(f"{tmp_path}/tables/*.csv")
    assert "is a directory, not a file" in refusal(tmp_path)


@pytest.mark.longer
def test_only_table_files_import_duckdb():
    code = (
        "import sys, gdrun, gdrun.cli, gdrun.data.sources; from gdrun.data import load_table; "
        "load_table({'name': 'iris'}); print('duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_word_that_is_neither_a_file_nor_a_dataset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = refusal("rings").splitlines()
    assert lines[0] == "error: rings: does not exist"
    assert lines[1].endswith("; `gdrun list datasets` shows the datasets with a name")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("ending", "write"),
    [
        (".pkl", lambda frame, path: frame.to_pickle(path)),
        (".dta", lambda frame, path: frame.to_stata(path)),
        (".orc", lambda frame, path: frame.to_orc(path)),
        (".pt", lambda frame, path: path.write_bytes(b"PK")),
        (".png", lambda frame, path: path.write_bytes(b"\x89PNG")),
        (".xlsx", lambda frame, path: path.write_bytes(b"PK")),
        (".ods", lambda frame, path: path.write_bytes(b"PK")),
    ],
)
def test_the_way_that_is_given_works(tmp_path, monkeypatch, ending, write):
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame({"a": [1.5, 2.25, 3], "b": [4, 5.5, 7], "y": [0.5, 1, 2.5]})
    write(frame, tmp_path / f"train{ending}")
    hint = refusal(f"train{ending}").splitlines()[-1]
    X, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    images, labels = X, y
    if "CSV" in hint:
        # What a spreadsheet program saves as "CSV UTF-8": with a byte order mark.
        frame.to_csv("given.csv", index=False, encoding="utf-8-sig")
        given = "given.csv"
    else:
        # The Python code of the hint, as it is written there.
        code = re.search(r"(frame|numpy)\.\w+\('(train\.\w+)'[^)]*\)", hint)
        known = {"frame": frame, "numpy": np, "X": X, "y": y, "images": images, "labels": labels}
        eval(code[0], known)
        given = code[2]
    table = load_table({"path": given})
    np.testing.assert_array_equal(table.X, X)
    np.testing.assert_array_equal(table.y, y)
