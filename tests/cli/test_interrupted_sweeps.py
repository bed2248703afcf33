"""`gdrun sweep` after signals and internal errors: what is judged, and how it continues."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import ANY

import pytest

from gdrun.cli.studying import RunCounter
from gdrun.runs.signals import Interruption


@pytest.mark.longer
def test_resumed_it_runs_nothing_again(sweep, gdrun, config, tmp_path):
    first = json.loads(sweep("lr=0.1,0.2", "--json").out)
    words = ("lr=0.1,0.2", "-c", config, "--json", "--resume", first["directory"])
    second = json.loads(gdrun("sweep", *words).out)
    assert (second["work"]["run"], second["work"]["found"]) == (0, 6)
    assert second["ranking"] == first["ranking"]
    for word in ("last", Path(first["directory"]).name[:20]):
        again = gdrun("sweep", *words[:-1], word)
        assert json.loads(again.out)["work"] == {**second["work"], "seconds": ANY}
    other = gdrun("sweep", "lr=0.3,0.4", "-c", config, "--resume", first["directory"])
    assert other.code == 2
    assert "contains a different study" in other.err


@pytest.mark.longer
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["--halving"], []),
        ([], ["--halving"]),
        (["--halving"], ["--halving", "--metric", "accuracy"]),
        (["--halving"], ["--halving", "--seeds", "2"]),
    ],
)
def test_another_race_is_not_gone_on_with(sweep, gdrun, config, first, second):
    words = ("lr=log:1e-4:1:9", "epochs=9", "--seeds", "1", "--json")
    begun = json.loads(sweep(*words, *first).out)
    record = Path(begun["directory"], "study.json").read_text()
    answer = gdrun("sweep", *words, *second, "-c", config, "--resume", begun["directory"])
    assert (answer.code, answer.out) == (2, "")
    assert "halving can only continue with the same settings, seeds and metric" in answer.err
    assert "hint: the study was started by: gdrun" in answer.err
    assert Path(begun["directory"], "study.json").read_text() == record


def test_a_fault_leaves_its_traceback_in_the_study(sweep, tmp_path, monkeypatch):
    def fails(*arguments, **options):
        raise RuntimeError("a wrong turn")

    monkeypatch.setattr("gdrun.study.run_studies.judge_sweep", fails)
    answer = sweep("lr=0.1,0.2", "--seeds", "1")
    (directory,) = (tmp_path / "runs").iterdir()
    assert answer.code == 1
    assert str(directory.relative_to(tmp_path) / "traceback.txt") in answer.err
    assert "RuntimeError: a wrong turn" in (directory / "traceback.txt").read_text()
    assert json.loads((directory / "study.json").read_text())["status"] == "failed"


def ctrl_c_in_training():
    """A replacement of Interruption.name that reports Ctrl-C from the sixth call on."""
    calls = iter(range(1000))

    def name(self):
        if next(calls) < 5:  # the training asks before each chunk of steps
            return None
        self.signal = signal.SIGINT
        return "Ctrl-C (SIGINT)"

    return name


def test_interrupted_in_training_it_counts_the_runs_with_a_checkpoint(sweep, monkeypatch):
    monkeypatch.setattr(Interruption, "name", ctrl_c_in_training())
    answer = sweep("lr=0.1,0.2", "--seeds", "2", "epochs=500")
    text = "4 of 4 runs are missing, of which 4 continue from a checkpoint; to continue:"
    assert text in answer.out.splitlines()


def test_of_an_interrupted_sweep_only_the_ended_runs_are_judged(
    gdrun, sweep, tmp_path, monkeypatch
):
    """The 2 runs with lr=1e6 diverge at once; the 4 others still train, so nothing says all."""
    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "name", ctrl_c_in_training())
        answer = sweep("lr=0.1,0.2,1e6", "--seeds", "2", "epochs=500")
    assert answer.code == 130
    (study,) = (tmp_path / "runs").iterdir()
    shown = gdrun("show", str(study))
    assert shown.code == 0
    for text in (answer.out, shown.out):
        assert "4 of 6 runs are missing, of which 4 continue from a checkpoint;" in text
        assert re.search(r"^unfinished +no run has ended: lr=0\.1, lr=0\.2$", text, re.MULTILINE)
        assert "every run" not in text
        assert "smaller rates" not in text


def test_interrupted_before_any_run_ended_it_says_how_to_go_on(gdrun, sweep, config, monkeypatch):
    def interrupted(self):
        self.signal = signal.SIGINT

    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "__init__", interrupted)
        answer = sweep("lr=0.1,0.2", "--seeds", "2")
    assert (answer.code, answer.err) == (130, "")
    written, missing, command = answer.out.splitlines()
    directory = written.removeprefix("written to ")
    assert missing == "4 of 4 runs are missing; to continue:"
    assert command.endswith(f" --resume {directory}")
    program, *words = shlex.split(command)
    assert program == "gdrun"
    document = json.loads(gdrun(*words, "--json").out)
    assert (document["status"], document["work"]["run"]) == ("complete", 4)


def test_the_line_of_progress_begins_with_the_runs_of_the_whole_study(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    counter = RunCounter(False, Interruption())
    assert counter.before() == ""
    counter.report(SimpleNamespace(ended=8, of=24))
    assert counter.before() == "8 of 24 runs done; now "
    counter.report(SimpleNamespace(ended=24, of=24))
    assert counter.before() == ""
    assert capsys.readouterr().err == "\r8 of 24 runs done\x1b[K\r\x1b[K"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_stops_all_processes_prints_no_tracebacks(tmp_path, number):
    """A terminal sends the signal to the workers too, here while they start."""
    words = ["sweep", "lr=log:1e-4:1:24", "epochs=4000", "--jobs", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrun", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(tmp_path.glob("*/study.json")):
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (128 + number, "")
    (directory,) = tmp_path.iterdir()
    assert f"  gdrun sweep --resume {directory}\n" in out
