"""The command line: one file for each command; only this package prints and ends the process.

All modules of this package are imported before any command runs. They import NumPy, pydantic and
the views only in the functions that use them, so that `gdrun --help` is fast.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

from gdrun.cli import console, faults
from gdrun.cli.app import command_line
from gdrun.errors import GdrunError, Problem
from gdrun.runs.signals import EndAtOnce, Ended, handled
from gdrun.stop_requests import stopping_if

INTERRUPTED = 130
"""The exit code after SIGINT: 128 + 2."""

PIPE_CLOSED = 141
"""The exit code that a shell reports for a process that SIGPIPE ended: 128 + 13."""


YOUNG_OBJECTS = 200_000
"""The number of new objects after which Python searches for unreachable cycles of objects.

The imports of a command make up to 96,000 objects, and no such cycles. With Python's default of 700
objects, the searches take about a tenth of the time of a short command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code. All errors are caught and shown here.

    arguments: the words after `gdrun`; None for the arguments of this process.
    """
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    console.open_closed_streams()
    console.replace_unencodable()
    at_once = EndAtOnce()
    try:
        with handled(at_once), stopping_if(lambda: bool(at_once.exit_code)):
            code = command_line(sys.argv[1:] if arguments is None else arguments)
            sys.stdout.flush()
    except GdrunError as error:
        _show(error.problems)
        return error.exit_code
    except MemoryError as error:
        _show([faults.out_of_memory(error)])
        return GdrunError.exit_code
    except Ended as end:
        if at_once.exit_code:  # a second signal during training needs no words
            _note_end(end)
        return end.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        console.discard(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:
        if at_once.exit_code:
            return at_once.exit_code
        if error.filename is None:
            console.discard(sys.stdout)
        refusal = faults.system_problem(error)
        _show([refusal or faults.internal_error(error)])
        return 1 if refusal is None else GdrunError.exit_code
    except Exception as error:
        if at_once.exit_code:
            return at_once.exit_code
        _show([faults.internal_error(error)])
        return 1
    return code


def _note_end(end: Ended) -> None:
    """Print which signal ended the command at once, and whether it was before the training."""
    number = signal.Signals(end.exit_code - 128)
    name = "Ctrl-C (SIGINT)" if number == signal.SIGINT else number.name
    with suppress(OSError):  # a closed terminal
        when = ", before the training: no run was written" if end.before_training else ""
        faults.note(f"{name} ended the command at once{when}")


def _show(problems: Iterable[Problem]) -> None:
    """Print problems on stderr. If stderr cannot be written, nothing is printed."""
    try:
        faults.show(problems)
        sys.stderr.flush()
    except OSError:
        console.discard(sys.stderr)
