"""The outline of an experiment: one line a section, with the options that are not the default."""

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
    """A line for each section by its key.

    Sections without a name appear only if one of their options is not the default.
    """
    lines = {key: _named(experiment, key) for key in experiment.sections}
    for key in FIXED:
        if changed := _changed(getattr(experiment, key)):
            lines[key] = ", ".join(_pairs(changed))
    return lines | {"seed": str(experiment.seed)}


def outline_view(experiment: Experiment) -> RenderableType:
    """The outline as a table with the columns key and line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for key, line in outline(experiment).items():
        table.add_row(f"  {key}", Text(line))
    return table


def _named(experiment: Experiment, key: str) -> str:
    """The name of a section's choice, and its most informative options.

    These are the options that differ from their defaults, and the choice's own numbers except 0.
    """
    section, kind = getattr(experiment, key), SECTIONS[key]
    definition, plain = kind.definition(section), section.plain()
    own = with_chosen(definition.options, section.options)
    shown = {
        name: _shown(section[name], plain[name])
        for name, option in kind.options(definition, section.options).items()
        if name in plain
        and (section[name] != option.default or (name in own and _is_amount(section[name])))
    }
    return ", ".join([section.name, *_pairs(shown)])


def _changed(settings: Settings) -> dict[str, Any]:
    """The options that differ from their defaults, by name, with those of inner sections."""
    return {
        name: _shown(value, value)
        for name, value in settings
        if value != type(settings).model_fields[name].get_default()
    }


def _shown(value: Any, plain: Any) -> Any:
    """The part of a value to show: of an inner section only the options that were changed."""
    return _changed(value) if isinstance(value, Settings) else plain


def _is_amount(value: Any) -> bool:
    """Whether a value is a number other than 0. True is an int in Python, but not a number here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _pairs(options: dict[str, Any]) -> Iterator[str]:
    """Each option with its value. An inner section with only defaults has just its name."""
    return (
        name if value == {} else f"{name} {short_flow(value)}" for name, value in options.items()
    )
