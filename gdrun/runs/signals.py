"""Signals: the first one lets training save its state, a second one ends the command at once.

The signals are SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal was closed). A signal that this
process ignores, as nohup arranges, stays ignored.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from gdrun.stop_requests import Stopped, stopping_if

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that end a command. Windows has no SIGHUP."""

REPEAT = 0.25
"""Within this many seconds, the same signal counts as one: a terminal and the program that started
gdrun may both send it.
"""


class Ended(KeyboardInterrupt):
    """A signal that ends the command at once.

    exit_code: 128 + the number of the signal. before_training: whether the command was to train,
    and had not begun: no run was written.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number
        self.before_training = False


@contextmanager
def before_training() -> Iterator[None]:
    """A context in which a training is prepared: data are read, and no run is written yet."""
    try:
        yield
    except Ended as end:
        end.before_training = True
        raise


class EndAtOnce:
    """A handler that raises Ended, for the time in which there is no state to save.

    A library in C may replace the exception by one of its own; `exit_code` then still has the code
    of the signal. It is 0 without a signal.
    """

    exit_code = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.exit_code = 128 + number
        raise Ended(number)


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], None],
    signals: Sequence[signal.Signals] = SIGNALS,
) -> Iterator[None]:
    """A context in which `handler` handles the signals.

    It has no effect outside the main thread, or on signals that this process ignores.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = {number: signal.getsignal(number) for number in signals}
    replaced = [number for number, known in earlier.items() if known != signal.SIG_IGN]
    try:
        for number in replaced:
            signal.signal(number, handler)
        yield
    finally:
        for number in replaced:
            signal.signal(number, earlier[number])


class Interruption:
    """The signal that interrupted a training, if a signal did.

    After the first signal, all runs in training write their files and end. A second signal raises
    Ended at once; the same signal within REPEAT seconds counts as the first.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._at = 0.0

    @property
    def exit_code(self) -> int:
        """The exit code after the signal: 128 + the number of the signal; 0 without a signal."""
        return 128 + self.signal if self.signal else 0

    def name(self) -> str | None:
        """The name of the signal for the user; None until there was a signal."""
        if self.signal == signal.SIGINT:
            return "Ctrl-C (SIGINT)"
        return self.signal.name if self.signal else None

    @contextmanager
    def watching_keyboard(self) -> Iterator[None]:
        """A context in which this object handles Ctrl-C, for the use from Python.

        It does nothing if the program has a handler of its own for SIGINT.
        """
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        with handled(self._handle, (signal.SIGINT,)), stopping_if(self._interrupted):
            yield

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A context in which this object handles the signals.

        Raises Ended if a signal ended a wait inside the context, such as the wait for a compiler,
        and no code inside the context caught the exception Stopped of this wait.
        """
        try:
            with handled(self._handle), stopping_if(self._interrupted):
                yield
        except Stopped:
            raise Ended(self.signal or signal.SIGINT) from None

    def _interrupted(self) -> bool:
        return self.signal is not None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.signal is None:
            self.signal, self._at = signal.Signals(number), now
        elif number != self.signal or now - self._at > REPEAT:
            raise Ended(number)
