"""The registry of claims: statements of texts on gradient descent, each with its measurement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gdrun.array_types import Array
from gdrun.threads import single_blas_thread

Verdict = Literal["holds", "fails", "corrected"]
"""Whether a statement holds, fails, or holds only in the form that its claim's `truth` gives."""


def on_all_data(holds: Iterable[bool]) -> Verdict:
    """The verdict on a statement about any data: one data set on which it is wrong contradicts it.

    holds: for each data set that was measured, whether the statement is right.
    """
    return "holds" if all(holds) else "fails"


@dataclass(frozen=True)
class Series:
    """Numbers of a finding that are shown as a curve: y over x, (n,) each.

    name: the name of the curve. x_name, y_name: the names of the axes; if y_name is empty, the name
    of the curve is used. Curves with the same x_name and y_name are drawn together.
    """

    name: str
    x: Array
    y: Array
    x_name: str = "step"
    y_name: str = ""


@dataclass(frozen=True)
class Finding:
    """What the measurement of a claim found.

    verdict: whether the claim's statement holds, fails, or holds only in the corrected form that
    the claim's `truth` gives. measured: one sentence with the numbers. numbers: the same numbers by
    name. commands: command lines that repeat the measurement by hand, with options in backticks as
    in the hints of errors. seeds: the seeds of the runs; none if the measurement has no randomness.
    """

    verdict: Verdict
    measured: str
    numbers: Mapping[str, float]
    commands: tuple[str, ...]
    curves: tuple[Series, ...] = ()
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Claim:
    """A statement, and the function that measures it.

    chapter: the chapter of the course in which it is stated, such as 3C (see CHAPTERS). truth: what
    holds, with its source; it is the docstring of the function.
    """

    name: str
    chapter: str
    statement: str
    truth: str
    function: Callable[[], Finding]

    def measure(self) -> tuple[Finding, float]:
        """Measure the claim. Returns the finding, and the seconds that it took."""
        begin = time.perf_counter()
        # The matrices are small: threads that wait for each other would only take time.
        with single_blas_thread():
            finding = self.function()
        return finding, time.perf_counter() - begin


CHAPTERS = {
    "1": "the loss and its minima",
    "2": "one step against the gradient",
    "3": "full batches, single examples and mini-batches",
    "3A": "full batches (BGD)",
    "3B": "single examples (SGD)",
    "3C": "mini-batches (MBGD)",
    "4": "learning rates and schedules",
    "5": "convergence",
    "6.1": "exploding gradients",
    "6.2": "vanishing gradients",
    "6.3": "oscillation",
    "6.4": "slow convergence",
    "7": "momentum, RMSprop and Adam",
}
"""The chapters of the course, with what they are about."""

CLAIMS: dict[str, Claim] = {}
"""Every claim by name."""


def claim(
    name: str, *, chapter: str, statement: str
) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
    """Register the decorated function as the measurement of a claim.

    name, chapter, statement: those of the Claim; its `truth` is the docstring of the function.
    """

    def register(function: Callable[[], Finding]) -> Callable[[], Finding]:
        truth = " ".join((function.__doc__ or "").split())
        CLAIMS[name] = Claim(name, chapter, statement, truth, function)
        return function

    return register
