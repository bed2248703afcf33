"""The live view of a study: a curve of the training loss and the best settings so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.engine.trace import Columns
from gdrun.methods.stopping import position
from gdrun.study.design.trials import Candidate, Trial, equal_runs, label
from gdrun.study.growth import Growth
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.statistics import quantile
from gdrun.study.study import StudyProgress
from gdrun.views.curve_scale import scale_over
from gdrun.views.curves import Chart, Curve, needs_log
from gdrun.views.numbers import count, duration, quantity
from gdrun.views.sweeps import shown_value
from gdrun.views.terminal_plot import PlotView

MOST_CURVES = 5
"""The most settings whose losses are drawn: the best ones so far."""

CHART_HEIGHT = 8
CHART_ROWS = CHART_HEIGHT + MOST_CURVES + 4
"""The rows of the chart with its axes, its legend and a blank line."""

OTHER_ROWS = 7
"""The rows of all lines but those of the settings and the chart."""

FEWEST_ROWS = 5
"""The chart is left out if fewer settings than this would fit below it."""

KEYS = "q: leave this view; the study continues    Ctrl-C: end the study"

_VERBS = {"sweep": "sweep", "compare": "comparison", "tune": "tuning"}


@dataclass(frozen=True)
class _Setting:
    """A candidate and its results so far.

    runs, ended, diverged: the numbers of its runs, of those that have ended, and that diverged.
    score: the median over its runs of the latest score of the metric, where lower is better;
    infinite if it is not known. evals: the evaluations of its first run that has started; None if
    none has. failed: whether this run diverged.
    """

    name: str
    runs: int
    ended: int
    diverged: int
    score: float
    evals: Columns | None
    failed: bool


def work_done(study: StudyProgress, growing: Sequence[Growth]) -> float:
    """The work done so far, in trials: a trial that trains counts with the share that is done."""
    shares = {
        identity: 1.0 if identity in task.statuses else task.share
        for task in growing
        for identity in task.identities
    }
    return study.ended + sum(
        share for identity, share in shares.items() if identity not in study.results
    )


def study_dashboard(
    study: StudyProgress,
    growing: Sequence[Growth],
    metric: Metric,
    times: tuple[float, float | None],
    size: tuple[int, int],
) -> RenderableType:
    """The view of a study that runs: counts, the best setting, and a row for each setting.

    growing: the latest reports of the tasks that train. times: the seconds so far, and the seconds
    left; None if they are not known. size: the width and height of the terminal, in characters.
    """
    width, height = size
    settings = _settings(study, growing, metric)
    rows = height - OTHER_ROWS
    chart = (
        _chart(settings, study) if rows - CHART_ROWS >= min(FEWEST_ROWS, len(settings)) else None
    )
    if chart is not None:
        rows -= CHART_ROWS
    parts: list[RenderableType] = [
        Text(_counts(study, times)[:width], style="bold"),
        Text(_best(settings, metric)[:width], style="bold green"),
        "",
    ]
    if chart is not None:
        parts += [PlotView(chart, CHART_HEIGHT), ""]
    parts += [_table(settings, metric, max(rows, 1))]
    parts += ["", Text(_training(growing)[:width], style="dim"), Text(KEYS[:width], style="dim")]
    return Group(*parts)


def _settings(study: StudyProgress, growing: Sequence[Growth], metric: Metric) -> list[_Setting]:
    """The candidates of the plan so far, in the order of the plan."""
    live = {identity: task for task in growing for identity in task.identities}
    groups: dict[int, list[Trial]] = {}
    for same in equal_runs(study.plan.trials):
        groups.setdefault(same[0].candidate, []).append(same[0])
    found = []
    for place, trials in groups.items():
        ended = diverged = 0
        scores, evals, failed = [], None, False
        for trial in trials:
            one, over, bad = _trial(trial.identity, study, live)
            ended, diverged = ended + over, diverged + bad
            if one is None:
                continue
            if evals is None:
                evals, failed = one, bad
            last = one.get(metric.name, np.empty(0))[-1:]
            known = len(last) and np.isfinite(last[0]) and not bad
            scores.append(metric.sign * float(last[0]) if known else np.inf)
        score = quantile(scores, 0.5) if scores else np.inf
        found.append(
            _Setting(
                _name(study.plan.candidates[place]),
                len(trials),
                ended,
                diverged,
                score,
                evals,
                failed,
            )
        )
    return found


def _name(candidate: Candidate) -> str:
    """The name of a candidate; a name that lists settings has short numbers, such as lr=0.03162."""
    if candidate.name != label(candidate.settings):
        return candidate.name
    return " ".join(
        f"{key.rpartition('.')[2]}={shown_value(value)}"
        for key, value in candidate.settings.items()
    )


def _trial(
    identity: str, study: StudyProgress, live: Mapping[str, Growth]
) -> tuple[Columns | None, bool, bool]:
    """The evaluations of a trial, None before it starts; whether it ended; whether it diverged."""
    if (result := study.results.get(identity)) is not None:
        return result.evals, True, result.diverged
    if identity not in live:
        return None, False, False
    status = live[identity].statuses.get(identity)
    return live[identity].evals.get(identity), status is not None, status == "diverged"


def _counts(study: StudyProgress, times: tuple[float, float | None]) -> str:
    elapsed, left = times
    words = [
        f"{_VERBS.get(study.plan.verb, study.plan.verb)}: {study.ended:,} of {study.of:,} runs"
    ]
    words[0] += " have ended"
    words.append(duration(elapsed))
    if left is not None:
        words.append(f"about {duration(left)} left")
    return ", ".join(words)


def _best(settings: Sequence[_Setting], metric: Metric) -> str:
    known = [each for each in settings if np.isfinite(each.score)]
    if not known:
        return "best so far: not known yet"
    best = min(known, key=lambda each: each.score)
    return f"best so far: {best.name}, {metric.words} {quantity(metric.value(best.score))}"


def _training(growing: Sequence[Growth]) -> str:
    """The epoch, the loss, the gradient norm and the rate of the task that reported last."""
    if not growing or not growing[-1].training:
        return ""
    task = growing[-1]
    of = f"/{quantity(task.epochs)}" if task.epochs else ""
    words = [f"epoch {position(task.epoch)}{of}", f"{task.training} of {len(task.identities)} runs"]
    for word, name in (("loss", "batch_loss"), ("grad norm", "grad_norm"), ("lr", "lr")):
        if name in task.last:
            words.append(f"{word} {quantity(task.last[name], 3)}")
    return "  ".join(words)


def _chart(settings: Sequence[_Setting], study: StudyProgress) -> Chart | None:
    """The training losses of the best settings so far; None if no curve has two points."""
    order = sorted(range(len(settings)), key=lambda place: settings[place].score)
    best = [settings[place] for place in sorted(order[:MOST_CURVES])]
    curves = tuple(
        Curve(each.name, each.evals["epoch"], each.evals["train_loss"])
        for each in best
        if each.evals is not None and len(each.evals["epoch"]) > 1 and not each.failed
    )
    if not curves:
        return None
    log = needs_log(curves)
    seed = f", seed {study.plan.seeds[0]}" if len(study.plan.seeds) > 1 else ""
    return Chart("", "epoch", f"train loss of the best settings{seed}", curves, log_y=log)


def _table(settings: Sequence[_Setting], metric: Metric, rows: int) -> RenderableType:
    """A row for each setting in the order of the plan; of more than `rows` settings, the best."""
    shown = list(settings)
    hidden = len(shown) - rows
    if hidden > 0:
        order = sorted(range(len(shown)), key=lambda place: shown[place].score)
        shown = [shown[place] for place in sorted(order[: max(rows - 1, 1)])]
        hidden = len(settings) - len(shown)
    scale = scale_over(
        [each.evals["train_loss"] for each in shown if each.evals is not None],
        [each.evals["train_loss"] for each in shown if each.evals is not None and not each.failed],
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("setting", no_wrap=True)
    table.add_column("runs ended", justify="right", no_wrap=True)
    table.add_column(metric.words, justify="right", no_wrap=True)
    table.add_column("train loss", no_wrap=True)
    for each in shown:
        diverged = f", {each.diverged} diverged" if each.diverged else ""
        value = quantity(metric.value(each.score)) if np.isfinite(each.score) else ""
        line = scale.line(each.evals["train_loss"]) if scale and each.evals is not None else ""
        style = "red" if each.diverged else ""
        table.add_row(each.name, Text(f"{each.ended} of {each.runs}{diverged}", style), value, line)
    if hidden > 0:
        return Group(table, Text(f"{count(hidden, 'other setting')} not shown", style="dim"))
    return table
