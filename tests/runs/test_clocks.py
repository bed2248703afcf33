"""The clock of the machine may be set back at any time; durations come from another clock."""

import datetime
import time

import numpy as np
import pytest
from continued import InterruptedAt

import gdrun
from gdrun.config.loading import load
from gdrun.runs import directory, session
from gdrun.runs.session import Session
from gdrun.study.storage import study_directory

CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 4}}


class SetBack(datetime.datetime):
    """A clock that is an hour earlier at each question."""

    hours = 0

    @classmethod
    def now(cls, tz=None):
        SetBack.hours += 1
        return cls(2026, 1, 2, 12, tzinfo=tz) - datetime.timedelta(hours=SetBack.hours)


def set_back(monkeypatch):
    for module in (session, directory, study_directory):
        monkeypatch.setattr(module, "datetime", SetBack)
    seconds = iter(range(10**9, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(seconds)))


def test_runs_and_their_continuations(tmp_path, monkeypatch):
    whole = gdrun.train(CONFIG)
    set_back(monkeypatch)
    (part,) = Session([load(CONFIG)], out=tmp_path).run(interrupted=InterruptedAt(3))
    run = gdrun.train(resume=part.directory)
    assert np.array_equal(run.weights["w"], whole.weights["w"])
    for name in ("steps", "evals"):
        assert (np.diff(getattr(run, name)["seconds"]) >= 0).all()
    assert all(seconds >= 0 for seconds in run.record["timing"].values())
    assert run.record["resumed"][0]["time"] < run.record["started"]  # as the clock said
    assert gdrun.read_run(run.directory).status == "exhausted"


@pytest.mark.longer
def test_a_budget_in_seconds_ends(monkeypatch):
    set_back(monkeypatch)
    begin = time.monotonic()
    run = gdrun.train(CONFIG | {"stopping": {"seconds": 0.2}, "engine": "numpy"})
    assert run.stop["rule"] == "seconds"
    assert time.monotonic() - begin < 30


def test_studies(tmp_path, monkeypatch):
    set_back(monkeypatch)
    sweep = gdrun.sweep(CONFIG, {"optimizer.lr": [0.1, 0.2]}, seeds=1, out=tmp_path)
    assert sweep.best is not None
    (path,) = tmp_path.iterdir()
    assert study_directory.read_study(path)["status"] == "complete"
