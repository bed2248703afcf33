"""The entry point of `gdrun` and of `python -m gdrun`."""

import atexit
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
    """Run the command line of this process, and end the process with the exit code.

    Returns the exit code if the last output cannot be written, so that Python reports this.
    """
    # While the command line is imported, and while it returns, a signal ends the process at once.
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from gdrun.cli import main as command_line

    code = command_line()
    # All files are written. A signal while Python ends would replace the exit code by its own.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _leave(code)
    return code


def _leave(code: int) -> None:
    """End the process, without the 0.1 s in which Python would free each of its objects.

    Returns if the last output cannot be written.
    """
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # a closed pipe, a full disk, a closed stream
        return
    os._exit(code)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
