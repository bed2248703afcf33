"""The executor does not change the results: threads, processes, and workers that die."""

import multiprocessing
import os
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import gdrun
from gdrun.engine.listeners import Listener
from gdrun.errors import GdrunError
from gdrun.study.executors import GUARD, STARTED_AGAIN, InProcesses, OnExecutor
from gdrun.study.study import StudyContext, carry_out
from gdrun.study.tasks import Task, tasks_of
from study.cases import planned

PLAN = planned({"batch_size": [16, 32], "lr": [0.01, 0.1]})


def medians(results):
    return {key: result.summary["train_loss"] for key, result in results.items()}


HERE = medians(carry_out(PLAN, StudyContext())[0])


@dataclass(frozen=True)
class Deadly(Task):
    """A task that kills the process it runs in, as often as `deaths` says, then does its work.

    Each death leaves a file in `place`.
    """

    place: Path = Path()
    deaths: int = 1

    def run(self, listeners=(), interrupted=lambda: None):
        died = len(list(self.place.iterdir()))
        if died < self.deaths:
            (self.place / str(died)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(listeners, interrupted)


def test_any_executor_of_the_standard_form_serves():
    with ThreadPoolExecutor(2) as threads:
        results, _ = carry_out(PLAN, StudyContext(OnExecutor(threads, 2), jobs=2))
    assert medians(results) == pytest.approx(HERE, rel=1e-9)


def test_results_are_handed_on_as_they_come():
    heard = []
    carry_out(PLAN, StudyContext(on_progress=heard.append))
    assert [(each.ended, each.of) for each in heard] == [(0, 4), (2, 4), (4, 4)]
    # Each report keeps what it said, although the study continued.
    own = {trial.identity for trial in PLAN.trials}
    assert all(each.plan is PLAN and set(each.results) <= own for each in heard)


def test_two_names_of_one_experiment_are_one_run_to_wait_for():
    heard = []
    plan = planned({"name": ["a", "b"], "lr": [0.1, 0.2]})
    carry_out(plan, StudyContext(on_progress=heard.append))
    assert [(each.ended, each.of) for each in heard] == [(0, 2), (2, 2)]


def test_a_process_that_imports_the_script_starts_no_study(monkeypatch, tmp_path):
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    config = {"dataset": "iris", "model": "softmax"}

    def ended(code):
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", ended)
    with pytest.raises(SystemExit, match=str(STARTED_AGAIN)):
        gdrun.sweep(config, {"lr": [0.1, 0.2]}, "epochs=1", jobs=2, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_once_to_have_one(tmp_path):
    script = tmp_path / "script.py"
    study = 'gdrun.sweep({"dataset": "iris", "model": "softmax"}, {"batch_size": [8, 16]}, jobs=2)'
    script.write_text(f"import gdrun\n{study}\n", encoding="utf-8")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith(
        "error: jobs: every process imports the script, which starts the study again\n"
        f"hint: write {GUARD} above the study, and indent the study\n"
    )
    script.write_text(f"import gdrun\n{GUARD}\n    {study}\n", encoding="utf-8")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_processes_give_the_same_results_and_report_how_far_they_are():
    reports = []
    runner = InProcesses(2, on_growth=reports.append)
    results, work = carry_out(PLAN, StudyContext(runner, jobs=2))
    assert medians(results) == pytest.approx(HERE, rel=1e-9)
    tasks = tasks_of(PLAN.trials, jobs=2)
    expected = {tuple(trial.identity for trial in task.trials) for task in tasks}
    assert reports and {each.identities for each in reports} <= expected
    for each in reports:
        assert 0 < each.share <= 1
        for identity, evals in each.evals.items():
            whole = results[identity].evals["train_loss"]
            assert evals["train_loss"].tolist() == whole[: len(evals["train_loss"])].tolist()
    assert work.run == 4


@pytest.mark.slow
def test_what_a_dead_worker_was_at_is_run_again_and_said(tmp_path):
    first, *others = tasks_of(PLAN.trials, jobs=2)
    notes = []
    tasks = [Deadly(first.trials, place=tmp_path), *others]
    ended = list(InProcesses(2, notes.append).run(tasks, lambda: None))
    results = {result.identity: result for _, found in ended for result in found}
    assert medians(results) == pytest.approx(HERE, rel=1e-9)
    assert len(ended) == len(tasks)
    (note,) = notes
    assert "a worker process died" in note


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_given_up(tmp_path):
    (task,) = tasks_of(PLAN.trials[:1])
    notes = []
    with pytest.raises(GdrunError, match="died 3 times"):
        deadly = Deadly(task.trials, place=tmp_path, deaths=99)
        list(InProcesses(1, notes.append).run([deadly], none))
    assert len(notes) == 2


def none():
    return None


@dataclass(frozen=True)
class Endless(Task):
    """A task that never ends. It holds the pipe `place` open for as long as its process lives."""

    place: Path = Path()

    def run(self, listeners=(), interrupted=lambda: None):
        with self.place.open("w", buffering=1) as pipe:
            pipe.write("at work\n")
            time.sleep(10**6)


def start_endless(place):
    list(InProcesses(1).run([Endless(PLAN.trials[:1], place=place)], none))


@pytest.mark.slow
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    parent = multiprocessing.get_context("spawn").Process(target=start_endless, args=(pipe,))
    parent.start()
    with pipe.open() as held:
        assert held.readline() == "at work\n"
        parent.kill()
        # A pipe ends when the last process that writes on it is gone.
        ended, _, _ = select.select([held], [], [], 10)
        assert ended
        assert held.read() == ""
    parent.join()


@dataclass(frozen=True)
class Announced(Task):
    """A task that leaves the file `place` when a lane of it has ended."""

    place: Path = Path()

    def run(self, listeners=(), interrupted=lambda: None):
        return super().run([*listeners, Announcer(self.place)], interrupted)


class Announcer(Listener):
    def __init__(self, place):
        self._place = place

    def ended(self, lane, outcome):
        self._place.touch()


@pytest.mark.slow
def test_lanes_that_had_ended_in_a_worker_are_kept_when_it_is_interrupted(tmp_path):
    # The second lane diverges immediately, the first trains until it is interrupted.
    plan = planned({"lr": [0.01, 1e6]}, "epochs=1000000")
    place = tmp_path / "ended"
    tasks = [Announced(plan.trials, place=place)]
    ended = InProcesses(1).run(tasks, lambda: "SIGINT" if place.exists() else None)
    kept = [result.identity for _, results in ended for result in results]
    assert kept == [plan.trials[1].identity]


@pytest.mark.slow
def test_an_interruption_reaches_the_workers():
    asked = iter([None, *["SIGINT"] * 10**6])
    long = planned({"lr": [0.01, 0.02]}, "epochs=1000000")
    results, _ = carry_out(
        long, StudyContext(InProcesses(2), jobs=2, interrupted=lambda: next(asked))
    )
    assert results == {}


def test_the_environment_is_as_before_afterwards(monkeypatch):
    from gdrun.threads import VARIABLES, threads_of_new_processes

    monkeypatch.setenv(VARIABLES[0], "7")
    monkeypatch.delenv(VARIABLES[1], raising=False)
    with threads_of_new_processes(1):
        assert {os.environ[name] for name in VARIABLES} == {"1"}
    assert os.environ[VARIABLES[0]] == "7"
    assert VARIABLES[1] not in os.environ
