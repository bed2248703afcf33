"""The view of a run: its evaluations, why it ended, its summary, and curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gdrun.data.stray_classes import SINGLE
from gdrun.data.table import DROPPED
from gdrun.methods.stopping import position
from gdrun.problems.metrics import METRICS
from gdrun.problems.surfaces import SURFACES, place_in_words
from gdrun.runs.record import RunRecord, StopRecord, TimingRecord
from gdrun.runs.run import Run
from gdrun.runs.statuses import shown_status
from gdrun.runs.summary import BestRecord, RunSummary, number_in
from gdrun.views.evaluation_table import evaluation_table
from gdrun.views.layers import layer_table, layers_of
from gdrun.views.numbers import count, duration, percent, quantity
from gdrun.views.quality import (
    baseline_lines,
    has_metrics,
    metrics_table,
    shown,
    target_advice,
)
from gdrun.views.schedule_notes import unused_schedule
from gdrun.views.step_curves import curves
from gdrun.views.surface_runs import is_noiseless, places_of

LONG = 2.0
"""The least seconds of a run that lists the parts of its time."""

_SUMMARY = {
    "train_loss": "train loss",
    "validation_loss": "val loss",
    "test_loss": "test loss",
    "test_accuracy": "test acc",
    "distance": "distance to minimum",
}
_GOOD = ("converged", "stopped", "exhausted")


def verdict_line(run: Run) -> Text:
    """A sentence that tells how the run ended."""
    good = run.status in _GOOD
    return Text(run.verdict, style="bold" if good else "bold red")


def path_line(words: str, path: Path) -> Text:
    """A line with the words and the path. It is not wrapped, so that a user can copy the path."""
    return Text(f"{words} {path}", no_wrap=True)


def run_result(run: Run, *, brief: bool = False) -> RenderableType:
    """The view of a run that has ended: evaluations, verdict, summary, curves, and layers.

    brief: only the verdict, the symptoms, dropped rows, classes of one row, and the summary.
    """
    if brief:
        notes = run.record["data"]["notes"]
        grave = [f": {words} " for words in (DROPPED, SINGLE)]
        lines = [_note(each) for each in notes if any(words in f": {each}" for words in grave)]
        return Group(verdict_line(run), *_symptom(run.record), *lines, *_results(run))
    best = run.summary.get("best")
    parts: list[RenderableType] = []
    if len(run.evals.get("step", ())):
        table = evaluation_table(run.evals, best["step"] if best else None, places_of(run))
        parts += [table, ""]
    parts += [verdict_line(run), *_symptom(run.record), *_watched(run.record["watched"])]
    parts += [*_notes(run), ""]
    parts += [Padding(part, (0, 0, 0, 2)) for part in _results(run)]
    if len(run.steps.get("step", ())):
        parts += ["", Padding(curves(run.steps), (0, 0, 0, 2))]
    if layers_of(run.evals):
        parts += ["", Padding(layer_table(run.evals), (0, 0, 0, 2))]
    return Group(*parts)


def seeds_result(runs: Sequence[Run]) -> RenderableType:
    """A table with a row for each seed, and below it statistics over the seeds.

    These are the median and the quartiles over the runs that did not diverge. runs: one for each
    seed.
    """
    names = [
        name for name in _SUMMARY if any(_finite(number_in(run.summary, name)) for run in runs)
    ]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("seed", "status", "epochs", *(_SUMMARY[name] for name in names)):
        table.add_column(heading, justify="left" if heading == "status" else "right")
    for run in runs:
        style = "red" if run.status == "diverged" else ""
        cells = [_cell(name, number_in(run.summary, name)) for name in names]
        status = Text(shown_status(run.record), style=style)
        table.add_row(str(run.record["seed"]), status, quantity(run.summary["epochs"]), *cells)
    kept = [run.summary for run in runs if run.status != "diverged"]
    if len(kept) > 1:
        for word, share in (("median", 50), ("lower quartile", 25), ("upper quartile", 75)):
            columns = ([number_in(entry, name) for entry in kept] for name in names)
            values = ([value for value in column if _finite(value)] for column in columns)
            cells = [
                _cell(name, float(np.percentile(known, share)) if known else None)
                for name, known in zip(names, values, strict=True)
            ]
            table.add_row("", word, "", *cells, style="bold" if share == 50 else "")
    diverged = len(runs) - len(kept)
    return Group(table, f"{diverged} of {len(runs)} runs diverged") if diverged else table


def _results(run: Run) -> list[RenderableType]:
    """The metrics of the run, if it has any, and its summary."""
    if not has_metrics(run.summary):
        return [summary_grid(run)]
    return [metrics_table(run.summary, run.record), "", summary_grid(run)]


def summary_grid(run: Run) -> RenderableType:
    """Lines with labels: the baseline (or losses, without metrics), the best evaluation, the work.

    There are more lines for what only some runs have: the penalty, the place where a run on a
    surface ended, the steps that raised the loss, the clipped steps. The work is the number of
    steps and gradients, and their time.
    """
    summary, grid = run.summary, Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    if has_metrics(summary):
        for line in baseline_lines(summary):
            grid.add_row(*line)
    else:
        for line in _loss_lines(run):
            grid.add_row(*line)
    if text := _penalty(run):
        grid.add_row("penalty", text)
    if best := summary.get("best"):
        kept = "; the run returns these weights" if summary["weights"] == "best" else ""
        if not kept and best.get("step") != summary["steps"]:
            kept = "; the run returns its last weights"
        grid.add_row("best", f"{_best_loss(best)} at epoch {position(best['epoch'])}{kept}")
    if "place" in summary:
        place, distance = summary["place"], summary.get("distance")
        text = place_in_words(place)
        surface = SURFACES.get(run.config["surface"]["name"])
        if _finite(distance) and surface is not None:
            minimum = surface.nearest(np.array(place))
            text += f", {quantity(distance)} from the minimum {place_in_words(minimum)}"
        grid.add_row("ended at", text)
    if summary:
        amounts = [count(summary["steps"], "step")]
        if not is_noiseless(run):
            amounts.append(count(summary["gradients"], "gradient"))
        took = f"{duration(summary['seconds'])}{_speed(summary)}"
        grid.add_row("work", ", ".join([*amounts, took]))
        if elapsed := _elapsed(run.record["timing"]):
            grid.add_row("elapsed", elapsed)
        if summary["rising_share"] is not None:
            share = percent(summary["rising_share"])
            usual = ", each with a new batch" if _has_mini_batches(run) else ""
            usual += "; about half is normal" if usual and _descends(run) else ""
            grid.add_row("loss rose", f"in {share} of steps{usual}")
        if summary["clipped_share"]:
            share = percent(summary["clipped_share"])
            grid.add_row("clipped", f"in {share} of steps")
    return grid


def _penalty(run: Run) -> str:
    """A sentence on the losses that contain the l2 penalty; empty without a penalty or losses."""
    l2 = run.config.get("model", {}).get("l2")
    if not isinstance(l2, int | float) or not l2 or number_in(run.summary, "train_loss") is None:
        return ""
    others = [
        part
        for part in ("validation", "test")
        if number_in(run.summary, f"{part}_loss") is not None
    ]
    without = f", not of {' or '.join(others)} loss" if others else ""
    return f"l2 {quantity(l2)} is part of the train loss{without}"


def _loss_lines(run: Run) -> Iterator[tuple[str, str]]:
    """The loss and the accuracy of each part, as (label, text).

    If a run diverged between two evaluations, only its test part was measured, which is left out.
    """
    summary = run.summary
    if run.status == "diverged" and number_in(summary, "train_loss") is None:
        return
    for part in ("train", "validation", "test"):
        loss, accuracy = (number_in(summary, f"{part}_{name}") for name in ("loss", "accuracy"))
        if loss is not None:
            text = f"loss {quantity(loss)}"
            yield part, text if accuracy is None else f"{text}, accuracy {percent(accuracy)}"


def _has_mini_batches(run: Run) -> bool:
    return run.config["variant"]["name"] != "bgd" and not is_noiseless(run)


def _descends(run: Run) -> bool:
    """Whether the run neither diverged nor exploded, nor ended with a loss above its start."""
    first, last = (number_in(run.summary, name) for name in ("initial_train_loss", "train_loss"))
    rose = first is not None and last is not None and last > first
    exploded = any(each["name"] == "exploding" for each in run.record.get("diagnosis") or ())
    return run.status != "diverged" and not rose and not exploded


def _best_loss(best: BestRecord) -> str:
    if "metric" in best:
        name = best["metric"]
        words = METRICS[name].words if name in METRICS else name
        return f"validation {words} {shown(name, best.get('value'))}"
    if "validation_loss" in best:
        return f"validation loss {quantity(best['validation_loss'])}"
    return f"train loss {quantity(best.get('train_loss'))}"


def _cell(name: str, value: float | None) -> str:
    return percent(value) if name.endswith("accuracy") else quantity(value)


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and bool(np.isfinite(value))


def _watched(watched: Sequence[StopRecord]) -> list[RenderableType]:
    """A line for each watched rule that fired. A watched rule is reported but never stops a run.

    watched: the records of the firings.
    """
    return [
        Text(f"watched: {stop['rule']} would have stopped the run: {stop['message']}")
        for stop in watched
    ]


def _symptom(record: RunRecord) -> list[RenderableType]:
    """A line with the gravest symptom of a run, and one with the names of the others, if any."""
    found = record.get("diagnosis", [])
    if not found:
        return []
    name, first = found[0]["name"], found[0]["sentence"]
    if record["stop"] is not None:
        # The evidence of a diverged run begins with its verdict, which is printed above.
        said = f"{name}: {record['stop']['message']}"
        first = name + first.removeprefix(said) if first.startswith(said) else first
    lines: list[RenderableType] = [Text(f"symptom: {first}", style="yellow")]
    if others := [each["name"] for each in found[1:]]:
        lines.append(Text(f"other symptoms: {', '.join(others)}", style="yellow"))
    return lines


def _notes(run: Run) -> list[RenderableType]:
    """A line for each note on the data of a run, except a note on the run's gravest symptom."""
    first = next((each["name"] for each in run.record.get("diagnosis", [])), None)
    own = (note for note in run.record["data"]["notes"] if note.partition(":")[0] != first)
    schedule = unused_schedule(run.config, run.steps, run.stop or {})
    notes = (*own, *target_advice(run), *([schedule] if schedule else []))
    return list(map(_note, notes))


def _note(text: str) -> RenderableType:
    return Text(f"note: {text}", style="dim")


def _elapsed(timing: TimingRecord | None) -> str:
    """The whole time of a run and its parts, as text.

    It is empty for a run of less than LONG seconds, and for a run that spent half of its time or
    more in updates.
    """
    if timing is None:
        return ""
    parts = {
        "reading the data": timing.get("reading", 0.0),
        "evaluations": timing["evaluations"],
        "updates": timing["updates"],
    }
    whole = timing["total"] + parts["reading the data"]
    if whole < LONG or whole <= 2 * timing["updates"]:
        return ""
    parts["the rest"] = whole - sum(parts.values())
    listed = (f"{name} {duration(each)}" for name, each in parts.items() if each >= whole / 20)
    return f"{duration(whole)}: {', '.join(listed)}"


def _speed(summary: RunSummary) -> str:
    seconds, steps = summary["seconds"], summary["steps"]
    return f" ({duration(seconds / steps)} a step)" if steps and seconds else ""
