"""The line with the whole time of a run, beside the time of its updates."""

import io
import time

import pytest
from rich.console import Console

import gdrun
from gdrun.runs import experiment_data
from gdrun.views.training import run_result

CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}, "engine": "numpy"}


def elapsed_line(run, width=80):
    screen = Console(file=io.StringIO(), width=width)
    screen.print(run_result(run))
    text = " ".join(screen.file.getvalue().split())
    return text.partition("elapsed ")[2].partition(" loss rose")[0]


def with_timing(run, **timing):
    run.record["timing"] = timing
    return run


@pytest.fixture(scope="module")
def trained():
    return gdrun.train(CONFIG)


@pytest.mark.parametrize(
    ("reading", "evaluations", "updates", "total", "line"),
    [
        (8.0, 3.0, 0.5, 4.0, "12.0 s: reading the data 8.0 s, evaluations 3.0 s"),
        (0.0, 1.5, 1.0, 2.6, "2.6 s: evaluations 1.5 s, updates 1.0 s"),
        (0.1, 0.1, 1.0, 6.0, "6.1 s: updates 1.0 s, the rest 4.9 s"),
        (0.1, 1.0, 3.0, 4.0, ""),  # most of the time is that of updates
        (0.2, 0.3, 0.001, 0.4, ""),  # no one waits for it
    ],
)
def test_the_parts_of_the_time_are_listed_for_a_run_that_mostly_waits(
    trained, reading, evaluations, updates, total, line
):
    times = {"reading": reading, "evaluations": evaluations, "updates": updates, "total": total}
    assert elapsed_line(with_timing(trained, **times)) == line


def test_a_record_without_the_time_of_reading_has_the_other_parts(trained):
    times = {"evaluations": 8.0, "updates": 1.0, "total": 10.0}
    assert elapsed_line(with_timing(trained, **times)).startswith("10.0 s: evaluations 8.0 s")


@pytest.mark.longer
def test_the_record_has_the_time_that_reading_takes(monkeypatch):
    load = experiment_data.load_table

    def slowly(given):
        time.sleep(0.2)
        return load(given)

    monkeypatch.setattr(experiment_data, "load_table", slowly)
    timing = gdrun.train(CONFIG).record["timing"]
    assert timing["reading"] >= 0.2
    assert set(timing) == {"reading", "evaluations", "updates", "total"}
