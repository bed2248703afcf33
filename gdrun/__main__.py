"""The entry point of `gdrun` and of `python -m gdrun`."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""The signals that end a command. gdrun.runs.signals has them too, but is not imported yet."""


def main() -> int:
    """Run the command line of this process, and return the exit code."""
    # While the command line is imported, and while it returns, a signal ends the process at once.
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)
    from gdrun.cli import main as command_line

    code = command_line()
    # All files are written. A signal while Python ends would replace the exit code by its own.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    return code


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
