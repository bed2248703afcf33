"""`--watch`: a live view of a training or of a study in the terminal, which a key leaves."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gdrun.engine.listeners import Listener, Progress
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from gdrun.engine.outcome import Outcome
    from gdrun.study.design.trials import Trial
    from gdrun.study.judgement.metrics import Metric
    from gdrun.study.study import StudyProgress
    from gdrun.study.tasks import Task

LEAVE = "q"
REDRAW = 0.2
"""The seconds between two drawings; five a second look alive and take little time."""


def require_terminal() -> None:
    """Raise GdrunError if stdin or stderr is no terminal, which the live view needs."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "leave --watch out; `gdrun plot last` draws the curves of a run that has ended"
        raise GdrunError("needs a terminal", where="--watch", hint=hint)


class LiveView:
    """A view on the screen that is drawn again and again, until the key LEAVE is pressed."""

    def __init__(self) -> None:
        self.left = False
        self.start = time.monotonic()
        self._drawn = 0.0
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A context in which the view is on the screen and the key is read."""
        from rich.live import Live

        from gdrun.cli import console

        with _single_keys(self._pressed):
            # Drawings that are taller than the screen must not scroll, and none is left at the end.
            self._live = Live(
                console=console.stderr(),
                auto_refresh=False,
                transient=True,
                vertical_overflow="crop",
            )
            with self._live:
                yield

    def draw(self, view: Callable[[int, int], RenderableType]) -> None:
        """Draw a view, if the last drawing is long enough ago and the view was not left.

        view: makes the view for the width and the height of the terminal, in characters.
        """
        now = time.monotonic()
        if self.left or self._live is None or now - self._drawn < REDRAW:
            return
        self._drawn = now
        size = self._live.console.size
        # A terminal may wrap a line that fills its last column.
        self._live.update(view(size.width - 1, size.height), refresh=True)

    def _pressed(self, key: str) -> None:
        """Leave the view. A study in other processes draws rarely, so this does not wait for it."""
        if key.lower() == LEAVE and self._live is not None:
            self.left = True
            self._live.stop()


class TrainingView(Listener):
    """The live view of one training.

    after: the listeners that show the progress when the view was left.
    """

    def __init__(self, after: Sequence[Listener]) -> None:
        self.view = LiveView()
        self._after = after
        self._outcomes: dict[int, Outcome] = {}

    def advanced(self, progress: Progress) -> None:
        if self.view.left:
            for listener in self._after:
                listener.advanced(progress)
            return
        from gdrun.views.dashboard import dashboard

        elapsed = time.monotonic() - self.view.start
        self.view.draw(lambda width, _: dashboard(progress, self._outcomes, elapsed, width))

    def ended(self, lane: int, outcome: Outcome) -> None:
        self._outcomes[lane] = outcome
        if self.view.left:
            for listener in self._after:
                listener.ended(lane, outcome)


class StudyView:
    """The live view of a study.

    metric: ranks the settings. after: the listeners that show the progress of a training when the
    view was left. count: reports the progress of the study when the view was left.
    """

    def __init__(
        self, metric: Metric, after: Sequence[Listener], count: Callable[[StudyProgress], None]
    ) -> None:
        self.view = LiveView()
        self._metric, self._after, self._count = metric, after, count
        self._study: StudyProgress | None = None
        self._tasks: list[_TaskView] = []
        self._begin = (self.view.start, 0.0)

    def listeners_of(self, task: Task) -> Sequence[Listener]:
        """The listener of a task that is about to train."""
        view = _TaskView(task.trials, self._redraw, self._after, self.view)
        self._tasks.append(view)
        return (view,)

    def on_progress(self, study: StudyProgress) -> None:
        """Draw what has ended. A plan that starts, such as a tuning, has its own time left."""
        from gdrun.views.study_dashboard import work_done

        if self._study is None or self._study.plan is not study.plan:
            self._begin = (time.monotonic(), work_done(study, ()))
        self._study = study
        self._tasks = [
            task
            for task in self._tasks
            if any(trial.identity not in study.results for trial in task.trials)
        ]
        if self.view.left:
            self._count(study)
        else:
            self._redraw()

    def _redraw(self) -> None:
        study = self._study
        if study is None:
            return
        from gdrun.views.study_dashboard import Running, study_dashboard, work_done

        def view(width: int, height: int) -> RenderableType:
            running = [
                Running(task.trials, task.progress, task.outcomes)
                for task in self._tasks
                if task.progress is not None
            ]
            now, (begin, found) = time.monotonic(), self._begin
            done = work_done(study, running)
            pace = (done - found) / (now - begin) if now > begin else 0.0
            left = (study.of - done) / pace if pace > 0 else None
            times = (now - self.view.start, left)
            return study_dashboard(study, running, self._metric, times, (width, height))

        self.view.draw(view)


class _TaskView(Listener):
    """What the view of a study knows of a task that trains: lane k is trial k."""

    def __init__(
        self,
        trials: Sequence[Trial],
        redraw: Callable[[], None],
        after: Sequence[Listener],
        view: LiveView,
    ) -> None:
        self.trials = trials
        self.progress: Progress | None = None
        self.outcomes: dict[int, Outcome] = {}
        self._redraw, self._after, self._view = redraw, after, view

    def advanced(self, progress: Progress) -> None:
        self.progress = progress
        if self._view.left:
            for listener in self._after:
                listener.advanced(progress)
        else:
            self._redraw()

    def ended(self, lane: int, outcome: Outcome) -> None:
        self.outcomes[lane] = outcome
        if self._view.left:
            for listener in self._after:
                listener.ended(lane, outcome)


@contextmanager
def _single_keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """A context in which a thread calls `pressed` for each key, without waiting for Enter.

    The terminal does not show the keys. Where the system has no termios, as on Windows, no key is
    read.
    """
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(OSError, ValueError):
                if select.select([file], [], [], 0.1)[0]:
                    pressed(os.read(file, 1).decode(errors="replace"))

    reader = threading.Thread(target=read, name="gdrun-keys", daemon=True)
    try:
        tty.setcbreak(file)
        reader.start()
        yield
    finally:
        ended.set()
        reader.join()
        termios.tcsetattr(file, termios.TCSADRAIN, before)
