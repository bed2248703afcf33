"""Where tasks run: in this process, in several, or wherever an executor of the standard form leads.

One code path serves them all: `concurrent.futures.Executor`. Results are handed on as they come. A
worker that dies takes its tasks with it; they are run again, by new workers. Workers do not outlive
the process that started them, however it ended.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from threading import Thread
from typing import Any, Protocol

from gdrun.engine.judging import Interrupted
from gdrun.engine.listeners import Listener
from gdrun.engine.threads import threads_of_new_processes
from gdrun.errors import GdrunError
from gdrun.methods.plugins import load_plugin, loaded_plugins
from gdrun.study.storage.results import Result
from gdrun.study.tasks import Task

MOST_DEATHS = 3
"""A task that was at work in so many deaths of a worker is blamed for them."""

PATIENCE = 5.0
"""Seconds that an interrupted study waits for the lanes that had ended within tasks at work."""

Ended = tuple[Task, list[Result]]
Note = Callable[[str], None]


class Runner(Protocol):
    """Runs tasks, and hands on each with its results as it ends."""

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]: ...


class InProcess:
    """Runs one task after another, here."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self.listeners = listeners

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        for task in tasks:
            if interrupted():
                return
            yield task, task.run(self.listeners, interrupted)


class OnExecutor:
    """Runs tasks on an executor, `width` at a time; the executor stays the caller's."""

    def __init__(self, executor: Executor, width: int) -> None:
        self._executor = executor
        self._width = width

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        waiting, at_work = list(reversed(tasks)), dict[Future[list[Result]], Task]()
        while (waiting or at_work) and not interrupted():
            while waiting and len(at_work) < self._width:
                at_work[self._executor.submit(run_task, waiting[-1])] = waiting[-1]
                waiting.pop()
            done, _ = wait(at_work, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield at_work.pop(future), future.result()
        running = {future for future in at_work if not future.cancel()}
        for future in wait(running, timeout=PATIENCE).done:
            yield at_work[future], future.result()


class InProcesses:
    """Runs tasks in `jobs` processes of this machine, its cores shared out between them.

    note: called with a sentence when a worker died.
    """

    def __init__(self, jobs: int, note: Note = lambda text: None) -> None:
        self._jobs = jobs
        self._note = note

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        left = {id(task): task for task in tasks}
        deaths = 0
        while left and not interrupted():
            try:
                for task, results in self._pass(list(left.values()), interrupted):
                    del left[id(task)]
                    yield task, results
            except BrokenExecutor:
                if interrupted():
                    return  # the signal reached the workers too
                deaths += 1
                if deaths == MOST_DEATHS:
                    hint = "memory may be short: try fewer jobs; in a script of yours, start them "
                    hint += 'below `if __name__ == "__main__":`'
                    what = f"worker processes died {deaths} times over"
                    raise GdrunError(what, hint=hint) from None
                runs = sum(len(task.trials) for task in left.values())
                self._note(f"a worker process died; what it was at is run again ({runs} runs left)")

    def _pass(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        """One pool's work, up to its end or the death of a worker."""
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        threads = max((os.cpu_count() or 1) // self._jobs, 1)
        plugins = [plugin["path"] for plugin in loaded_plugins()]

        def asked() -> str | None:
            signal = interrupted()
            if signal:
                stop.set()
            return signal

        with (
            threads_of_new_processes(threads),
            ProcessPoolExecutor(
                self._jobs, context, initializer=start_worker, initargs=(stop, plugins)
            ) as pool,
        ):
            try:
                yield from OnExecutor(pool, self._jobs + 1).run(tasks, asked)
            finally:
                stop.set()  # the pool waits for its workers, whatever ended this


def run_task(task: Task) -> list[Result]:
    """Run a task where this is called: in a worker, until it is asked to stop."""
    return task.run(interrupted=lambda: "SIGINT" if _stop is not None and _stop.is_set() else None)


def start_worker(stop: Any, plugins: Sequence[str]) -> None:
    """Initialise a worker: ignore SIGINT, which the parent handles, and end with the parent."""
    import signal

    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    for path in plugins:
        load_plugin(path)


def _end_with_parent() -> None:
    """End this worker when its parent is gone: the pool's queue would block it for ever."""
    import signal

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


_stop: Any = None
