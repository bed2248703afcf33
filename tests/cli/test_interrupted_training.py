"""`gdrun train` after signals, a full disk and internal errors: its files, and how it continues."""

import errno
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from short_runs import IRIS

import gdrun as package
from gdrun.engine.trainer import Trainer
from gdrun.runs import directory, files


def test_a_full_disk_is_an_error_after_the_result(train, monkeypatch):
    def full(path, fill):
        raise OSError(errno.ENOSPC, "No space left on device")

    for module in (files, directory):
        monkeypatch.setattr(module, "write_atomically", full)
    answer = train(*IRIS, "-q")
    assert answer.code == 2
    assert answer.out.startswith("finished: all 3 epochs done")
    assert "written to" not in answer.out
    assert re.fullmatch(
        r"error: runs/[\w-]+: cannot be written: No space left on device\n"
        r"hint: free disk space, or choose another directory, such as --out runs\n",
        answer.err,
    )


def test_a_fault_keeps_its_traceback_in_the_run(train, tmp_path, monkeypatch):
    advance, calls = Trainer._advance, itertools.count()

    def broken(self, steps):
        if next(calls) == 2:
            raise ZeroDivisionError("a bug")
        advance(self, steps)

    monkeypatch.setattr(Trainer, "_advance", broken)
    answer = train(*IRIS, "-q")
    (path,) = (tmp_path / "runs").iterdir()
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "error: internal error in gdrun, not in your input: ZeroDivisionError: a bug\n"
        f"hint: the traceback is kept in runs/{path.name}/traceback.txt\n"
    )
    assert "ZeroDivisionError: a bug" in (path / "traceback.txt").read_text()
    assert json.loads((path / "run.json").read_text())["status"] == "failed"


# Signals, in a process of their own.

ENDLESS = ("dataset=diabetes", "model=linear", "variant=bgd", "schedule=constant")
ENDLESS += ("epochs=1000000000", "optimizer=vanilla", "lr=1e-9", "evaluate.every=100")


def endless(out):
    """A process that trains without end; returned when its first lines are on disk."""
    program = [sys.executable, "-m", "gdrun", "train", *ENDLESS, "-o", str(out)]
    environment = os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, encoding="utf-8"
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if any(path.stat().st_size > 3000 for path in out.glob("*/trace.jsonl")):
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_the_run_with_its_state_written(tmp_path, number, code):
    process = endless(tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, "")
    (path,) = tmp_path.iterdir()
    run = package.read_run(path)
    assert (run.status, run.stop["rule"]) == ("interrupted", "interrupted")
    name = {signal.SIGINT: "Ctrl-C (SIGINT)"}.get(number, number.name)
    assert f"\ninterrupted by {name} at epoch {run.stop['step']}" in out
    # The files are complete: the weights are from the last evaluation, at the last step.
    assert run.evals["step"][-1] == run.steps["step"][-1] == run.stop["step"] > 0
    assert run.steps["combined"].sum() == run.stop["step"]
    assert np.isfinite(run.weights["w"]).all()


@pytest.mark.slow
def test_what_was_written_before_a_kill_can_be_read(tmp_path):
    process = endless(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    (path,) = tmp_path.iterdir()
    record = json.loads((path / "run.json").read_text())
    assert (record["status"], record["process"]["pid"]) == ("running", process.pid)
    run = package.read_run(path)
    assert run.status == "interrupted"
    assert run.verdict == "interrupted: the process died before it recorded a result"
    assert len(run.evals["step"]) > 1
    assert np.all(np.diff(run.steps["step"]) > 0)
    assert run.config["dataset"]["name"] == "diabetes"


# Runs that continue.


def stopped(monkeypatch, chunks):
    """Send this process SIGTERM before the given chunk of steps."""
    advance, left = Trainer._advance, [chunks]

    def counted(self, steps):
        advance(self, steps)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Trainer, "_advance", counted)


@pytest.mark.longer
@pytest.mark.parametrize("words", [(), ("--seeds", "2")], ids=["one", "seeds"])
def test_the_printed_command_continues_the_run(train, gdrun, tmp_path, monkeypatch, words):
    whole = train(*IRIS, *words, "-q", "--out", "whole")
    with monkeypatch.context() as patched:
        stopped(patched, 2)
        answer = train(*IRIS, *words, "-q", "--out", "a b")
    assert (answer.code, answer.err) == (143, "")
    *_, introduction, command = answer.out.splitlines()
    assert introduction == "to continue:"
    assert gdrun("show", again_id(command), "--out", "a b").out.splitlines()[-2:] == [
        introduction,
        command,
    ]
    program, *again = shlex.split(command)
    assert program == "gdrun"
    answer = gdrun(*again, "-q")
    assert answer.code == 0
    assert re.fullmatch(r"note: continues after step \d+\n", answer.err)
    # The results agree in full; only the seconds and the paths differ.
    assert results(answer.out) == results(whole.out)
    answer = gdrun(*again, "-q")
    assert answer.code == 0
    assert answer.err == f"note: {again[-1]} has ended already, so nothing was trained\n"
    assert results(answer.out) == results(whole.out)


def again_id(command):
    """The id of the run that a printed command continues."""
    return command.rstrip("'").rpartition("/")[2]


def results(out):
    return [line for line in out.splitlines() if not re.match("written to |work ", line)]


@pytest.mark.longer
def test_other_words_than_those_of_the_run_are_refused(train, gdrun, monkeypatch):
    with monkeypatch.context() as patched:
        stopped(patched, 1)
        train(*IRIS, "-q")
    answer = gdrun("train", "--resume", "last", "lr=0.123", "seed=7")
    assert (answer.code, answer.out) == (2, "")
    assert "something changed: seed: was 0, is 7; optimizer.lr: was " in answer.err
    answer = gdrun("train", "--resume", "last", "--seeds", "2")
    assert answer.err == (
        "error: --seeds: a run that continues keeps its seeds\nhint: leave --seeds out\n"
    )
    assert gdrun("train", "--resume", "nothing").code == 2


@pytest.mark.longer
def test_an_extended_run_says_its_rates(train, gdrun):
    """The quickstart has cosine over its 30 epochs; the rate of the last is printed, then 0.1."""
    assert train("-q").code == 0
    answer = gdrun("train", "--resume", "last", "--extend", "31", "-q")
    assert answer.err == (
        "error: --extend: must name its unit, got '31'\nhint: write --extend epochs=31\n"
    )
    answer = gdrun("train", "--resume", "last", "--extend", "epochs=31", "-q")
    assert answer.err == (
        "error: --schedule-length: the schedule cosine ends with the old budget, so it has no "
        "rates for further steps\n"
        "hint: add --schedule-length keep (its last rate), or choose restart (the schedule once "
        "more) or stretch (the rest of the schedule with the new length)\n"
    )
    words = ("--extend", "epochs=31", "--schedule-length", "restart", "-q")
    answer = gdrun("train", "--resume", "last", *words)
    assert answer.out.startswith("finished: all 31 epochs done")
    last = 0.1 * (1 + np.cos(np.pi * 29 / 30)) / 2
    said = f"note: the learning rate is {last:.4g} before and 0.1 after epoch 30\n"
    assert answer.err.endswith(said)
    answer = train("--extend", "epochs=3")
    assert answer.err == "error: --extend: needs a run\nhint: add --resume RUN\n"


@pytest.mark.slow
def test_a_run_continues_after_a_hangup_and_after_a_kill(tmp_path):
    process = endless(tmp_path)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 129
    assert out.splitlines()[-2] == "to continue:"
    (path,) = tmp_path.iterdir()
    reached = package.read_run(path).stop["step"]
    for _ in range(2):  # a process that trains has the lock; a killed one has not
        environment = os.environ | {"GDRUN_CHECKPOINT_SECONDS": "0.05"}
        program = [sys.executable, "-m", "gdrun", "train", "--resume", str(path), "-q"]
        process = subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, text=True)
        assert process.stderr.readline() == f"note: continues after step {reached:,}\n"
        before = (path / "checkpoint.npz").stat().st_mtime_ns
        while (path / "checkpoint.npz").stat().st_mtime_ns == before:
            time.sleep(0.02)
        second = subprocess.run(program, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert "another process is training here" in second.stderr
        process.kill()
        process.communicate(timeout=60)
        with np.load(path / "checkpoint.npz") as arrays:
            document = json.loads(str(arrays["checkpoint"]))
        assert document["training"]["state"]["step"] > reached
        reached = document["training"]["state"]["step"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_data_are_read_ends_the_command_at_once(tmp_path, number):
    """The query takes hours, so that there is no state to save."""
    query = "SELECT sum(a.range * b.range) AS x FROM range(10000000) a, range(10000000) b"
    program = [sys.executable, "-m", "gdrun", "train", f"dataset.query={query}", "model=linear"]
    process = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    # The processor time shows that the query runs: everything before takes less than a second.
    clock = Path(f"/proc/{process.pid}/stat")
    ticks = os.sysconf("SC_CLK_TCK")
    while sum(map(int, clock.read_text().rpartition(")")[2].split()[11:13])) < 2 * ticks:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (128 + number, -number)
    assert (out, err) == (b"", b"")
