"""The files of a run: each has its documented keys, is complete, and overwrites no other file."""

import errno
import json
import os
import re
from datetime import datetime

import numpy as np
import pytest

import gdrun
from gdrun.config.document import read_document
from gdrun.config.loading import load
from gdrun.runs import directory as directories
from gdrun.runs import files
from gdrun.runs.directory import new_directory
from gdrun.runs.session import Session

CONFIG = {
    "name": "flowers",
    "dataset": "iris",
    "model": "softmax",
    "variant": {"name": "mbgd", "batch_size": 40},
    "optimizer": {"name": "momentum", "lr": 0.05},
    "clip": {"norm": 0.5},
    "stopping": {"epochs": 4, "watch": ["target_accuracy"]},
    "log": {"points": 6},
}


@pytest.fixture
def run(tmp_path):
    return gdrun.train(CONFIG, out=tmp_path / "runs")


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_files_and_the_name(run):
    assert re.fullmatch(r"\d{8}-\d{6}-flowers-[0-9a-f]{4}", run.directory.name)
    names = sorted(path.name for path in run.directory.iterdir())
    assert names == ["config.yaml", "run.json", "trace.jsonl", "weights.npz"]


def test_the_record(run):
    record = strict((run.directory / "run.json").read_text())
    kinds = {
        "schema_version": int,
        "id": str,
        "name": str,
        "seed": int,
        "status": str,
        "stop": dict,
        "summary": dict,
        "divergence": type(None),
        "timing": dict,
        "engine": str,
        "versions": dict,
        "data": dict,
    }
    assert {key: type(record[key]) for key in kinds} == kinds
    assert record["id"] == run.directory.name
    assert (record["status"], record["engine"]) == ("exhausted", "numpy")
    # 120 training rows in batches of 40: three steps an epoch.
    assert record["stop"] == {
        "rule": "epochs",
        "epoch": 4.0,
        "step": 12,
        "message": "all 4 epochs done (12 steps)",
    }
    assert record["data"]["parts"] == {"train": 120, "validation": 15, "test": 15}
    assert (record["data"]["rows"], record["data"]["features"]) == (150, 4)
    assert re.fullmatch("[0-9a-f]{64}", record["data"]["sha256"])
    assert {"gdrun", "python", "numpy"} <= record["versions"].keys()
    assert datetime.fromisoformat(record["started"]).tzinfo is not None
    summary = record["summary"]
    assert (summary["steps"], summary["gradients"], summary["epochs"]) == (12, 480, 4.0)
    for name in ("train_loss", "validation_loss", "test_loss", "test_accuracy", "seconds"):
        assert isinstance(summary[name], float)


def test_the_trace(run):
    lines = [strict(line) for line in (run.directory / "trace.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["kind"] == "step"]
    evals = [line for line in lines if line["kind"] == "eval"]
    # Twelve steps on at most six points: a stride of three.
    assert [line["step"] for line in steps] == [3, 6, 9, 12]
    assert [line["step"] for line in evals] == [0, 3, 6, 9, 12]
    order = [(line["step"], line["kind"] == "eval") for line in lines]
    assert order == sorted(order)
    promised = {"step", "epoch", "gradients", "seconds", "lr", "batch_loss", "grad_norm"}
    promised |= {"update_norm", "weight_norm"}
    for line in steps:
        assert promised <= line.keys()
        assert line["max_batch_loss"] >= line["batch_loss"]
        assert line["combined"] == 3
    scores = {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}
    for line in evals:
        assert {"step", "epoch", "gradients", "seconds"} | scores <= line.keys()


def test_the_weights(run):
    with np.load(run.directory / "weights.npz", allow_pickle=False) as arrays:
        assert arrays["w"].shape == arrays["best.w"].shape == (4, 3)
        assert arrays["b"].shape == arrays["best.b"].shape == (3,)
        assert arrays["standardize.mean"].shape == arrays["standardize.scale"].shape == (4,)
        assert arrays["classes"].tolist() == run.record["data"]["classes"]
        assert len(arrays["feature_names"]) == 4


def test_the_config_is_the_resolved_experiment(run):
    plain = read_document(run.directory / "config.yaml").data
    # The engine that ran takes the place of `auto`, which could choose otherwise another time.
    assert plain == run.config == load(CONFIG).plain() | {"engine": run.record["engine"]}
    assert plain["optimizer"]["beta"] == 0.9


def test_nothing_is_written_without_a_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = gdrun.train(CONFIG)
    assert run.directory is None
    assert list(tmp_path.iterdir()) == []


def test_a_new_directory_is_always_new(tmp_path, monkeypatch):
    words = iter(["0000", "0000", "0000", "0001"])
    monkeypatch.setattr(directories.secrets, "token_hex", lambda count: next(words))
    now = datetime(2026, 1, 2, 3, 4, 5)
    first, second = (new_directory(tmp_path, "a b/ü", now) for _ in range(2))
    assert first.name == "20260102-030405-a-b-ü-0000"
    assert second.name == "20260102-030405-a-b-ü-0001"


@pytest.mark.parametrize(
    ("name", "word"), [("..", "run"), ("a/../b", "a-..-b"), ("x" * 99, "x" * 60)]
)
def test_a_name_cannot_leave_its_place(tmp_path, name, word):
    path = new_directory(tmp_path, name, datetime(2026, 1, 2, 3, 4, 5))
    assert path.parent == tmp_path
    assert path.name[16:-5] == word


def test_runs_of_one_second_have_directories_of_their_own(tmp_path):
    made = [gdrun.train(CONFIG, "epochs=1", out=tmp_path).directory for _ in range(4)]
    assert len(set(made)) == 4
    assert len(list(tmp_path.iterdir())) == 4


def test_a_place_that_is_a_file(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(gdrun.RecordError, match="is a file, not a directory for runs"):
        gdrun.train(CONFIG, out=tmp_path / "runs")
    assert (tmp_path / "runs").read_text() == ""


# Writing fails.


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "run.json"
    files.write_text(path, "before")

    def half(file):
        file.write(b"af")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, half)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_on_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(files.os, "fsync", lambda number: seen.append(os.fstat(number).st_size))
    files.write_text(tmp_path / "a", "four")
    assert seen == [4]


def full_disk(monkeypatch, after):
    """Let the disk fill up after so many whole files."""
    count = iter(range(1000))
    write = files.write_atomically

    def limited(path, fill):
        if next(count) >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, fill)

    monkeypatch.setattr(files, "write_atomically", limited)
    monkeypatch.setattr(directories, "write_atomically", limited)


@pytest.mark.longer
@pytest.mark.parametrize("after", range(5))
def test_a_full_disk_does_not_cost_the_training(tmp_path, monkeypatch, after):
    whole = gdrun.train(CONFIG)
    full_disk(monkeypatch, after)
    with pytest.warns(UserWarning, match="cannot be written: No space left on device"):
        run = gdrun.train(CONFIG, out=tmp_path)
    assert run.status == "exhausted"
    assert np.array_equal(run.weights["w"], whole.weights["w"])
    assert run.summary["train_loss"] == whole.summary["train_loss"]
    for path in run.directory.glob("*.json"):
        strict(path.read_text())
    assert not list(run.directory.glob(".*"))


def test_each_lane_keeps_its_own_problem(tmp_path, monkeypatch):
    session = Session([load(CONFIG, [f"seed={seed}"]) for seed in range(2)], out=tmp_path)
    full_disk(monkeypatch, 3)
    runs = session.run()
    assert [run.status for run in runs] == ["exhausted", "exhausted"]
    assert len(session.problems) == 2
    assert session.problems[0].where == str(runs[0].directory)


# A fault of the program.


class Broken(gdrun.engine.listeners.Listener):
    def evaluated(self, progress, readings):
        if progress.state.step >= 6:
            raise ZeroDivisionError("a bug")


def test_a_fault_keeps_its_traceback_and_the_status(tmp_path):
    session = Session([load(CONFIG)], out=tmp_path)
    with pytest.raises(ZeroDivisionError) as caught:
        session.run([Broken()])
    (path,) = tmp_path.iterdir()
    assert caught.value.__notes__ == [f"the traceback is kept in {path / 'traceback.txt'}"]
    assert "ZeroDivisionError: a bug" in (path / "traceback.txt").read_text()
    assert strict((path / "run.json").read_text())["status"] == "failed"
    run = gdrun.read_run(path)
    assert (run.status, run.verdict) == ("failed", "failed: see traceback.txt")


def test_news_is_appended_while_the_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(directories, "SECONDS_BETWEEN_WRITES", 0.0)
    lengths = []

    class Reader(gdrun.engine.listeners.Listener):
        def evaluated(self, progress, readings):
            (path,) = tmp_path.iterdir()
            run = gdrun.read_run(path)
            assert run.status == "running"
            lengths.append((len(run.steps["step"]), len(run.evals["step"])))

    (run,) = Session([load(CONFIG)], out=tmp_path).run([Reader()])
    # After 0, 3, 6, 9 and 12 steps on at most six points. From the seventh step on a point combines
    # three steps, so that 9 steps are three points.
    assert lengths == [(0, 1), (3, 2), (6, 3), (3, 4), (4, 5)]
    assert run.steps["step"].tolist() == [3, 6, 9, 12]


def test_a_run_in_pieces_leaves_the_trace_of_one_in_whole(tmp_path, monkeypatch):
    whole = gdrun.train(CONFIG, out=tmp_path / "whole")
    monkeypatch.setattr(directories, "SECONDS_BETWEEN_WRITES", 0.0)
    pieces = gdrun.train(CONFIG, out=tmp_path / "pieces")

    def lines(run):
        rows = map(json.loads, (run.directory / "trace.jsonl").read_text().splitlines())
        return [{key: row[key] for key in row.keys() - {"seconds"}} for row in rows]

    assert lines(whole) == lines(pieces)
