"""The live view of a training: growing curves of the loss and the gradient norm, and numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.array_types import Array
from gdrun.engine.listeners import Progress
from gdrun.engine.outcome import Outcome
from gdrun.views.curves import LOG_RATIO, Chart, Curve
from gdrun.views.progress import Beginning, progress_line
from gdrun.views.terminal_plot import PlotView

MOST_LANES = 4
"""The most runs whose losses are drawn: more letters could not be told apart."""

MOST_POINTS = 400
"""The most points of a curve; a terminal has fewer columns."""

LOSS_HEIGHT, GRADIENT_HEIGHT = 9, 5

KEYS = "q: leave this view; the training continues    Ctrl-C: end the training"


def dashboard(
    progress: Progress,
    outcomes: Mapping[int, Outcome],
    beginning: Beginning,
    now: float,
    width: int,
) -> RenderableType:
    """The curves and the numbers of a training that runs.

    outcomes: of the runs that have ended, by their index. beginning: the speed counts the time and
    the steps after it. now: the time in seconds, on the clock of `beginning`. width: of the
    terminal, in characters.
    """
    cohort = progress.cohort
    lanes = range(min(cohort.lanes, MOST_LANES))
    several = cohort.lanes > 1
    # The trace has no meaning for a run after the run's end, so that of its outcome is drawn.
    columns = [
        outcomes[lane].steps if lane in outcomes else progress.steps.lane(lane) for lane in lanes
    ]
    names = [f"seed {cohort.numbers.seeds[lane]}" if several else "" for lane in lanes]
    parts: list[RenderableType] = []
    for name, label, height in (
        ("batch_loss", "batch loss", LOSS_HEIGHT),
        ("grad_norm", "gradient norm", GRADIENT_HEIGHT),
    ):
        curves = [
            Curve(own, *_thinned(each["epoch"], each[name]))
            for own, each in zip(names, columns, strict=True)
            if len(each["epoch"]) > 1
        ]
        if curves:
            parts += [PlotView(_chart(label, tuple(curves)), height), ""]
    line = progress_line(progress, beginning, now, width)
    return Group(*parts, Text(line, style="bold"), Text(KEYS, style="dim"))


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    stride = max(1, -(-len(x) // MOST_POINTS))
    return x[::stride], y[::stride]


def _chart(label: str, curves: tuple[Curve, ...]) -> Chart:
    values = np.concatenate([curve.y for curve in curves])
    values = values[np.isfinite(values)]
    positive = bool(len(values) and values.min() > 0)
    log = positive and bool(values.max() > LOG_RATIO * values.min())
    return Chart("", "epoch", label, curves, log_y=log)
