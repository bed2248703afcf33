"""The line that is alive while a run goes on."""

from __future__ import annotations

import numpy as np

from gdrun.engine.listeners import Progress
from gdrun.methods.stopping import position
from gdrun.views.numbers import duration, quantity


def progress_line(progress: Progress, elapsed: float) -> str:
    """Epoch, loss, gradient norm, rate, speed and time left, in one line.

    elapsed: seconds since the training began.
    """
    state, stopping = progress.state, progress.cohort.shared.stopping
    words = [f"epoch {position(progress.epoch)}{f'/{stopping.epochs}' if stopping.epochs else ''}"]
    last = progress.steps.last()
    for word, name in (("loss", "batch_loss"), ("grad norm", "grad_norm"), ("lr", "lr")):
        value = float(np.median(last[name][state.lanes]))
        words.append(f"{word} {quantity(value, 3)}")
    if len(progress.cohort.experiments) > 1:
        words.append(f"{len(state.lanes)} of {len(progress.cohort.experiments)} runs")
    if elapsed > 0:
        words.append(f"{state.step / elapsed:,.0f} steps/s")
    if (left := _time_left(progress, elapsed)) is not None:
        words.append(f"{duration(left)} left")
    return "  ".join(words)


def _time_left(progress: Progress, elapsed: float) -> float | None:
    """The seconds until the first budget ends, at the speed so far."""
    state, ends = progress.state, []
    if progress.plan.budget is not None and state.step:
        ends.append(elapsed * (progress.plan.budget.steps / state.step - 1))
    if (seconds := progress.cohort.shared.stopping.seconds) is not None:
        ends.append(seconds - state.seconds)
    return max(min(ends), 0.0) if ends else None
