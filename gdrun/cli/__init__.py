"""The command line: one file for each command; only this package prints and ends the process.

All modules of this package are imported before any command runs. They import NumPy, pydantic and
the views only in the functions that use them, so that `gdrun --help` is fast.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from gdrun.cli import faults
from gdrun.cli.app import command_line
from gdrun.cli.console import replace_unencodable
from gdrun.errors import GdrunError
from gdrun.runs.signals import EndAtOnce, Ended, handled

INTERRUPTED = 130
"""The exit code after SIGINT: 128 + 2."""

PIPE_CLOSED = 141
"""The exit code that a shell reports for a process that SIGPIPE ended: 128 + 13."""


YOUNG_OBJECTS = 100_000
"""The number of new objects after which Python searches for unreachable cycles of objects.

Imports make almost as many objects, and no such cycles. With Python's default of 700 objects, the
searches take about a tenth of the time of a short command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code. All errors are caught and shown here.

    arguments: the words after `gdrun`; None for the arguments of this process.
    """
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    replace_unencodable()
    at_once = EndAtOnce()
    try:
        with handled(at_once):
            code = command_line(sys.argv[1:] if arguments is None else arguments)
            sys.stdout.flush()
    except GdrunError as error:
        faults.show(error.problems)
        return error.exit_code
    except MemoryError as error:
        faults.show([faults.out_of_memory(error)])
        return GdrunError.exit_code
    except Ended as end:
        return end.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout again at exit; to the closed pipe this would print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        if at_once.exit_code:
            return at_once.exit_code
        faults.show([faults.internal_error(error)])
        return 1
    return code
