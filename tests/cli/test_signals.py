"""Signals to real processes: while workers start, and a second one before the first is handled."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gdrun.runs import session
from gdrun.study.requests import SweepRequest

LONG = ("dataset=digits", "model=softmax", "engine=numpy", "epochs=100000", "patience=100000")


def started(words, place):
    """A gdrun that runs as the leader of a process group, as a shell starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "gdrun", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process, place, pattern):
    while not list(place.glob(pattern)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C (SIGINT)")]
)
def test_a_signal_before_the_training_is_named(gdrun, tmp_path, monkeypatch, number, name):
    """While data are prepared there is no state to save."""
    monkeypatch.chdir(tmp_path)
    # Calls the handler of the command as the signal does.
    monkeypatch.setattr(SweepRequest, "planned", lambda _: signal.getsignal(number)(number, None))
    answer = gdrun("sweep", "lr=0.1,1", "dataset=iris")
    assert (answer.code, answer.out) == (128 + number, "")
    ended = f"note: {name} ended the command at once"
    before = f"{ended}, before the training: no run was written"
    assert " ".join(answer.err.split()) == before
    assert not (tmp_path / "runs").exists()
    # The same while the data and the kernels of a training are prepared.
    monkeypatch.setattr(session, "build", lambda *_: signal.getsignal(number)(number, None))
    answer = gdrun("train", "dataset=iris")
    assert answer.code == 128 + number
    assert " ".join(answer.err.split()) == before
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.7])
def test_ctrl_c_while_workers_start_prints_no_traceback(tmp_path, seconds):
    """A terminal sends SIGINT to the command and to its workers, which still import modules."""
    words = ("sweep", "lr=0.1,0.2,0.3,0.4", *LONG, "--seeds", "1", "--jobs", "2", "-q")
    process = started(words, tmp_path)
    wait_for(process, tmp_path, "runs/*/study.json")
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert "to continue:" in output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("pause", [0.005, 0.3], ids=["at once", "later"])
def test_a_second_signal_has_the_same_exit_code_and_keeps_the_files(tmp_path, number, pause):
    """Two signals within a quarter of a second count as one, as a terminal and a program send."""
    process = started(("train", *LONG, "-q"), tmp_path)
    wait_for(process, tmp_path, "runs/*/trace.jsonl")
    process.send_signal(number)
    time.sleep(pause)
    if process.poll() is None:
        process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, "")
    (run,) = (tmp_path / "runs").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] in ("running", "interrupted")
    assert all(json.loads(line) for line in (run / "trace.jsonl").read_text().splitlines())
    if pause < 0.25:
        assert record["status"] == "interrupted"
        assert "to continue:" in output
        assert (run / "weights.npz").exists()
