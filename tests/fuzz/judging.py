"""The judgement of one input: gdrun accepts it, or refuses it with an error of its own.

Everything else is a finding: another exception, a warning that would reach the user, a message that
is too long, more than SECONDS of computing, and memory beyond the limit of the process.
"""

from __future__ import annotations

import re
import signal
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from fuzz.doors import Call, InternalError
from fuzz.kinds import Kind
from gdrun.cli.faults import system_problem
from gdrun.errors import GdrunError

SECONDS = 5.0
"""The seconds of computing that one call may take, in all threads together."""

MOST_CHARACTERS = 4_000
"""The longest message about one problem."""


@dataclass(frozen=True)
class Judgement:
    """What became of an input.

    outcomes: for each call `accepted`, or the error without its numbers and quoted texts; inputs
    with equal outcomes took similar paths. finding: the place and the class of what went wrong, or
    an empty text; report: its traceback.
    """

    outcomes: tuple[str, ...]
    finding: str = ""
    report: str = ""


class HangError(BaseException):
    """A call took too long. It is no Exception, so that no handler keeps it."""


def judged(kind: Kind, data: bytes, folder: Path) -> Judgement:
    """Feed an input to gdrun. folder: for its files; a process has one of its own."""
    outcomes = []
    calls = kind.door(data, folder)
    for call in calls:
        try:
            outcomes.append(_outcome(call))
        except (Exception, HangError) as error:
            calls.close()  # It restores the files of a record.
            report = "".join(traceback.format_exception(error))[-6_000:]
            return Judgement(tuple(outcomes), _place(error), report)
    return Judgement(tuple(outcomes))


def _outcome(call: Call) -> str:
    """`accepted`, or the error that refuses the input, shortened."""
    error = refusal(call)
    first = str(error or "accepted").partition("\n")[0]
    return re.sub(r"'[^']*'|\d+", "#", first)[-80:]


def refusal(call: Call) -> Exception | None:
    """The error with which gdrun refuses an input; None if it accepts it.

    Raises the other errors, HangError after SECONDS of computing, MemoryError, and AssertionError
    for a message that is too long.
    """
    try:
        with _bounded(), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ResourceWarning)
            call()
    except GdrunError as error:
        longest = max(len(str(each)) for each in error.problems)
        if longest > MOST_CHARACTERS:
            raise AssertionError(f"a message of {longest:,} characters") from error
        if "out of memory" in str(error).lower():
            raise MemoryError(str(error)) from error
        return error
    except OSError as error:
        if system_problem(error) is None:
            raise
        return error
    return None


@contextmanager
def _bounded() -> Iterator[None]:
    """A context that raises HangError after SECONDS of computing."""
    earlier = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise HangError(f"more than {SECONDS:g} s of computing")


def _place(error: BaseException) -> str:
    """The class of an error, and the innermost function of gdrun on its traceback."""
    if isinstance(error, InternalError):
        lines = str(error).splitlines()
        found = [line.strip() for line in lines if "/gdrun/" in line and line.startswith("  File")]
        place = re.sub(r'.*/gdrun/([^"]*)", line \d+, in ', r"\1 ", found[-1]) if found else ""
        return f"{lines[-1].partition(':')[0] if lines else 'internal error'} in {place}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/gdrun/" in frame.filename] or frames
    file = own[-1].filename.rpartition("/gdrun/")[2] if own else ""
    return f"{type(error).__name__} in {file} {own[-1].name if own else ''}"
