"""Ctrl-C in Python: the first returns what there is, as on the command line."""

import os
import signal
import threading

import numpy as np
import pytest

import gdrun

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
