"""`--watch`: a live view of a training or of a study in the terminal, closed by a key."""

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
    from gdrun.study.growth import Growth
    from gdrun.study.judgement.metrics import Metric
    from gdrun.study.study import StudyProgress

LEAVE = "q"
REDRAW = 0.2
"""The seconds between two drawings; five a second look alive and take little time."""


def require_terminal() -> None:
    """Raise GdrunError if stdin or stderr is no terminal: the live view needs both."""
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
        """Draw a view, unless the last drawing was less than REDRAW seconds ago.

        Nothing is drawn after the user has closed the live view. view: a function that makes the
        view for the width and the height of the terminal, in characters.
        """
        now = time.monotonic()
        if self.left or self._live is None or now - self._drawn < REDRAW:
            return
        self._drawn = now
        size = self._live.console.size
        # A terminal may wrap a line that fills its last column.
        self._live.update(view(size.width - 1, size.height), refresh=True)

    def _pressed(self, key: str) -> None:
        """Close the view at once if the key is LEAVE.

        It is not closed by the next drawing, which a study in other processes may make much later.
        """
        if key.lower() == LEAVE and self._live is not None:
            self.left = True
            self._live.stop()


class TrainingView(Listener):
    """The live view of one training."""

    def __init__(self) -> None:
        self.view = LiveView()
        self._outcomes: dict[int, Outcome] = {}

    def started(self, progress: Progress) -> None:
        from gdrun.views.progress import Beginning

        self._beginning = Beginning(time.monotonic(), progress.state.step)
        self._outcomes = {}

    def advanced(self, progress: Progress) -> None:
        from gdrun.views.dashboard import dashboard

        now, beginning = time.monotonic(), self._beginning
        self.view.draw(lambda width, _: dashboard(progress, self._outcomes, beginning, now, width))

    def ended(self, lane: int, outcome: Outcome) -> None:
        self._outcomes[lane] = outcome


class StudyView:
    """The live view of a study.

    metric: ranks the settings. after: the listeners that show the progress of a training after the
    user has closed the view. count: a function that shows the progress of the study after the user
    has closed the view.
    """

    def __init__(
        self, metric: Metric, after: Sequence[Listener], count: Callable[[StudyProgress], None]
    ) -> None:
        self.view = LiveView()
        self.listeners = [WhenLeft(self.view, listener) for listener in after]
        self._metric, self._count = metric, count
        self._study: StudyProgress | None = None
        self._growing: dict[tuple[str, ...], Growth] = {}  # the latest report is the last
        self._begin = (self.view.start, 0.0)
        # Reports from other processes come in another thread.
        self._lock = threading.Lock()

    def on_progress(self, study: StudyProgress) -> None:
        """Draw the study after a run has ended; show the count of runs if the view is closed.

        The estimate of the time left begins again with each plan: a comparison may have two, the
        tuning and the comparison itself.
        """
        from gdrun.views.study_dashboard import work_done

        with self._lock:
            if self._study is None or self._study.plan is not study.plan:
                self._begin = (time.monotonic(), work_done(study, ()))
            self._study = study
            self._growing = {
                own: growth
                for own, growth in self._growing.items()
                if not study.results.keys() >= set(own)
            }
            if not self.view.left:
                self._draw()
        if self.view.left:
            self._count(study)

    def on_growth(self, growth: Growth) -> None:
        """Draw the study after a report on runs that train now. growth: their curves so far."""
        with self._lock:
            self._growing.pop(growth.identities, None)
            self._growing[growth.identities] = growth
            self._draw()

    def _draw(self) -> None:
        if (study := self._study) is None:
            return
        from gdrun.views.study_dashboard import study_dashboard, work_done

        def view(width: int, height: int) -> RenderableType:
            growing = list(self._growing.values())
            now, (begin, found) = time.monotonic(), self._begin
            done = work_done(study, growing)
            pace = (done - found) / (now - begin) if now > begin else 0.0
            left = (study.of - done) / pace if pace > 0 else None
            times = (now - self.view.start, left)
            return study_dashboard(study, growing, self._metric, times, (width, height))

        self.view.draw(view)


class WhenLeft(Listener):
    """Passes the events of a training on to a listener after the user has closed a view.

    The start is always passed on, because the listener measures the speed from it.
    """

    def __init__(self, view: LiveView, listener: Listener) -> None:
        self._view, self._listener = view, listener

    def started(self, progress: Progress) -> None:
        self._listener.started(progress)

    def advanced(self, progress: Progress) -> None:
        if self._view.left:
            self._listener.advanced(progress)

    def ended(self, lane: int, outcome: Outcome) -> None:
        if self._view.left:
            self._listener.ended(lane, outcome)


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
