"""Whether a document that was read from JSON fits the TypedDict that describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from gdrun.errors import RecordError

_NOUNS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: "null",
    list: "a list",
    dict: "a mapping",
}

Part = TypeVar("Part", bound=Mapping[str, object])


def part_of(document: object, kind: type[Part], place: Path | str) -> Part:
    """The document as one of this kind; it may have more keys.

    place: where it was read. Raises RecordError with the first key that is missing or misfits.
    """
    if wrong := next(misfits(document, kind), None):
        raise RecordError(f"cannot be read: {wrong}", where=str(place))
    return cast(Part, document)  # checked above, in a way that mypy cannot follow


def misfits(value: object, kind: Any, key: str = "") -> Iterator[str]:
    """Sentences on what does not fit a type of JSON, or a TypedDict of such types.

    >>> list(misfits({"a": 1, "b": ["x"]}, dict[str, int]))
    ['b is not a whole number']
    """
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if kind is Any:
        return
    if origin in (Union, UnionType):
        if all(any(misfits(value, each, key)) for each in inner):
            yield f"{key} is neither {' nor '.join(map(_noun, inner))}"
    elif origin is Literal:
        if value not in inner:
            yield f"{key} is not {_noun(kind)}"
    elif not _is_a(value, dict if is_typeddict(kind) else origin):
        yield f"{key or 'it'} is not {_noun(kind)}"
    elif is_typeddict(kind):
        yield from _misfits_within(cast(dict[str, Any], value), kind, key)
    elif origin is list and inner != (Any,):
        for place, item in enumerate(cast(list[Any], value)):
            yield from misfits(item, inner[0], f"{key}[{place}]")
    elif origin is dict and inner[1] is not Any:
        for name, item in cast(dict[str, Any], value).items():
            yield from misfits(item, inner[1], _within(key, name))


def _misfits_within(value: dict[str, Any], kind: Any, key: str) -> Iterator[str]:
    for name, hint in _hints(kind).items():
        required = get_origin(hint) is not NotRequired
        if name in value:
            inner = hint if required else get_args(hint)[0]
            yield from misfits(value[name], inner, _within(key, name))
        elif required:
            yield f"{_within(key, name)} is missing"


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The keys of a TypedDict with their types; its own record of the required ones is wrong where
    annotations are texts.
    """
    return get_type_hints(kind, include_extras=True)


def _is_a(value: object, kind: Any) -> bool:
    """Whether a value of JSON is of this type: 1 is a number too, and true is none."""
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, kind)


def _noun(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    return _NOUNS[dict if is_typeddict(kind) else get_origin(kind) or kind]


def _within(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
