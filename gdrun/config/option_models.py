"""Pydantic models of the options of a registered method, such as an optimizer or a schedule.

They check the values in a config, and convert them from the types of YAML to those of the options.
"""

from __future__ import annotations

import typing
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, create_model

from gdrun.config.settings import Settings, whole
from gdrun.methods.definitions import Option, options_of


@cache
def settings_model(name: str, options: tuple[Option, ...]) -> type[Settings]:
    """Return the pydantic model that checks values of these options. name: the model's name."""
    fields: dict[str, Any] = {
        option.name: (_checked(option.annotation), option.default) for option in options
    }
    return create_model(name, __base__=Settings, **fields)


def _checked(annotation: Any) -> Any:
    """Return the type annotation of an option, extended by conversions of YAML data.

    If the type requires it, a whole float such as 1e4 becomes an int, a list becomes a tuple, and a
    mapping becomes a dataclass, such as BatchGrowth.
    """
    bare = annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation
    if bare is int:
        return Annotated[annotation, BeforeValidator(whole)]
    for form in (bare, *typing.get_args(bare)):
        if typing.get_origin(form) is tuple:
            entry = typing.get_args(form)[0]
            counts = getattr(entry, "__origin__", entry) is int
            return Annotated[annotation, BeforeValidator(_as_counts if counts else _as_tuple)]
    record: Any = next(filter(is_dataclass, typing.get_args(bare)), None)
    if record is not None:
        model = settings_model(record.__name__, tuple(options_of(record).values()))
        return Annotated[model, AfterValidator(lambda given: record(**dict(given)))] | None
    return annotation


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_counts(value: Any) -> Any:
    return tuple(map(whole, value)) if isinstance(value, list) else value


def option_of(settings: type[Settings], name: str) -> Option:
    """Return the field `name` of a section with fixed keys as an Option, with its bounds."""
    info = settings.model_fields[name]
    annotation: Any = info.annotation
    # Pydantic has removed the bounds from the annotation, so they are added again.
    if info.metadata and typing.get_origin(annotation) is None:
        annotation = Annotated[(annotation, *info.metadata)]
    return Option(name, annotation, info.get_default(call_default_factory=True))
