"""Where tasks run is of no account: threads, processes, and workers that die."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gdrun.errors import GdrunError
from gdrun.study.executors import InProcess, InProcesses, OnExecutor
from gdrun.study.study import Means, carry_out
from gdrun.study.tasks import Task, tasks_of
from study.cases import planned

PLAN = planned({"batch_size": [16, 32], "lr": [0.01, 0.1]})


def medians(results):
    return {key: result.summary["train_loss"] for key, result in results.items()}


HERE = medians(carry_out(PLAN, Means())[0])


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
        results, _ = carry_out(PLAN, Means(OnExecutor(threads, 2), jobs=2))
    assert medians(results) == pytest.approx(HERE, rel=1e-9)


def test_results_are_handed_on_as_they_come():
    heard = []
    carry_out(PLAN, Means(InProcess(), told=lambda ended, of: heard.append((ended, of))))
    assert heard == [(2, 4), (4, 4)]


@pytest.mark.slow
def test_processes_give_the_same_results():
    results, work = carry_out(PLAN, Means(InProcesses(2), jobs=2))
    assert medians(results) == pytest.approx(HERE, rel=1e-9)
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
        list(InProcesses(1, notes.append).run([Deadly(task.trials, None, tmp_path, 99)], none))
    assert len(notes) == 2


def none():
    return None


@pytest.mark.slow
def test_an_interruption_reaches_the_workers():
    asked = iter([None, *["SIGINT"] * 10**6])
    long = planned({"lr": [0.01, 0.02]}, "epochs=1000000")
    results, _ = carry_out(long, Means(InProcesses(2), jobs=2, interrupted=lambda: next(asked)))
    assert results == {}


def test_the_environment_is_as_before_afterwards(monkeypatch):
    from gdrun.study.threads import VARIABLES, for_new_processes

    monkeypatch.setenv(VARIABLES[0], "7")
    monkeypatch.delenv(VARIABLES[1], raising=False)
    with for_new_processes(1):
        assert {os.environ[name] for name in VARIABLES} == {"1"}
    assert os.environ[VARIABLES[0]] == "7"
    assert VARIABLES[1] not in os.environ
