"""The entry point of `gdrun` and of `python -m gdrun`."""

import signal
import sys


def main() -> int:
    """Run the command line of this process, and return the exit code."""
    # Until the command line is imported, Ctrl-C ends the process without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gdrun.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
