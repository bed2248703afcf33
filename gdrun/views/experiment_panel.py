"""The panel of an experiment, which is shown before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gdrun.config.experiment import RUN
from gdrun.errors import one_line
from gdrun.runs.record import RunRecord
from gdrun.views.columns_line import columns_line
from gdrun.views.data_line import data_line
from gdrun.views.numbers import count
from gdrun.views.surface_runs import SAME_GRADIENT, has_equal_batches

_HIDDEN_KEYS = frozenset({"bias", "warmup_start", "per"})
_HIDDEN_VALUES: tuple[Any, ...] = (0.0, None, {}, [])
"""What the panel leaves out: options with these keys, which are rarely changed, and options with
these values, which switch an option off.
"""


def experiment_panel(
    config: Mapping[str, Any], record: RunRecord, seeds: int = 1
) -> RenderableType:
    """The panel of an experiment before it runs: data, model, variant, method, stopping, seeds.

    config: the config with all defaults. record: the contents of run.json for the first run. seeds:
    the number of runs, each with its own seed.
    """
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, text in experiment_lines(config, record, seeds):
        rows.add_row(label, text)
    return Panel(rows, title=Text(one_line(config["name"]), style="bold"), title_align="left")


def experiment_lines(
    config: Mapping[str, Any], record: RunRecord, seeds: int = 1
) -> list[tuple[str, str]]:
    """The lines of the panel, as (label, text).

    config: the config with all defaults. record: the contents of run.json for the first run. seeds:
    the number of runs, each with its own seed.
    """
    schedule = dict(config["schedule"])
    lines = [
        *_problem_lines(config, record),
        ("variant", _variant(config)),
        ("optimizer", section_text(config["optimizer"])),
    ]
    if is_scheduled(schedule):
        lines.append(("schedule", section_text(schedule)))
    if config.get("clip"):
        lines.append(("clip", options_text(config["clip"])))
    stopping = {key: value for key, value in config["stopping"].items() if key != "divergence"}
    lines.append(("stopping", options_text(stopping)))
    first = record["seed"]
    seed = f"seed {first}" if seeds == 1 else f"seeds {first} to {first + seeds - 1}"
    if seeds > 1 and config.get("dataset", {}).get("seed") == RUN:
        seed += " (each with its own data)"
    engine = f"{record['engine']} engine"
    if note := record.get("engine_note"):
        engine += f"; {note}"
    lines.append(("run", f"{seed}, {config['dtype']}, {engine}"))
    return lines


def _variant(config: Mapping[str, Any]) -> str:
    text = section_text(config["variant"])
    return f"{text}; {SAME_GRADIENT}" if has_equal_batches(config) else text


def _problem_lines(config: Mapping[str, Any], record: RunRecord) -> list[tuple[str, str]]:
    if "surface" in config:
        return [("surface", section_text(config["surface"]))]
    columns = columns_line(record["data"].get("columns", ()))
    return [
        ("data", data_line(config, record)),
        *([("columns", columns)] if columns else []),
        ("model", f"{section_text(config['model'])}; {count(record['parameters'], 'parameter')}"),
    ]


def is_scheduled(schedule: Mapping[str, Any]) -> bool:
    """Whether this section changes the learning rate during training."""
    return schedule["name"] != "constant" or bool(schedule["warmup"])


def section_text(section: Mapping[str, Any]) -> str:
    """A section of the config in one line: the name that it chooses, and its options."""
    options = {key: value for key, value in section.items() if key not in _HIDDEN_KEYS}
    name = options.pop("name")
    text = options_text(options)
    return f"{name}, {text}" if text else str(name)


def options_text(options: Mapping[str, Any]) -> str:
    """Options in one line, without those that are switched off: epochs 30, min_delta 0.1."""
    return ", ".join(
        f"{key} {_value(value)}" for key, value in options.items() if value not in _HIDDEN_VALUES
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return f"({options_text(value)})"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # In a form that can be typed, without commas.
    return f"{value:.4g}" if isinstance(value, float) else str(value)
