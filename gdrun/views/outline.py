"""The outline of an experiment: one line for each section, with its most informative options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.config.experiment import FIXED, Experiment
from gdrun.config.recorded_methods import definition_of
from gdrun.config.sections import SECTIONS
from gdrun.config.settings import Settings
from gdrun.config.writing import short_flow
from gdrun.methods.chosen_options import with_chosen


def outline(experiment: Experiment) -> dict[str, str]:
    """The lines of the outline, by the key of the section.

    A section that does not choose a name, such as stopping, has a line only if one of its options
    differs from its default.
    """
    lines = {key: _named(experiment, key) for key in experiment.sections}
    for key in FIXED:
        if changed := _changed(getattr(experiment, key)):
            lines[key] = ", ".join(_pairs(changed))
    return lines | {"seed": str(experiment.seed)}


def outline_view(experiment: Experiment) -> RenderableType:
    """The outline as a table with two columns: the key of a section, and its line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for key, line in outline(experiment).items():
        table.add_row(f"  {key}", Text(line))
    return table


def _named(experiment: Experiment, key: str) -> str:
    """The line of a section that chooses a name: the name, and its most informative options.

    The most informative options are those that differ from their defaults. Among the options that
    only this name has, also numbers other than 0 are shown.
    """
    section, kind = getattr(experiment, key), SECTIONS[key]
    definition, plain = definition_of(kind, section), section.plain()
    own = with_chosen(definition.options, section.options)
    shown = {
        name: _shown(section[name], plain[name])
        for name, option in kind.options(definition, section.options).items()
        if name in plain
        and (section[name] != option.default or (name in own and _is_amount(section[name])))
    }
    return ", ".join([section.name, *_pairs(shown)])


def _changed(settings: Settings) -> dict[str, Any]:
    """The options that differ from their defaults, by name; an inner section is one option."""
    return {
        name: _shown(value, value.model_dump() if isinstance(value, Settings) else value)
        for name, value in settings
        if value != type(settings).model_fields[name].get_default()
    }


def _shown(value: Any, plain: Any) -> Any:
    """What to show of an option's value: all of it; of an inner section only the changed options.

    value: as in the experiment. plain: the same value as dicts, lists, numbers and texts, or in its
    short form, such as standardize: false.
    """
    return _changed(value) if isinstance(value, Settings) and isinstance(plain, dict) else plain


def _is_amount(value: Any) -> bool:
    """Whether a value is a number other than 0. True is an int in Python, but not a number here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _pairs(options: dict[str, Any]) -> Iterator[str]:
    """Each option as a text, name and value; for an inner section with only defaults, the name."""
    return (
        name if value == {} else f"{name} {short_flow(value)}" for name, value in options.items()
    )
