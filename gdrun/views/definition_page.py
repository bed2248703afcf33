"""The views of `gdrun list`: all names, the table of one kind, and the page of one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gdrun.config.catalogue import Kind
from gdrun.config.catalogue_entry import Entry
from gdrun.config.section_kinds import plain_value
from gdrun.config.writing import short_flow
from gdrun.methods.definitions import Option

HEADING = "bold"
QUIET = "dim"
"""The styles of headings and of less important text."""

_WORDS = {float: "number", int: "whole number", bool: "true or false", str: "text"}


def overview(kinds: Iterable[Kind]) -> RenderableType:
    """A view of kinds, such as optimizers: the summary and the entry names of each kind."""
    table = _grid()
    for kind in kinds:
        summary = Text(kind.summary, QUIET)
        names = Group(summary, ", ".join(kind.entries))
        table.add_row(Text(kind.name, HEADING), _spaced(names))
    return Group(
        table, "gdrun list KIND shows the table of a kind, gdrun list NAME the page of an entry."
    )


def kind_table(kind: Kind) -> RenderableType:
    """A table with a row for each entry: its name, its equation or summary, and its source.

    The last column has the defaults of its options; or the fact that `kind.fact` names, such as
    the evidence of a symptom.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=HEADING)
    table.add_column("name", no_wrap=True)
    table.add_column("equation" if all(_equations(kind)) else "description", ratio=1)
    table.add_column(kind.fact.lower() or "defaults", max_width=22)
    for entry in kind.entries.values():
        lines = [Text(entry.doc.equation or entry.doc.summary)]
        if entry.doc.source:
            lines.append(Text(entry.doc.source, QUIET))
        defaults = [f"{option.name} {shown(option.default)}" for option in entry.options.values()]
        last = entry.doc.extra[kind.fact] if kind.fact else "\n".join(defaults)
        table.add_row(Text(entry.name), _spaced(Group(*lines)), _spaced(last))
    parts: list[RenderableType] = [table]
    if kind.shared:
        shared = ", ".join(f"{each.name}={shown(each.default)}" for each in kind.shared.values())
        parts.append(f"All {kind.name} also take: {shared}")
        parts += [kind.note] if kind.note else []
    parts.append(f"In a config, for example: {kind.example}")
    return Group(*parts)


def page(kind: Kind, entry: Entry) -> RenderableType:
    """The page of one entry of a kind: documentation, options, and how a config uses the entry."""
    doc = entry.doc
    parts: list[RenderableType] = [
        Text.assemble((entry.name, HEADING), (f"  ({kind.name})", QUIET)),
        Text(doc.summary),
    ]
    if doc.equation:
        parts.append(Padding(Text(doc.equation), (0, 0, 0, 4)))
    if doc.notes:
        parts.append(Text(doc.notes))
    if entry.options:
        parts.append(_options("Options", entry.options))
    if kind.shared:
        shared = _options(f"Options of all {kind.name}", kind.shared)
        parts.append(Group(shared, kind.note) if kind.note else shared)
    labelled = {
        "Also called": ", ".join(entry.aliases),
        "In a config": entry.usage,
        "Source": doc.source,
        **{label: text for label, text in doc.extra.items() if label != "Raises"},
    }
    facts = _grid()
    for label, text in labelled.items():
        if text:
            facts.add_row(Text(label, HEADING), Text(text))
    if facts.rows:
        parts.append(facts)
    return Group(*map(_spaced, parts[:-1]), parts[-1])


def entry_data(kind: Kind, entry: Entry) -> dict[str, Any]:
    """The entry as a dict that can be written as JSON."""
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "summary": entry.doc.summary,
        "equation": entry.doc.equation,
        "notes": entry.doc.notes,
        "usage": entry.usage,
        "options": [_option_data(option) for option in entry.options.values()],
        "shared_options": [_option_data(option) for option in kind.shared.values()],
        "source": entry.doc.source,
        **{label.lower(): text for label, text in entry.doc.extra.items()},
    }


def shown(value: Any) -> str:
    """The default value of an option as YAML on one line."""
    return "none" if value is None else short_flow(plain_value(value))


def allowed_values(option: Option) -> str:
    """The values that an option allows, in words: its bounds, its choices, or its type."""
    if option.bounds:
        kind = "a whole number, " if _plain_type(option.annotation) is int else ""
        return f"{kind}{option.bounds}"
    return _type_words(option.annotation)


def _type_words(annotation: Any) -> str:
    """A type in words, such as `number` or `one of epoch, step`; empty for types without words."""
    annotation = _plain_type(annotation)
    if get_origin(annotation) is Literal:
        choices = list(map(str, get_args(annotation)))
        return f"one of {', '.join(choices)}" if len(choices) > 1 else f"the word {choices[0]}"
    if get_origin(annotation) in (list, tuple):
        words = _type_words(get_args(annotation)[0])
        a = "" if words.startswith("one of") else "a "
        return f"a list, each {a}{words}" if words else "a list"
    members = [member for member in get_args(annotation) if member is not type(None)]
    if members:
        return " or ".join(_type_words(member) for member in members)
    # The keys of an inner section are the fields of a pydantic model or of a dataclass.
    keys = getattr(annotation, "model_fields", None) or getattr(
        annotation, "__dataclass_fields__", ()
    )
    return f"keys {', '.join(keys)}" if keys else _WORDS.get(annotation, "")


def _plain_type(annotation: Any) -> Any:
    """The type inside of Annotated, without the bounds that Annotated adds."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _options(title: str, options: Mapping[str, Option]) -> RenderableType:
    table = _grid(columns=3)
    for option in options.values():
        table.add_row(
            f"  {option.name}", shown(option.default), Text(allowed_values(option), QUIET)
        )
    return Group(Text(title, HEADING), table)


def _option_data(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "default": plain_value(option.default),
        "takes": allowed_values(option),
    }


def _grid(columns: int = 2) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(columns - 1):
        table.add_column(no_wrap=True)
    table.add_column()
    return table


def _spaced(part: RenderableType) -> RenderableType:
    """A part of the page with an empty line below it."""
    return Padding(part, (0, 0, 1, 0))


def _equations(kind: Kind) -> Iterable[str]:
    return (entry.doc.equation for entry in kind.entries.values())
