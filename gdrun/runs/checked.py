"""Checks of documents that were read from files: whether they have a TypedDict's keys and types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from annotated_types import Ge, Interval
from pydantic import FiniteFloat, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from gdrun.config.wording import requirement, shown
from gdrun.errors import RecordError

Shape = TypeVar("Shape")

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys and the places in lists that lead to a value of a document."""

Count = Annotated[int, Interval(ge=0, lt=2**63)]
"""A whole number ≥ 0 that fits an int64 array: below 2**63."""

Seconds = Annotated[FiniteFloat, Ge(0)]
"""A finite number of seconds ≥ 0."""


def checked(document: object, shape: type[Shape], file: Path | str) -> Shape:
    """Return the document unchanged, after a check that it has the keys and types of `shape`.

    shape: a TypedDict; the document may have more keys. file: the file that contains the document,
    for the error. Raises RecordError for the first key that is missing or whose value has the wrong
    type.
    """
    if (wrong := misfit(document, shape)) is not None:
        raise unreadable(file, wrong)
    return cast("Shape", document)


def misfit(document: object, shape: type[Any]) -> str | None:
    """A sentence on the document's first key that is missing or wrong; None if there is none.

    shape: the TypedDict with the required keys and types.

    >>> misfit({"schema_version": "one"}, Versioned)
    "schema_version must be a whole number, got 'one'"
    >>> misfit({"rows": 3}, TypedDict("Rows", {"rows": "str | list[str]"}))
    'rows must be text or a list, got 3'
    """
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    try:
        # Strict: JSON has types, so the text "1" is not the number 1.
        _ADAPTERS[shape].validate_python(document, strict=True)
    except ValidationError as error:
        return _sentence(error.errors(include_url=False), document)
    return None


def check_version(document: object, known: int, file: Path) -> None:
    """Raise RecordError if a document has no schema_version, or one above `known`.

    known: the newest version of the format that this gdrun reads. file: the file that contains the
    document, for the error.
    """
    version = checked(document, Versioned, file)["schema_version"]
    if version > known:
        raise RecordError(
            f"was written by a newer gdrun (schema {version})",
            where=str(file),
            hint="python -m pip install --upgrade gdrun",
        )


def unreadable(file: Path | str, reason: str) -> RecordError:
    """The error for a file of a run or a study that cannot be read. reason: why it cannot."""
    hint = f"restore the file from a copy, or delete the directory {Path(file).parent}"
    return RecordError(f"cannot be read: {reason}", where=str(file), hint=hint)


class Versioned(TypedDict):
    """The key that run.json and study.json share. schema_version: the version of the format."""

    schema_version: int


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""The validators of pydantic by type. They are cached, because making one takes milliseconds."""


def _sentence(details: Sequence[ErrorDetails], document: object) -> str:
    """A sentence for the first error that pydantic found: what a key must be, and what it is."""
    first = details[0]
    path = _path(first, document)
    key = _key(path) or "the document"
    if first["type"] == "missing":
        return f"{key} is missing"
    # A value that fits no member of a union has an error for each of them.
    alike = [each for each in details if _path(each, document) == path]
    needed = " or ".join(dict.fromkeys(map(requirement, alike)))
    return f"{key} must be {needed}, got {shown(first['input'])}"


def _path(detail: ErrorDetails, document: object) -> KeyPath:
    """The keys and places that lead to a value of the document.

    The names that pydantic inserts for the members of a union are left out.
    """
    here: Any = document
    parts: list[str | int] = []
    for part in detail["loc"]:
        try:
            here = here[part]
        except (LookupError, TypeError):
            continue
        parts.append(part)
    missing = detail["loc"][-1:] if detail["type"] == "missing" else ()
    return (*parts, *missing)


def _key(path: KeyPath) -> str:
    """The path of a value in a document as a text, such as rows[1].count."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")
