"""Files that another program changes while gdrun reads them or trains on them."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.data import load_table, new_data, queries
from gdrun.data.arrow_files import opened_arrow
from gdrun.data.column_statistics import column_statistics
from gdrun.data.npy_files import read_npy
from gdrun.data.sources import READERS
from gdrun.data.unchanged_files import unchanged_files
from gdrun.engine.listeners import Listener
from gdrun.errors import DataError
from gdrun.mapped_files import mapped, require_unchanged
from gdrun.runs.session import Session

ROWS = 20_000


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, 10))
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", (X[:, 0] > 0).astype(np.int64))
    return tmp_path


def test_pages_that_are_gone_read_as_an_error(folder):
    # Without the handler this process would end with SIGBUS.
    file = folder / "X.npy"
    with file.open("rb") as opened:
        array = mapped(opened, np.dtype(float), (ROWS, 10), offset=128)
    require_unchanged(array)
    os.truncate(file, 100_000)
    assert np.isfinite(array[::7].sum())
    with pytest.raises(DataError, match=r"became shorter, from 1,600,128 to 100,000 bytes"):
        require_unchanged(array[5:9, 1:])


def test_several_threads_may_read_lost_pages(folder):
    table = read_npy(folder / "X.npy", str(folder / "y.npy"))
    os.truncate(folder / "X.npy", 128)
    with pytest.raises(DataError, match="became shorter"):
        column_statistics(table.X, np.ones(ROWS, dtype=bool), "X.npy")
    with pytest.raises(DataError, match="became shorter"):
        _ = table.sha256


def test_another_file_under_the_same_name_changes_nothing(folder):
    table = read_npy(folder / "X.npy", str(folder / "y.npy"))
    before = table.sha256
    np.save(folder / "new.npy", np.zeros((3, 3)))
    (folder / "new.npy").replace(folder / "X.npy")
    assert table.sha256 == before


@pytest.mark.slow
def test_a_bus_error_that_is_none_of_a_mapped_file_ends_the_process(folder):
    # A read of a page beyond the end of a file that gdrun did not map.
    text = f"""
import mmap
from pathlib import Path
from gdrun.data.npy_files import read_npy
table = read_npy(Path({str(folder / "X.npy")!r}), {str(folder / "y.npy")!r})
with open({str(folder / "other")!r}, "wb+") as file:
    file.truncate(8192)
    pages = mmap.mmap(file.fileno(), 8192)
    file.truncate(0)
    print(pages[5000])
"""
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60)
    assert ended.returncode == -7, ended


CONFIG = {"model": "logistic", "stopping": {"epochs": 30}, "log": {"points": "all"}}


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("variant", ["bgd", "mbgd"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: os.truncate(file, 5000), "became shorter"),
        (lambda file: os.truncate(file, 10**7), "was changed"),
        (os.utime, "was changed"),
    ],
    ids=["shorter", "longer", "written"],
)
def test_a_change_during_the_training(folder, change, words, variant, engine):
    class Changing(Listener):
        def evaluated(self, progress, readings):
            if progress.epoch == 2:
                change(folder / "X.npy")

    config = {
        **CONFIG,
        "engine": engine,
        "variant": variant,
        "dataset": {"path": str(folder / "X.npy"), "targets": str(folder / "y.npy")},
    }
    session = Session([load(config)], out=folder / "runs")
    with pytest.raises(DataError, match=words):
        session.run([Changing()])
    (run,) = (folder / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert record["stop"]["epoch"] >= 2
    assert words in record["stop"]["message"]
    read = gdrun.read_run(run)
    assert read.verdict.startswith(f"interrupted: {folder / 'X.npy'}: {words}")
    assert read.evals["epoch"].tolist()[:3] == [0, 1, 2]
    assert np.isfinite(read.evals["train_loss"]).all()
    assert not (run / "traceback.txt").exists()


@pytest.mark.slow
def test_the_command_ends_with_an_error_and_its_exit_code(folder):
    command = ["train", "dataset.path=X.npy", "dataset.targets=y.npy", "model=logistic"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrun", *command, "epochs=100000", "-q"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(folder.glob("runs/*/trace.jsonl")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.truncate(folder / "X.npy", 200)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert output == ""
    assert errors == (
        "error: X.npy: became shorter, from 1,600,128 to 200 bytes, while gdrun read it\n"
        "hint: wait until no other program writes to the file, or train on a copy of it\n"
    )


def changing(monkeypatch, ending, change):
    """Let the reader of an ending change the file directly after it has read it."""
    reader = READERS[ending]

    def read(path, **options):
        try:
            return reader.function(path, **options)
        finally:
            change(path)

    monkeypatch.setitem(READERS, ending, replace(reader, function=read))


def append(path):
    with path.open("ab") as file:
        file.write(b"7,8\n")


@pytest.mark.longer
@pytest.mark.parametrize("change", [append, os.utime, lambda path: os.truncate(path, 6)])
def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch, change):
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n3,4\n5,6\n")
    assert len(load_table({"path": str(file)}).y) == 3
    changing(monkeypatch, ".csv", change)
    with pytest.raises(DataError, match=r"a\.csv: was changed while gdrun read it"):
        load_table({"path": str(file)})


def test_a_file_that_is_removed_while_it_is_read(tmp_path, monkeypatch):
    file = tmp_path / "a.npz"
    np.savez(file, X=np.eye(4), y=np.arange(4))
    changing(monkeypatch, ".npz", os.remove)
    with pytest.raises(DataError, match=r"a\.npz: was removed while gdrun read it"):
        load_table({"path": str(file)})


def test_the_change_is_the_reason_for_a_wrong_row(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n3,4\n5\n")
    with pytest.raises(DataError, match=r"a\.csv:4"):
        load_table({"path": str(file)})
    changing(monkeypatch, ".csv", append)
    with pytest.raises(DataError, match=r"a\.csv: was changed while gdrun read it"):
        load_table({"path": str(file)})


def test_each_file_of_a_pattern_and_the_targets(folder, monkeypatch):
    for name in ("1.csv", "2.csv"):
        (folder / name).write_text("a,b\n1,2\n3,4\n5,6\n")
    changing(monkeypatch, ".csv", lambda path: append(folder / "2.csv"))
    with pytest.raises(DataError, match=r"2\.csv: was changed"):
        load_table({"path": str(folder / "*.csv")})
    changing(monkeypatch, ".npy", lambda path: os.utime(folder / "y.npy"))
    with pytest.raises(DataError, match=r"y\.npy: was changed"):
        load_table({"path": str(folder / "X.npy"), "targets": str(folder / "y.npy")})


def test_the_files_of_a_query(tmp_path, monkeypatch):
    file = tmp_path / "it's.csv"
    file.write_text("a,b\n1,2\n3,4\n5,6\n")
    options = {"query": "SELECT a, b FROM 'it''s.csv'", "folder": str(tmp_path)}
    assert len(load_table(options).y) == 3
    read = queries.typed_table
    monkeypatch.setattr(queries, "typed_table", lambda *of: append(file) or read(*of))
    with pytest.raises(DataError, match=r"it's\.csv: was changed while gdrun read it"):
        load_table(options)


def test_new_rows_for_a_model(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("a,b\n" + "".join(f"{k},{2 * k}\n" for k in range(40)))
    model = gdrun.train(
        {
            "model": "linear",
            "variant": "bgd",
            "dataset": {"path": str(file)},
            "stopping": {"epochs": 1},
        }
    ).model
    read = new_data.NEW_ROWS["csv"]

    def then_change(new):
        yield from read(new)
        append(file)

    monkeypatch.setitem(new_data.NEW_ROWS, "csv", then_change)
    with pytest.raises(DataError, match=r"a\.csv: was changed while gdrun read it"):
        model.predict(file)


@pytest.mark.parametrize("size", [0, 500, 4096])
def test_an_arrow_file_that_shrinks_after_it_was_opened(tmp_path, size):
    pa = pytest.importorskip("pyarrow")
    file = tmp_path / "a.arrow"
    table = pa.table({"a": np.arange(5000.0), "b": np.arange(5000.0)})
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with (
        pytest.raises(DataError, match=r"a\.arrow: was changed while gdrun read it"),
        unchanged_files(file),
        opened_arrow(file) as (database, source),
    ):
        os.truncate(file, size)
        # Without the handler this would end the process.
        database.execute(f"SELECT sum(a) FROM {source}").fetchall()
