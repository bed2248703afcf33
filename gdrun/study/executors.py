"""Where the tasks of a study run: in this process, in several processes, or on an executor.

A task is a group of trials that train together. An executor is an object with the interface of
`concurrent.futures.Executor`, such as that of a cluster. The results of a task are yielded as soon
as the task ends. If a worker process dies, new workers run the tasks that have not ended. A worker
process ends when the process that started it ends, even if the latter was killed.
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
from contextlib import contextmanager, nullcontext
from threading import Thread
from typing import Any, Protocol

from gdrun.engine.judging import Interrupted
from gdrun.errors import GdrunError, Parameter
from gdrun.methods.plugins import load_plugin, loaded_plugins
from gdrun.stop_requests import stopping_if
from gdrun.study.growth import GrowthReporter, OnGrowth
from gdrun.study.storage.results import Result
from gdrun.study.tasks import ListenersOf, Task
from gdrun.threads import threads_of_new_processes

MOST_DEATHS = 3
"""A study ends with an error when worker processes have died this many times."""

PATIENCE = 5.0
"""Seconds that an interrupted study waits for the results of its running tasks."""

Ended = tuple[Task, list[Result]]
"""A task that has ended, and the results of the task's trials."""

Note = Callable[[str], None]
"""A function that takes one sentence and shows it to the user."""


class Runner(Protocol):
    """Runs tasks, and yields each task with the results of its trials as soon as the task ends."""

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        """Run the tasks in any order, and yield each task with its results when it ends.

        interrupted: a function that returns the name of a signal when no more tasks should start,
        else None.
        """


class InProcess:
    """Runs one task after another in this process.

    listeners_of: a function that returns the listeners of a task; by default, none.
    """

    def __init__(self, listeners_of: ListenersOf = lambda task: ()) -> None:
        self.listeners_of = listeners_of

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        for task in tasks:
            if interrupted():
                return
            yield task, task.run(self.listeners_of(task), interrupted)


class OnExecutor:
    """Runs at most `width` tasks at a time on an executor. The caller shuts the executor down."""

    def __init__(self, executor: Executor, width: int) -> None:
        self._executor = executor
        self._width = width

    def run(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        # Reversed, because pop() takes the last task of a list.
        queued, running = list(reversed(tasks)), dict[Future[list[Result]], Task]()
        while (queued or running) and not interrupted():
            while queued and len(running) < self._width:
                with signals_held_back():
                    running[self._executor.submit(run_task, queued[-1])] = queued[-1]
                queued.pop()
            # The timeout is how late an interruption may be noticed.
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
        started = {future for future in running if not future.cancel()}
        for future in wait(started, timeout=PATIENCE).done:
            yield running[future], future.result()


class InProcesses:
    """Runs tasks in `jobs` processes of this machine, each with an equal share of the cores.

    note: a function that is called with a sentence for the user when a worker process died.
    on_growth: a function that is called with reports on the tasks that train, in another thread;
    None for no reports. `run` raises GdrunError when worker processes have died MOST_DEATHS times.
    """

    def __init__(
        self, jobs: int, note: Note = lambda text: None, on_growth: OnGrowth | None = None
    ) -> None:
        self._jobs = jobs
        self._note = note
        self._on_growth = on_growth

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
                if not deaths and _starts_again_when_imported():
                    raise GdrunError(
                        "every process imports the script, which starts the study again",
                        where=Parameter("jobs"),
                        hint=f"write {GUARD} above the study, and indent the study",
                    ) from None
                deaths += 1
                if deaths == MOST_DEATHS:
                    hint = "if memory is full, use fewer `jobs`"
                    what = f"worker processes died {deaths} times"
                    raise GdrunError(what, hint=hint) from None
                runs = sum(len(task.trials) for task in left.values())
                self._note(f"a worker process died; the {runs} runs without a result start again")

    def _pass(self, tasks: Sequence[Task], interrupted: Interrupted) -> Iterator[Ended]:
        """Run the tasks in one pool of processes, until all have ended or a worker process dies."""
        # Not fork: a forked worker would inherit locks that other threads have acquired.
        context = multiprocessing.get_context("spawn")
        with signals_held_back():  # the event starts a process that tracks shared resources
            stop = context.Event()
            reports = None if self._on_growth is None else context.Queue()
        threads = max((os.cpu_count() or 1) // self._jobs, 1)
        # A spawned worker has only the rules of the package, so it must load the plugins too.
        plugins = [plugin["path"] for plugin in loaded_plugins()]

        def interrupted_and_passed_on() -> str | None:
            signal = interrupted()
            if signal:
                stop.set()
            return signal

        with (
            threads_of_new_processes(threads),
            _passed_on(reports, self._on_growth) if reports and self._on_growth else nullcontext(),
            ProcessPoolExecutor(
                self._jobs, context, initializer=start_worker, initargs=(stop, plugins, reports)
            ) as pool,
        ):
            try:
                # One task more than there are workers, so that no worker waits for its next task.
                yield from OnExecutor(pool, self._jobs + 1).run(tasks, interrupted_and_passed_on)
            finally:
                stop.set()  # the pool waits for its workers, also after an error


GUARD = 'if __name__ == "__main__":'
"""The line below which a script must start a study in several processes."""

STARTED_AGAIN = 87
"""The exit code of a process that imports a script and so would start the script's study again."""


def end_if_imported() -> None:
    """End the process silently if it is a new one that still imports the script of the user.

    Such a process gets here if the script does not start the study below the line
    `if __name__ == "__main__":`. Python itself would then raise an error in every new process, with
    a traceback of many lines.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(STARTED_AGAIN)


def _starts_again_when_imported() -> bool:
    """Whether a new process, which imports the script, starts its study again."""
    process = multiprocessing.get_context("spawn").Process(target=_nothing)
    process.start()
    process.join()
    return process.exitcode == STARTED_AGAIN


def _nothing() -> None:
    """What a process does that only imports the script."""


@contextmanager
def _passed_on(reports: Any, on_growth: OnGrowth) -> Iterator[None]:
    """A context in which a thread calls `on_growth` with each report in a queue of processes.

    A worker process that is killed while it writes blocks the thread for ever, so nothing waits
    for the thread's end.
    """

    def pass_on() -> None:
        while (growth := reports.get()) is not None:
            on_growth(growth)

    Thread(target=pass_on, name="gdrun-growth", daemon=True).start()
    try:
        yield
    finally:
        reports.cancel_join_thread()
        reports.put(None)


def run_task(task: Task) -> list[Result]:
    """Run a task in a worker process, until the task ends or the parent process requests a stop.

    Returns the results of the trials that were not interrupted.
    """
    listeners = [] if _reports is None else [GrowthReporter(task, _reports.put)]

    def stopped() -> bool:
        return _stop is not None and _stop.is_set()

    with stopping_if(stopped):
        return task.run(listeners, lambda: "SIGINT" if stopped() else None)


def held_back() -> list[int]:
    """The numbers of SIGINT and SIGHUP, which a terminal sends to all its processes.

    Workers ignore both signals. Windows has no SIGHUP.
    """
    import signal

    names = ("SIGINT", "SIGHUP")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


@contextmanager
def signals_held_back() -> Iterator[None]:
    """A context in which SIGINT and SIGHUP are blocked for this process and for new processes.

    A process inherits the blocked signals of its parent. So Ctrl-C cannot stop a new worker while
    it still imports its modules and cannot ignore the signal yet.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, held_back())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def start_worker(stop: Any, plugins: Sequence[str], reports: Any = None) -> None:
    """Initialise a worker process.

    stop: an event that the parent process sets to request a stop. plugins: the paths of the plugins
    to load. reports: a queue for reports on tasks that train; None for no reports. The worker
    ignores SIGINT and SIGHUP, which the parent handles, and ends when the parent ends.
    """
    import signal

    global _stop, _reports
    _stop, _reports = stop, reports
    if reports is not None:
        reports.cancel_join_thread()  # nothing reads the last reports when the study is over
    for number in held_back():
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    for path in plugins:
        load_plugin(path)


def _end_with_parent() -> None:
    """End this worker process when its parent has died.

    Without the parent, the worker would wait for tasks for ever.
    """
    import signal

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


_stop: Any = None
"""In a worker process: an event that the parent process sets to request a stop."""

_reports: Any = None
"""In a worker process: the queue for reports on tasks that train; None for no reports."""
