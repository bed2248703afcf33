"""A run on screen: the experiment, its evaluations, the verdict, the summary, the curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gdrun.array_types import Counts
from gdrun.engine.trace import Columns
from gdrun.methods.stopping import position
from gdrun.problems.surfaces import SURFACES, place_in_words
from gdrun.runs.record import RunRecord, StopRecord
from gdrun.runs.run import Run
from gdrun.runs.summary import BestRecord, Summary, number_in
from gdrun.views.layers import layer_table, layers_of
from gdrun.views.numbers import count, duration, percent, quantity
from gdrun.views.sparklines import sparkline

MOST_ROWS = 12
"""Evaluations shown in the table; the record holds all of them."""

_COLUMNS = {
    "train_loss": "train loss",
    "train_accuracy": "train acc",
    "validation_loss": "val loss",
    "validation_accuracy": "val acc",
    "full_grad_norm": "grad norm",
}
_SUMMARY = {
    "train_loss": "train loss",
    "validation_loss": "val loss",
    "test_loss": "test loss",
    "test_accuracy": "test acc",
    "distance": "from a minimum",
}
_GOOD = ("converged", "stopped", "exhausted")


def experiment_panel(
    config: Mapping[str, Any], record: RunRecord, seeds: int = 1
) -> RenderableType:
    """What is about to run: data, model, variant, method, stopping, and under how many seeds."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for word, text in experiment_lines(config, record, seeds):
        rows.add_row(word, text)
    return Panel(rows, title=Text(config["name"], style="bold"), title_align="left")


def experiment_lines(
    config: Mapping[str, Any], record: RunRecord, seeds: int = 1
) -> list[tuple[str, str]]:
    """The experiment in words, as (word, text)."""
    schedule = dict(config["schedule"])
    lines = [
        *_problem_lines(config, record),
        ("variant", _section(config["variant"])),
        ("optimizer", _section(config["optimizer"])),
    ]
    if schedule["name"] != "constant" or schedule["warmup"]:
        lines.append(("schedule", _section(schedule)))
    if config.get("clip"):
        lines.append(("clip", _options(config["clip"])))
    stopping = {key: value for key, value in config["stopping"].items() if key != "divergence"}
    lines.append(("stopping", _options(stopping)))
    first = record["seed"]
    seed = f"seed {first}" if seeds == 1 else f"seeds {first} to {first + seeds - 1}"
    lines.append(("run", f"{seed}, {config['dtype']}, {record['engine']} engine"))
    return lines


def _problem_lines(config: Mapping[str, Any], record: RunRecord) -> list[tuple[str, str]]:
    if "surface" in config:
        return [("surface", _section(config["surface"]))]
    data, parts = record["data"], record["data"]["parts"]
    split = ", ".join(f"{rows:,} {part}" for part, rows in parts.items() if rows)
    kinds = f", {len(data['classes'])} classes" if data["classes"] else ""
    return [
        ("data", f"{data['name']}: {split}; {count(data['features'], 'feature')}{kinds}"),
        ("model", f"{_section(config['model'])}; {count(record['parameters'], 'parameter')}"),
    ]


def evaluation_table(evals: Columns, best_step: int | None = None) -> RenderableType:
    """The evaluations: the first, the last, the best, and others spread evenly between."""
    shown = [name for name in _COLUMNS if name in evals]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("epoch", "step", *(_COLUMNS[name] for name in shown)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _chosen(evals["step"], best_step):
        best = evals["step"][row] == best_step
        cells = [position(evals["epoch"][row]), f"{evals['step'][row]:,}"]
        for name in shown:
            value = float(evals[name][row])
            cells.append(percent(value) if name.endswith("accuracy") else quantity(value))
        marked = " best" if best else ""
        table.add_row(*cells, Text(marked, style="green"))
    return table


def verdict_line(run: Run) -> Text:
    """The sentence that says how the run ended."""
    good = run.status in _GOOD
    return Text(run.verdict, style="bold" if good else "bold red")


def place_line(words: str, place: Path) -> Text:
    """A line that names a place, never broken, so that it can be copied."""
    return Text(f"{words} {place}", no_wrap=True)


def run_result(run: Run, *, brief: bool = False) -> RenderableType:
    """All that a finished run shows: evaluations, verdict, summary, curves, a network's layers.

    brief: the verdict and the summary alone.
    """
    if brief:
        return Group(verdict_line(run), summary_grid(run))
    best = run.summary.get("best")
    parts: list[RenderableType] = []
    if len(run.evals.get("step", ())):
        parts += [evaluation_table(run.evals, best["step"] if best else None), ""]
    parts += [verdict_line(run), *_watched(run.record["watched"]), *_notes(run.record), ""]
    parts.append(Padding(summary_grid(run), (0, 0, 0, 2)))
    if len(run.steps.get("step", ())):
        parts += ["", Padding(curves(run.steps), (0, 0, 0, 2))]
    if layers_of(run.evals):
        parts += ["", Padding(layer_table(run.evals), (0, 0, 0, 2))]
    return Group(*parts)


def seeds_result(runs: Sequence[Run]) -> RenderableType:
    """A row for each seed, then the median and the quartiles over those that did not diverge."""
    names = [
        name for name in _SUMMARY if any(_finite(number_in(run.summary, name)) for run in runs)
    ]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("seed", "status", "epochs", *(_SUMMARY[name] for name in names)):
        table.add_column(heading, justify="left" if heading == "status" else "right")
    for run in runs:
        style = "red" if run.status == "diverged" else ""
        cells = [_cell(name, number_in(run.summary, name)) for name in names]
        status = Text(run.status, style=style)
        table.add_row(str(run.record["seed"]), status, quantity(run.summary["epochs"]), *cells)
    sound = [run.summary for run in runs if run.status != "diverged"]
    if len(sound) > 1:
        for word, share in (("median", 50), ("lower quartile", 25), ("upper quartile", 75)):
            columns = ([number_in(entry, name) for entry in sound] for name in names)
            values = ([value for value in column if _finite(value)] for column in columns)
            cells = [
                _cell(name, float(np.percentile(known, share)) if known else None)
                for name, known in zip(names, values, strict=True)
            ]
            table.add_row("", word, "", *cells, style="bold" if share == 50 else "")
    lost = len(runs) - len(sound)
    return Group(table, f"{lost} of {len(runs)} runs diverged") if lost else table


def summary_grid(run: Run) -> RenderableType:
    """The delivered weights in numbers, part by part, and what it took."""
    summary, grid = run.summary, Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for part in ("train", "validation", "test"):
        loss, accuracy = (number_in(summary, f"{part}_{name}") for name in ("loss", "accuracy"))
        if loss is not None:
            text = f"loss {quantity(loss)}"
            grid.add_row(
                part, text if accuracy is None else f"{text}, accuracy {percent(accuracy)}"
            )
    if best := summary.get("best"):
        kept = "; these weights are the ones kept" if summary["weights"] == "best" else ""
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
        steps, gradients = count(summary["steps"], "step"), count(summary["gradients"], "gradient")
        grid.add_row(
            "work", f"{steps}, {gradients}, {duration(summary['seconds'])}{_speed(summary)}"
        )
        if summary["rising_share"] is not None:
            grid.add_row(
                "descent", f"{percent(summary['rising_share'])} of steps raised the batch loss"
            )
        if summary["clipped_share"]:
            grid.add_row("clipped", f"{percent(summary['clipped_share'])} of steps")
    return grid


def curves(steps: Columns, width: int = 40) -> RenderableType:
    """Sparklines of batch loss and gradient norm, each point the largest of its share."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    for word, name in (("batch loss", "batch_loss"), ("grad norm", "grad_norm")):
        first, last = (float(steps[name][place]) for place in (0, -1))
        line = sparkline(steps[f"max_{name}"], width)
        grid.add_row(word, line, f"{quantity(first, 3)} → {quantity(last, 3)}")
    return grid


def _best_loss(best: BestRecord) -> str:
    if "validation_loss" in best:
        return f"validation loss {quantity(best['validation_loss'])}"
    return f"train loss {quantity(best.get('train_loss'))}"


def _cell(name: str, value: float | None) -> str:
    return percent(value) if name.endswith("accuracy") else quantity(value)


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and bool(np.isfinite(value))


def _section(section: Mapping[str, Any]) -> str:
    """A section in one line: what was chosen, and the options that say something."""
    options = {key: value for key, value in section.items() if key not in _QUIET}
    name = options.pop("name")
    said = _options(options)
    return f"{name}, {said}" if said else str(name)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {_value(value)}" for key, value in options.items() if value not in _SILENT
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return f"({_options(value)})"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return quantity(value) if isinstance(value, float) else str(value)


def _chosen(steps: Counts, best_step: int | None) -> list[int]:
    """Rows to show: the first, the last, the best, and others spread evenly between."""
    rows = set(
        np.linspace(0, len(steps) - 1, min(MOST_ROWS, len(steps))).round().astype(int).tolist()
    )
    if best_step is not None:
        rows |= set(np.flatnonzero(steps == best_step).tolist())
    return sorted(rows)


def _watched(watched: Sequence[StopRecord]) -> list[RenderableType]:
    return [
        Text(f"watched: {stop['rule']} would have stopped it: {stop['message']}")
        for stop in watched
    ]


def _notes(record: RunRecord) -> list[RenderableType]:
    return [Text(f"note: {note}", style="dim") for note in record["data"]["notes"]]


def _speed(summary: Summary) -> str:
    seconds, steps = summary["seconds"], summary["steps"]
    return f" ({duration(seconds / steps)} a step)" if steps and seconds else ""


_QUIET = frozenset({"bias", "warmup_start", "per"})
_SILENT: tuple[Any, ...] = (0.0, None, {}, [])
