"""The line of text that shows the progress while experiments train."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gdrun.engine.listeners import Progress
from gdrun.methods.stopping import position
from gdrun.views.numbers import duration, quantity


@dataclass(frozen=True)
class Beginning:
    """When a training started or continued: the time in seconds, and the steps done before."""

    time: float
    step: int = 0


def progress_line(progress: Progress, beginning: Beginning, now: float, width: int) -> str:
    """Return epoch, loss, gradient norm, learning rate, speed and remaining time in one line.

    Numbers are medians over the runs that still train. beginning: the speed counts the time and the
    steps after it. now: the time in seconds, on the clock of `beginning`. width: the largest length
    of the line in characters; less important parts are left out of a line that would be longer.
    """
    words = dict(_words(progress, progress.state.step - beginning.step, now - beginning.time))
    # Parts are removed from the least important on; epoch and remaining time are always kept.
    for least_important in ("lr", "grad norm", "speed", "runs", "loss"):
        if len("  ".join(words.values())) <= width:
            break
        words.pop(least_important, None)
    return "  ".join(words.values())[:width]


def _words(progress: Progress, taken: int, elapsed: float) -> Iterator[tuple[str, str]]:
    """The parts of the line as texts, by a name for each part.

    taken: the steps in the last `elapsed` seconds.
    """
    state, cohort = progress.state, progress.cohort
    epochs = cohort.plan.limits.get("epochs")
    of = f"/{epochs}" if epochs else ""
    yield "epoch", f"epoch {position(progress.epoch)}{of}"
    last = progress.steps.last() if len(state.lanes) else {}
    for word, name in (("loss", "batch_loss"), ("grad norm", "grad_norm"), ("lr", "lr")):
        if name in last:
            value = float(np.median(last[name][state.lanes]))
            yield word, f"{word} {quantity(value, 3)}"
    if cohort.lanes > 1:
        yield "runs", f"{len(state.lanes)} of {cohort.lanes} runs"
    if elapsed > 0:
        yield "speed", f"{taken / elapsed:,.0f} steps/s"
    if (left := _time_left(progress, taken, elapsed)) is not None:
        yield "left", f"{duration(left)} left"


def _time_left(progress: Progress, taken: int, elapsed: float) -> float | None:
    """The seconds until the first budget is used up, at the average speed so far.

    None if there is no budget of steps or seconds. The last two arguments are those of `_words`.
    """
    state, plan, ends = progress.state, progress.cohort.plan, []
    if plan.budget is not None and taken:
        ends.append(elapsed * (plan.budget.steps - state.step) / taken)
    if (seconds := plan.limits.get("seconds")) is not None:
        ends.append(seconds - state.seconds)
    return max(min(ends), 0.0) if ends else None
