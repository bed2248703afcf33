"""An experiment in a few lines: what each section chose, and what differs from its defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.config.experiment import FIXED, Experiment
from gdrun.config.sections import SECTIONS
from gdrun.config.settings import Settings
from gdrun.config.writing import short_flow
from gdrun.methods.definitions import with_chosen


def outline(experiment: Experiment) -> dict[str, str]:
    """A line for each section that says anything, by its key."""
    lines = {key: _named(experiment, key) for key in experiment.sections}
    for key in FIXED:
        if changed := _changed(getattr(experiment, key)):
            lines[key] = ", ".join(_pairs(changed))
    return lines | {"seed": str(experiment.seed)}


def outline_view(experiment: Experiment) -> RenderableType:
    """The outline as a table of two columns."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for key, line in outline(experiment).items():
        table.add_row(f"  {key}", Text(line))
    return table


def _named(experiment: Experiment, key: str) -> str:
    """The name, then its own numbers but zeros, and whatever else differs from its default."""
    section, kind = getattr(experiment, key), SECTIONS[key]
    definition, plain = kind.definition(section), section.plain()
    own = with_chosen(definition.options, section.options)
    told = {
        name: _told(section[name], plain[name])
        for name, option in kind.options(definition, section.options).items()
        if name in plain
        and (section[name] != option.default or (name in own and _is_amount(section[name])))
    }
    return ", ".join([section.name, *_pairs(told)])


def _changed(settings: Settings) -> dict[str, Any]:
    """What differs from the defaults, sections within included."""
    return {
        name: _told(value, value)
        for name, value in settings
        if value != type(settings).model_fields[name].get_default()
    }


def _told(value: Any, plain: Any) -> Any:
    return _changed(value) if isinstance(value, Settings) else plain


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _pairs(options: dict[str, Any]) -> Iterator[str]:
    """Each option with its value; a section within that is all defaults is only named."""
    return (
        name if value == {} else f"{name} {short_flow(value)}" for name, value in options.items()
    )
