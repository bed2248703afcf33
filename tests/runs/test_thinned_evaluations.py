"""The evaluations that trace.jsonl keeps of a long run."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.engine.listeners import Listener
from gdrun.runs import directory, trace_file
from gdrun.runs.session import Session
from gdrun.runs.trace_file import read_trace

MOST = 50
BOWL = ("surface=bowl", "variant=bgd", "lr=0.1", "schedule=constant", "engine=numpy")
WORDS = (*BOWL, "epochs=300", "log.points=20")


class Reader(Listener):
    """Reads the evaluations in the file while the run trains."""

    def __init__(self, root):
        self.root, self.found = root, []

    def evaluated(self, progress, readings):
        for file in self.root.glob("*/trace.jsonl"):
            self.found.append(read_trace(file)[1]["step"])


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The run in memory, the run from its files, and the steps that the file had on the way."""
    monkeypatch.setattr(trace_file, "MOST_EVALUATIONS", MOST)
    monkeypatch.setattr(directory, "SECONDS_BETWEEN_WRITES", 0.0)
    reader = Reader(tmp_path)
    Session([load(None, WORDS)], out=tmp_path).run([reader])
    (path,) = tmp_path.iterdir()
    return gdrun.train(None, *WORDS), gdrun.read_run(path), reader.found


@pytest.mark.longer
def test_a_long_run_keeps_the_first_the_last_and_the_extreme_evaluations(written):
    whole, read, _ = written
    assert len(whole.evals["step"]) == 301
    kept = read.evals["step"]
    extremes = 2 * len(whole.evals)
    assert MOST / 2 <= len(kept) <= MOST + 2 + extremes
    loss = whole.evals["train_loss"]
    assert {0, 300, np.argmin(loss), np.argmax(loss)} <= set(kept.tolist())
    # Every kept evaluation is the one of its step: with bgd an epoch is a step.
    np.testing.assert_array_equal(read.evals["train_loss"], loss[kept])


@pytest.mark.longer
def test_the_file_is_in_order_while_the_run_trains(written):
    whole, _, found = written
    assert len(found) > 100
    for steps in found:
        assert (np.diff(steps) > 0).all()
        # Of n evaluations at least n / 100 and the first one are there, evenly spaced.
        assert steps[0] == 0
        assert np.diff(steps).max(initial=0) <= 16
    lengths = [len(steps) for steps in found]
    extremes = 2 * len(whole.evals)
    # All are kept until thinning leaves out enough; after that, every second one is added.
    assert max(lengths) <= 1.5 * MOST + 3 + extremes


def test_a_run_with_all_points_keeps_all_evaluations(tmp_path, monkeypatch):
    monkeypatch.setattr(trace_file, "MOST_EVALUATIONS", MOST)
    run = gdrun.train(None, *BOWL, "epochs=120", "log.points=all", out=tmp_path)
    assert gdrun.read_run(run.directory).evals["step"].tolist() == list(range(121))
