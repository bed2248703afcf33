"""The command line: one file a command; the only place that prints and exits.

Modules here are imported before every command, so they import NumPy, pydantic and tables only
inside the functions that use them: `gdrun --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from gdrun.cli import faults
from gdrun.cli.app import command_line
from gdrun.cli.console import forgive_encoding
from gdrun.errors import GdrunError

INTERRUPTED = 130
# What a shell reports of a process that was ended by SIGPIPE: 128 + 13.
PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: the one place that catches every error."""
    forgive_encoding()
    try:
        code = command_line(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except GdrunError as error:
        faults.show(error.problems)
        return error.exit_code
    except MemoryError as error:
        faults.show([faults.too_large(error)])
        return GdrunError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        faults.show([faults.bug(error)])
        return 1
    return code
