"""The JSON Schema of an experiment, draft 2020-12, generated from the registries and the settings.

With the schema an editor completes names and options, shows the equations, and marks errors in a
config file. A schema cannot express contradictions between sections, such as a warm-up that is
longer than the run; `gdrun config check` finds these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from pydantic import BaseModel

from gdrun.config.experiment import FIXED, Header
from gdrun.config.option_models import settings_model
from gdrun.config.section_kinds import SectionKind
from gdrun.config.sections import DATASET, PROBLEM, SECTIONS
from gdrun.data.sources import QUERY, READERS
from gdrun.methods.chosen_options import brought_options
from gdrun.methods.definitions import Definition, Option
from gdrun.methods.stopping import STOP_RULES

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> Schema:
    """Return the JSON Schema of config files. Every valid config file satisfies it."""
    shared: Schema = {}
    header = _settings(Header, shared)["properties"]
    named = {key: _section(kind, shared) for key, kind in SECTIONS.items()}
    fixed = {key: {"anyOf": [_settings(FIXED[key], shared), {"type": "null"}]} for key in FIXED}
    _allow_list_of_rules(fixed["stopping"]["anyOf"][0])
    return {
        "$schema": DIALECT,
        "title": "gdrun experiment",
        "type": "object",
        "properties": header | named | fixed,
        "oneOf": [{"required": [*PROBLEM]}, {"required": ["surface"]}],
        "additionalProperties": False,
        "$defs": shared,
    }


def _section(kind: SectionKind, shared: Schema) -> Schema:
    """Return the schema of a section that chooses a registry entry, such as optimizer.

    The section is the name of the entry, or a mapping with the name and options. shared: the
    schemas that other schemas refer to; this function adds to them.
    """
    # One branch for each name, so that an editor shows the options of the chosen one only.
    known = {**kind.registry, **{a: kind.registry[name] for a, name in kind.aliases.items()}}
    branches = [_branch({"const": name}, known[name], kind, shared) for name in known]
    forms: list[Schema] = [{"enum": [*known]}, _chosen("name", {"enum": [*known]}, branches)]
    if kind is DATASET:
        forms += [_files(kind, shared), _query(kind, shared)]
    return {"anyOf": forms}


def _chosen(key: str, values: Schema, branches: Iterable[tuple[Schema, Schema]]) -> Schema:
    """Return the schema of a mapping in which the value of `key` decides what else is allowed.

    values: the schema of the allowed values of `key`. branches: pairs of a schema of a value of
    `key`, and the schema of the whole mapping with this value.
    """
    return {
        "type": "object",
        "properties": {key: values},
        "required": [key],
        "allOf": [
            {"if": {"properties": {key: chosen}, "required": [key]}, "then": _with(options, key)}
            for chosen, options in branches
        ],
    }


def _branch(
    chosen: Schema, definition: Definition, kind: SectionKind, shared: Schema
) -> tuple[Schema, Schema]:
    """Return the schema of the value that chooses a definition, and that of its options."""
    doc = definition.doc
    text = "\n\n".join(filter(None, (doc.summary, doc.equation, doc.source)))
    return {**chosen, "description": text}, _options(definition, kind, shared)


def _files(kind: SectionKind, shared: Schema) -> Schema:
    """Return the schema of a dataset in a file, whose options depend on the suffix of the path."""
    readers = {reader.name: reader for reader in READERS.values()}
    branches = []
    for reader in readers.values():
        own = [suffix for suffix, other in READERS.items() if other is reader]
        branches.append(_branch({"pattern": _ends_with(own)}, reader, kind, shared))
    return _chosen("path", {"type": "string", "pattern": _ends_with(READERS)}, branches)


def _query(kind: SectionKind, shared: Schema) -> Schema:
    """Return the schema of a dataset that is the result of a query."""
    return _chosen("query", {"type": "string"}, [_branch({}, QUERY, kind, shared)])


def _ends_with(endings: Iterable[str]) -> str:
    """Return a regular expression for paths with one of these endings, in upper or lower case."""
    # JSON Schema patterns have no flag that ignores case.
    spelled = ("".join(_either_case(sign) for sign in ending) for ending in endings)
    return rf"({'|'.join(spelled)})$"


def _either_case(sign: str) -> str:
    return f"[{sign}{sign.upper()}]" if sign.isalpha() else sign.replace(".", r"\.")


def _options(definition: Definition, kind: SectionKind, shared: Schema) -> Schema:
    """Return the schema of the options of a definition.

    A nested option holds one section or a list of sections. shared: the schemas that other schemas
    refer to; this function adds to them.
    """
    options = {name: option.listed() for name, option in kind.own_options(definition).items()}
    made = _settings(settings_model(definition.name, tuple(options.values())), shared)
    for option in kind.own_options(definition).values():
        _allow_brought(made, option, shared)
    for name, option in options.items():
        if option.nested is None:
            continue
        entry = {"$ref": f"#/$defs/{_shared_section(kind.nested_kind(option.nested), shared)}"}
        if made["properties"][name].get("type") == "array":
            made["properties"][name]["items"] = entry
        else:
            made["properties"][name] = {"anyOf": [entry, {"type": "null"}]}
    return made


def _allow_brought(made: Schema, option: Option, shared: Schema) -> None:
    """Change the schema `made` so that it allows the options of the entry that `option` names.

    For example, with `loss: huber` it allows the options of huber. The options of other entries are
    allowed with their default values only.
    """
    # Older resolved configs list the options of all entries, with their defaults.
    brought = {
        name: {"enum": [each.default for _, each in owners]}
        for name, owners in brought_options({option.name: option}).items()
    }
    if option.choice is None or not brought:
        return
    made["properties"] |= dict.fromkeys(brought.keys() - made["properties"].keys(), True)
    branches = made.setdefault("allOf", [])
    for name, entry in option.choice.entries.items():
        chosen: Schema = {"properties": {option.name: {"const": name}}}
        if name != option.default:
            chosen["required"] = [option.name]
        own = _settings(settings_model(name, tuple(entry.options.values())), shared)
        branches.append({"if": chosen, "then": {"properties": brought | own.get("properties", {})}})


def _shared_section(kind: SectionKind, shared: Schema) -> str:
    """Add the schema of a section inside another section to `shared`, and return its name there."""
    name = f"{kind.key}_part"
    if name not in shared:
        shared[name] = {}  # A section can contain itself; the entry ends the recursion.
        shared[name] = _section(kind, shared)
    return name


def _settings(model: type[BaseModel], shared: Schema) -> Schema:
    """Return the schema of a pydantic model. The schemas of models in it are added to `shared`."""
    made: Schema = _tidied(model.model_json_schema())
    shared.update(made.pop("$defs", {}))
    return made


def _with(options: Schema, key: str) -> Schema:
    """Return the schema `options`, extended so that `key` is allowed as well."""
    return {**options, "properties": {key: True, **options.get("properties", {})}}


def _allow_list_of_rules(stopping: Schema) -> None:
    """Change the schema `stopping` so that `watch` may also be a list of rule names."""
    names = {"enum": [*STOP_RULES, "early_stopping"]}
    watch = stopping["properties"]["watch"]
    del watch["default"]
    stopping["properties"]["watch"] = {"anyOf": [watch, {"type": "array", "items": names}]}


def _tidied(value: Any) -> Any:
    """Return the schema `value` without pydantic's titles, and without defaults that are null."""
    if isinstance(value, list):
        return [_tidied(item) for item in value]
    if isinstance(value, dict):
        return {
            key: _tidied(item)
            for key, item in value.items()
            if not (key == "title" and isinstance(item, str))
            and not (key == "default" and item is None)
        }
    return value
