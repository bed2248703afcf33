"""Whether the process that writes a run still exists, and on which machine it runs."""

from __future__ import annotations

import os
import socket

from gdrun.runs.record import ProcessRecord


def is_alive(process: ProcessRecord | None) -> bool:
    """Whether the process that writes a run still exists.

    True if the process is on another machine, or is not known.
    """
    if process is None or is_elsewhere(process):
        return True
    try:
        os.kill(process["pid"], 0)  # signal 0 sends nothing: it only checks that the process exists
    except PermissionError:  # the process exists, but belongs to another user
        return True
    except (OSError, OverflowError):  # OverflowError: no process can have this number
        return False
    return True


def is_elsewhere(process: ProcessRecord) -> bool:
    """Whether a process runs on another machine."""
    return process["host"] != socket.gethostname()
