"""Records as arrays and JSON: nested dataclasses are stored without pickle, and read with checks.

The arrays of a record are collected in a dict; in the JSON document, the name of an array replaces
the array.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from gdrun.array_types import Array

Record = TypeVar("Record")


def packed(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return the JSON document of a value, and add its arrays to `arrays`.

    In the document, the name of an array replaces the array. value: a dataclass, dict, tuple,
    array, text, number or None, nested to any depth. name: a name for the value, with which the
    names of its arrays begin.
    """
    if is_dataclass(value):
        names = (field.name for field in fields(value))
        return {key: packed(getattr(value, key), f"{name}.{key}", arrays) for key in names}
    match value:
        case np.ndarray():
            arrays[name] = value
            return name
        case Mapping():
            items = ((str(key), item) for key, item in value.items())
            return {key: packed(item, f"{name}.{key}", arrays) for key, item in items}
        case tuple():
            return [packed(item, f"{name}.{k}", arrays) for k, item in enumerate(value)]
        case np.generic():
            return value.item()
    return value


def unpacked(kind: type[Record], document: Any, arrays: Mapping[str, Array]) -> Record:
    """Return the record of a type from its JSON document and its arrays.

    A field with a default may be missing, because an earlier version did not write it. Raises
    ValueError, KeyError, TypeError or AttributeError if the document is not one that `packed` makes
    of this type.
    """
    return cast("Record", _value(kind, document, arrays))


def _value(kind: Any, document: Any, arrays: Mapping[str, Array]) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        assert isinstance(kind, type)  # mypy: a dataclass, not an instance of one
        hints = _hints(kind)
        new = {each.name for each in fields(kind) if each.default is not MISSING} - {*document}
        known = {name: hint for name, hint in hints.items() if name not in new}
        return kind(**{name: _value(hint, document[name], arrays) for name, hint in known.items()})
    if origin is np.ndarray or kind is np.ndarray:
        return arrays[document]
    if origin in _NESTED:
        return _NESTED[origin](get_args(kind), document, arrays)
    if origin is Literal:
        return _member(get_args(kind), document)
    # JSON has no separate whole numbers: 2.0 may be written as 2.
    wanted = (int, float) if kind is float else (kind,)
    if not isinstance(document, wanted) or (isinstance(document, bool) and kind is not bool):
        raise ValueError(f"must be {kind.__name__}, got {document!r}")
    return kind(document)


def _union(kinds: tuple[Any, ...], document: Any, arrays: Mapping[str, Array]) -> Any:
    if document is None and type(None) in kinds:
        return None
    (kind,) = (each for each in kinds if each is not type(None))
    return _value(kind, document, arrays)


def _mapping(kinds: tuple[Any, ...], document: Any, arrays: Mapping[str, Array]) -> Any:
    key, item = kinds
    return {key(name): _value(item, each, arrays) for name, each in document.items()}


def _tuple(kinds: tuple[Any, ...], document: Any, arrays: Mapping[str, Array]) -> Any:
    if not isinstance(document, list):
        raise ValueError(f"must be a list, got {document!r}")
    return tuple(_value(kinds[0], each, arrays) for each in document)


def _member(choices: tuple[Any, ...], document: Any) -> Any:
    if document not in choices:
        raise ValueError(f"must be one of {choices}, got {document!r}")
    return document


_NESTED: dict[Any, Callable[[tuple[Any, ...], Any, Mapping[str, Array]], Any]] = {
    Union: _union,
    types.UnionType: _union,
    dict: _mapping,
    tuple: _tuple,
}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
