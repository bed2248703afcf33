"""Ctrl-C in Python: it returns what there is; a scikit-learn estimator raises KeyboardInterrupt."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import gdrun
from gdrun.runs.session import Session
from gdrun.sklearn import GDClassifier

LONG = {
    "dataset": "breast-cancer",
    "model": "logistic",
    "stopping": {"epochs": 1_000_000},
    "log": {"points": 100},
}


@pytest.fixture
def ctrl_c_soon():
    """Ctrl-C half a second after the test has begun, when all modules are loaded."""
    gdrun.sweep(LONG, {"lr": [0.1, 0.2]}, "epochs=1")
    gdrun.train(LONG, "epochs=1")
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    yield
    timer.cancel()


@pytest.mark.longer
@pytest.mark.usefixtures("ctrl_c_soon")
def test_a_training_returns_its_run():
    run = gdrun.train(LONG)
    assert run.status == "interrupted"
    assert 0 < run.stop["epoch"] < 1_000_000
    assert np.isfinite(run.weights["w"]).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.longer
@pytest.mark.usefixtures("ctrl_c_soon")
def test_a_sweep_returns_what_has_ended():
    found = gdrun.sweep(LONG, {"lr": [0.1, 0.2], "variant": ["bgd", "mbgd"]})
    assert not found.complete


@pytest.mark.longer
@pytest.mark.usefixtures("ctrl_c_soon")
def test_a_handler_of_the_program_is_kept():
    def own(number, frame):
        raise RuntimeError("handled by the program")

    earlier = signal.signal(signal.SIGINT, own)
    try:
        with pytest.raises(RuntimeError, match="handled by the program"):
            gdrun.train(LONG)
    finally:
        signal.signal(signal.SIGINT, earlier)


LOOP = """
for part in range(3):
    print("fit", part, flush=True)
    LONG.fit(X, y)
"""
CROSS_VALIDATION = """
print("fit 0", flush=True)
print(cross_validate(LONG, X, y, cv=3)["test_score"])
"""
PREPARED = """
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_validate
from gdrun.sklearn import GDClassifier
X, y = load_breast_cancer(return_X_y=True)
GDClassifier(epochs=1).fit(X, y)
LONG = GDClassifier(epochs=1_000_000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [LOOP, CROSS_VALIDATION])
def test_fits_in_a_loop_end_with_the_exception(code):
    with subprocess.Popen(
        [sys.executable, "-c", PREPARED + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "fit 0\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            further, error = process.communicate(timeout=30)
        finally:
            process.kill()
    # The system sees that the signal ended the process, and no further fit was begun.
    assert (process.returncode, further) == (-signal.SIGINT, "")
    assert error.rstrip().endswith("KeyboardInterrupt")


def test_ctrl_c_after_the_last_step_of_a_fit_is_raised(monkeypatch):
    whole = Session.run

    def run_and_signal(session, *given, **named):
        runs = whole(session, *given, **named)
        os.kill(os.getpid(), signal.SIGINT)
        return runs

    X, y = np.arange(8.0).reshape(-1, 1), [0, 0, 0, 0, 1, 1, 1, 1]
    estimator = GDClassifier(epochs=2).fit(X, y)
    earlier = estimator.run_
    monkeypatch.setattr(Session, "run", run_and_signal)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    assert estimator.run_ is earlier
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
